import pytest

from patchbay.settings import Settings, from_env


def test_names_and_types() -> None:
    told = from_env(
        {
            "PATCHBAY_TABLE": " records ",
            "PATCHBAY_MODELS": "a, b,,",
            "PATCHBAY_ALLOW_RESEARCH_WEIGHTS": "true",
            "PATCHBAY_MAX_UPLOAD_BYTES": "10",
            "PATCHBAY_LAUNCHER": "",
            "TABLE": "other",
        }
    )
    assert told.table == "records"
    assert told.installed_models == ("a", "b")
    assert told.allow_research_weights is True
    assert told.max_upload_bytes == 10
    assert told.launcher == "none"


def test_an_empty_environment_will_do() -> None:
    assert from_env({}) == Settings()
    assert Settings().allow_private_urls is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATCHBAY_LAUNCHER", "magic"),
        ("PATCHBAY_LINK_TTL_S", "soon"),
        ("PATCHBAY_ALLOW_PRIVATE_URLS", "x"),
        ("PATCHBAY_VAULT_KEY", "short"),
        ("PATCHBAY_PRICES", "[]"),
        ("PATCHBAY_PRICES", '{"gpu": 1}'),
        ("PATCHBAY_PRICE_SCALE", "0"),
        ("PATCHBAY_MACHINE_PRICE", "cheap"),
        ("PATCHBAY_BUDGET_STANDARD", "-1"),
        ("PATCHBAY_BUDGET_DAILY_PREMIUM", "inf"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        from_env({name: value})
