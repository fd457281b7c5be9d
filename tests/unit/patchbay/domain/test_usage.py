from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.jobs import Job
from patchbay.domain.usage import Tally, UsageShard

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def job(**changes: Any) -> Job:
    usual = {"id": "j", "tenant_id": "t", "application_id": "a", "dialect": "native", "workflow": "w"}
    return Job(**{**usual, "state": "succeeded", **changes}, created_at=NOW)


def test_work_is_counted_by_dialect_and_workflow() -> None:
    shard = UsageShard()
    failed = job(state="failed", audio_s=99.0, cost_usd=0.5)
    ended = (job(audio_s=10.0, cost_usd=0.001), job(), job(workflow="v"), job(dialect="musicai", audio_s=1.5), failed)
    for one in ended:
        shard = shard.counting(one)
    assert shard.by_work == {
        "native/w": Tally(jobs=2, failed=1, audio_s=10.0, cost_usd=0.501),
        "native/v": Tally(jobs=1),
        "musicai/w": Tally(jobs=1, audio_s=1.5),
    }


def test_counting_leaves_the_shard_it_was_given() -> None:
    shard = UsageShard(version=3)
    assert shard.counting(job()).version == 3
    assert shard.by_work == {}


@given(st.lists(st.tuples(st.integers(0, 10), st.floats(0, 1e5), st.floats(0, 10)), max_size=20))
def test_sums_do_not_depend_on_the_order(given_: list[tuple[int, float, float]]) -> None:
    def total(tallies: list[tuple[int, float, float]]) -> Tally:
        sum_ = Tally()
        for jobs, audio_s, cost_usd in tallies:
            sum_ = sum_.plus(Tally(jobs=jobs, audio_s=round(audio_s, 3), cost_usd=round(cost_usd, 9)))
        return sum_

    one, two = total(given_), total(given_[::-1])
    assert one.jobs == two.jobs
    assert abs(one.audio_s - two.audio_s) < 1e-3
    assert abs(one.cost_usd - two.cost_usd) < 1e-8
