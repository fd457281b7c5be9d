"""The load's own figures: what it says went wrong did, and what it says is well is."""

import asyncio
import json
import math
import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.load import ends, model
from tests.load.growth import Growth, part_of
from tests.load.journal import Call, Journal, percentile
from tests.load.report import MOST_GROWTH_MIB, Outcome


def journal() -> Journal:
    made = Journal()
    made.calls = [Call("native", "get job", n / 10, 0.1 + n / 1000) for n in range(100)]
    made.ordered = {"a": "native", "b": "audioshake"}
    made.ended = {"a": "succeeded", "b": "succeeded"}
    made.reports_wanted = {"b"}
    return made


def growth(slope: float = 0.0) -> Growth:
    made = Growth(os.getpid(), Path("/nonexistent"), time.monotonic())
    made.at_s = [float(n * 5) for n in range(40)]
    made.figures = {
        "emulator MiB": [300 + slope / 60 * at for at in made.at_s],
        "data MiB": [9.0 * n for n in range(40)],
    }
    return made


def outcome(**changes: object) -> Outcome:
    given = Outcome(journal(), growth(), 6, 60.0, Counter({"b": 1}))
    return replace(given, **changes)  # type: ignore[arg-type]


def test_nothing_wrong_is_nothing_wrong() -> None:
    assert outcome().verdict() == []


def test_a_failed_request_is_told() -> None:
    broken = journal()
    with pytest.raises(ValueError, match="x"), broken.call("native", "post job"):
        raise ValueError("x")
    assert outcome(journal=broken).verdict() == ["native, post job: ValueError: x"]
    assert ("native", "post job") not in broken.by_operation()


@pytest.mark.parametrize("how", ["failed", "not in time", None])
def test_a_lost_job_is_told(how: str | None) -> None:
    broken = journal()
    broken.ended = {"b": "succeeded", **({"a": how} if how else {})}
    assert outcome(journal=broken).verdict() == [f"job a (native): {how or 'never ended'}"]


@pytest.mark.parametrize("times", [0, 2])
def test_a_report_that_did_not_come_once_is_told(times: int) -> None:
    assert outcome(reports=Counter({"b": times})).verdict() == [f"job b: reported {times} times"]


def test_growth_beyond_its_bound_is_told_but_data_may_grow() -> None:
    assert outcome(growth=growth(MOST_GROWTH_MIB * 0.9)).verdict() == []
    (told,) = outcome(growth=growth(MOST_GROWTH_MIB * 1.1)).verdict()
    assert told.startswith("emulator MiB grow by 66")
    assert growth(30.0).slopes()["emulator MiB"] == pytest.approx(30.0)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_so_many_values_are_not_above_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_there_is_no_percentile_of_nothing() -> None:
    assert math.isnan(percentile([], 0.5))


def test_processes_are_told_apart_by_their_commands() -> None:
    assert part_of(["python", "-m", "infra.twin.emulator"]) == "emulator"
    assert part_of(["python", "-m", "infra.twin", "up"]) == "front door"
    assert part_of(["python", "-m", "gpu_workers.runtime", "--queue", "gpu"]) == "workers"
    assert part_of(["sh"]) == "others"


def test_growth_is_looked_at_while_files_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 2**20)
    found = Growth(os.getpid(), tmp_path, time.monotonic())
    found.look()
    found.look()
    assert found.figures["data MiB"] == [1.0, 1.0]
    assert len(found.at_s) == 2
    assert found.figures["others MiB"][0] > 10
    asyncio.run(asyncio.wait_for(_once(found), 10))
    assert len(found.at_s) == 3


async def _once(found: Growth) -> None:
    task = asyncio.create_task(found.watch())
    while len(found.at_s) < 3:  # noqa: ASYNC110 - it tells nobody when it has looked
        await asyncio.sleep(0.01)
    task.cancel()


def test_the_report_is_for_programs_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome().write(tmp_path)
    outcome().print()
    told = json.loads((tmp_path / "load.json").read_text())
    assert (told["requests"], told["failed"], told["jobs"], told["jobs_lost"]) == (100, 0, 2, 0)
    assert told["operations"]["native: get job"]["p50_ms"] == pytest.approx(149, abs=1.1)
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 100
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")
    assert "nothing failed, nothing was lost" in capsys.readouterr().out


def test_the_page_says_what_the_model_counts() -> None:
    """If it does not: `python -m tests.load.model` prints the tables anew."""
    page = (Path(__file__).resolve().parents[2] / "docs/scale.md").read_text()
    assert model.tables(model.counted()) in page


def test_a_longer_job_writes_more_of_itself_and_nothing_else() -> None:
    short, long = model.counted(6), model.counted(12)
    assert long.job_versions == short.job_versions + 6
    assert long.events == short.events + 6
    hotter = {each.name for each in long.partitions} - {each.name for each in short.partitions}
    assert hotter == set()


def test_shares_grow_with_the_rate_and_shrink_with_the_tenants() -> None:
    found = model.counted()
    jobs = next(each for each in found.partitions if each.name == "JOBS#<tenant>")
    assert jobs.share(200, 1) == pytest.approx(2 * jobs.share(100, 1))
    assert jobs.share(100, 10) == pytest.approx(jobs.share(100, 1) / 10)
    everybodys = next(each for each in found.partitions if each.name == "by_open: OPEN")
    assert everybodys.share(100, 1) == everybodys.share(100, 1000)
    assert not everybodys.of_tenant


def test_the_page_tells_what_ends_at_once_come_to() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    assert "\n".join(ends.table()) in page


def test_ends_that_never_meet_are_tried_once() -> None:
    alone = ends.simulated(0.01, 0.01, seconds=100_000)
    assert (alone.given_up, alone.tries) == (0, 1)
    assert alone.p99_s < 0.02


def test_more_ends_at_once_never_fare_better() -> None:
    found = [ends.simulated(rate, 0.02, seconds=100) for rate in (5, 20, 80)]
    assert [each.tries for each in found] == sorted(each.tries for each in found)
    assert found[0].given_up == 0 < found[-1].given_up
