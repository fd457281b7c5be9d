import pytest

from infra.constructs import environment
from infra.stage import stage
from patchbay.settings import from_env


def test_names_are_those_that_the_settings_read() -> None:
    told = environment.variables(table="t", max_workers=3, allow_private_urls=True)
    assert told == {"PATCHBAY_TABLE": "t", "PATCHBAY_MAX_WORKERS": "3", "PATCHBAY_ALLOW_PRIVATE_URLS": "true"}


def test_what_is_empty_is_left_to_its_default() -> None:
    assert environment.variables(models="") == {}


def test_a_setting_that_nothing_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="no such settings: tabel"):
        environment.variables(tabel="t")


@pytest.mark.parametrize("name", ["twin", "dev", "prod"])
def test_a_process_reads_back_what_its_stage_says(name: str) -> None:
    chosen = stage(name, {"PATCHBAY_MODELS": "htdemucs, mdx_extra"})
    read = from_env(environment.of_stage(chosen))
    assert read.stage == name
    assert read.installed_models == ("htdemucs", "mdx_extra")
    assert read.launcher == chosen.launcher
    assert read.allow_private_urls is (name == "twin")
    assert read.retention_days == chosen.retention_days


@pytest.mark.parametrize("name", ["twin", "dev", "prod"])
def test_prices_and_budgets_reach_whoever_counts(name: str) -> None:
    told = {
        "PATCHBAY_PRICES": '{"machine.gpu.spot": 0.29}',
        "PATCHBAY_PRICE_SCALE": "1.1",
        "PATCHBAY_MACHINE_PRICE": "spot",
        "PATCHBAY_BUDGET_STANDARD": "5",
        "PATCHBAY_BUDGET_PREMIUM": "50.5",
        "PATCHBAY_BUDGET_DAILY_STANDARD": "1",
        "PATCHBAY_BUDGET_DAILY_PREMIUM": "10",
    }
    read = from_env(environment.of_stage(stage(name, told)))
    assert (read.prices, read.price_scale, read.machine_price) == ('{"machine.gpu.spot": 0.29}', 1.1, "spot")
    assert (read.budget_standard, read.budget_premium) == (5.0, 50.5)
    assert (read.budget_daily_standard, read.budget_daily_premium) == (1.0, 10.0)
    unset = from_env(environment.of_stage(stage(name, {})))
    assert (unset.budget_standard, unset.budget_daily_premium, unset.price_scale) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("variable", "value"), [("PATCHBAY_PRICES", "{}{"), ("PATCHBAY_BUDGET_STANDARD", "much")])
def test_what_are_no_prices_or_budgets_is_refused_when_the_templates_are_made(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=variable):
        stage("prod", {variable: value})
