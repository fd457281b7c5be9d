"""`docs/cost.md` says what the catalogue's prices and the code make of it, and cannot go stale."""

import re

import pytest

from gpu_workers.runtime.timing import Timing
from infra.stage import stage
from patchbay.core.layout_money import STAGE_SHARDS
from patchbay.domain.budgets import LEVELS_PERCENT
from tests.support import cost_page
from tests.support.cost_page import BOOT_S, IDLE_S, LOAD_S, ON_DEMAND, PAGE, SPOT, VENDORS, ours_a_minute

TEXT = PAGE.read_text()


def test_every_table_is_what_the_prices_make_of_it() -> None:
    """If this fails: `python -m tests.support.cost_page`, and read what the page says about its tables."""
    assert cost_page.written(TEXT) == TEXT


def test_a_table_has_one_place() -> None:
    for page in (TEXT.replace("table: starts", "table: begins"), TEXT + "<!-- table: starts -->\n<!-- end -->"):
        with pytest.raises(LookupError, match="places for"):
            cost_page.written(page)


def test_the_parts_of_a_job_are_its_sum() -> None:
    *parts, whole = (float(row[-1].strip("*$")) for row in cost_page.step_by_step()[1:])
    assert sum(parts) == pytest.approx(whole, abs=3e-6)
    assert whole == pytest.approx(cost_page.SONG.usd(ON_DEMAND), abs=1e-6)
    requests = sum(float(row[-1].strip("$")) for row in cost_page.requests()[1:])
    assert requests == pytest.approx(sum(parts[1:]), abs=1e-5)


def test_what_the_page_says_of_its_figures_is_so() -> None:
    for told in (f"{BOOT_S:g} s until the machine", f"{LOAD_S:g} s to load", f"{IDLE_S:g} s of waiting"):
        assert told in TEXT
    assert stage("prod", {}).idle_s == IDLE_S
    for share in LEVELS_PERCENT:
        assert f" {share} " in TEXT
    timing = Timing()
    assert "within twelve seconds, or two minutes while it loads" in TEXT
    assert (timing.wanted_s + timing.yield_s, timing.load_s) == (12.0, 120.0)
    assert f"{STAGE_SHARDS * 1000 // 2:,} ends of jobs a second" in TEXT
    write_usd = ON_DEMAND.prices.usd("dynamodb.write")
    assert f"six write units, ${6 * write_usd * 1e6:.2f} for a million jobs" in TEXT


def test_starting_and_idling_dominate_and_services_are_dearer() -> None:
    song = cost_page.SONG.engine_s * ON_DEMAND.usd_per_hour("gpu") / 3600
    assert song / cost_page.song_usd(ON_DEMAND, songs_a_start=10) < 0.2
    assert song / cost_page.song_usd(ON_DEMAND, songs_a_start=1) < 0.05
    for vendor in VENDORS:
        best, worst = ours_a_minute(vendor.ours)
        assert best < worst < vendor.usd_a_minute[0]
    stems = [v.usd_a_minute[0] / ours_a_minute("separation")[1] for v in VENDORS if v.ours == "separation"]
    assert all(2 < times < 3.5 for times in stems), '"two or three times as much"'
    assert cost_page.SONG.usd(SPOT) < cost_page.SONG.usd(ON_DEMAND)


def test_settings_and_commands_that_it_names_are_there() -> None:
    from patchbay.cli.app import app
    from patchbay.settings import Settings

    names = {name.lower() for name in re.findall(r"PATCHBAY_([A-Z_]+)", TEXT)}
    assert names <= set(Settings.model_fields)
    commands = {(command.name or command.callback.__name__) for command in app.registered_commands if command.callback}
    assert {"cost", "usage"} <= commands
