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
