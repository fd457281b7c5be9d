"""What a job costs: its machines' seconds and its requests, and nothing of what was there before."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog import workflows
from patchbay.catalog.costs import PACES, PER_JOB, PER_S, PER_STEP, Rates
from patchbay.catalog.prices import PRICES, Prices
from patchbay.catalog.workflow import StepSpec
from patchbay.domain import steps as life
from patchbay.domain.steps import Seconds, Step
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Put, Record
from patchbay.settings import Settings
from tests.fakes.notices import FakeStream
from tests.fakes.world import World

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RATES = Rates()


def step(compute: ComputeClass = "gpu", **seconds: float) -> Step:
    usual = {"tenant_id": "t", "job_id": "j", "index": 0, "name": "n", "engine": "e", "fingerprint": "f"}
    made = Step(**usual, compute=compute, timeout_s=1)
    return made.model_copy(update=seconds)


def test_a_step_costs_its_machine_while_it_was_busy() -> None:
    assert RATES.step_usd(step(engine_s=3600.0)) == 0.8048
    assert RATES.step_usd(step(start_s=900, engine_s=900.0, store_s=900.0, lost_s=900.0)) == 0.8048
    assert RATES.step_usd(step("cpu", engine_s=3600.0)) == 0.1323
    assert RATES.step_usd(step()) == 0.0


def test_each_class_is_had_on_its_own_terms() -> None:
    rates = Rates(markets={"gpu": "spot", "cpu": "sagemaker"})
    assert rates.step_usd(step(engine_s=3600.0)) == PRICES["machine.gpu.spot"].usd
    assert rates.step_usd(step("cpu", engine_s=3600.0)) == PRICES["machine.cpu.sagemaker"].usd
    assert Rates(Prices({"machine.gpu.on-demand": 0.5})).step_usd(step(engine_s=3600.0)) == 0.5


def test_a_machine_that_is_at_it_counts_until_now() -> None:
    held = life.lease(step(), "w", NOW, 45)
    assert held is not None
    assert RATES.step_usd(held) == 0.0
    assert RATES.step_usd(held, NOW + timedelta(seconds=36)) == pytest.approx(0.008048)


def test_what_was_there_before_costs_no_machine() -> None:
    there = life.reuse(step(), [], NOW)
    assert RATES.step_usd(there) == 0.0
    assert RATES.job_usd([there]) == pytest.approx(RATES.requests_usd(0, 0.0))
    assert RATES.job_usd([]) < 0.0002


def test_requests_are_little_beside_a_machine() -> None:
    """A second of progress must not cost what the machine does that makes it."""
    assert RATES.requests_usd(0, 1.0) - RATES.requests_usd(0, 0.0) < RATES.usd_per_hour("cpu") / 3600 / 5
    assert {*PER_JOB, *PER_STEP, *PER_S} <= set(PRICES)


@given(st.lists(st.tuples(st.sampled_from(["gpu", "cpu", "light"]), st.floats(0, 14_400)), max_size=6))
def test_a_job_costs_the_sum_of_its_parts(parts: list[tuple[ComputeClass, float]]) -> None:
    steps = [step(compute, engine_s=round(seconds, 3)) for compute, seconds in parts]
    worked = [each for each in steps if each.busy_s()]
    engines_s = sum(each.busy_s() for each in worked if each.compute != "light")
    expected = sum(map(RATES.step_usd, steps)) + RATES.requests_usd(len(worked), engines_s)
    assert RATES.job_usd(steps) == pytest.approx(expected, abs=1e-8)
    assert RATES.job_usd([*steps, step(engine_s=1.0)]) > RATES.job_usd(steps) >= RATES.job_usd([])


def test_an_estimate_is_what_a_job_of_that_pace_costs() -> None:
    specs = (StepSpec("isolate", "separation", "gpu", ("vocals",)), StepSpec("encode", "encoding", "cpu", ("vocals",)))
    paces = [PACES["separation"], PACES["encoding"]]
    took = [Seconds(pace.per_audio_s * 200, start=pace.start_s) for pace in paces]
    done = [life.finish(step(spec.compute), [], each, NOW) for spec, each in zip(specs, took, strict=True)]
    assert RATES.estimate_usd(specs, 200.0) == pytest.approx(RATES.job_usd(done))
    assert RATES.estimate_usd(specs, None) == RATES.estimate_usd(specs, 240.0)
    assert RATES.estimate_usd(specs, 0.0) > 0


def test_every_engine_has_a_pace() -> None:
    """So that no order is put at what the slowest costs because nobody thought of it."""
    sources = Path(workflows.__file__).parent.glob("*.py")
    engines = {name for file in sources for name in re.findall(r'engine="([a-z]+)"', file.read_text())}
    assert {"separation", "analysis", "composition", "encoding", "rendering", "video"} <= engines
    assert engines <= set(PACES)


class Meter:
    """Counts the units that the table charges for."""

    def __init__(self, world: World) -> None:
        self.writes = self.reads = 0.0
        records = world.records
        write, get, query, figures = records.write, records.get, records.query, records.figures

        def writing(*writes: Any) -> None:
            for each in writes:
                old = records.items.get(each.record.key) if isinstance(each, Put) else None
                self.writes += _units(each) * (2 if len(writes) > 1 else 1) + _of_indexes(each, old)
            write(*writes)

        def getting(key: Any) -> Any:
            self.reads += 1
            return get(key)

        def querying(*args: Any, **more: Any) -> Any:
            self.reads += 1
            return query(*args, **more)

        def figuring(key: Any) -> Any:
            self.reads += 1
            return figures(key)

        records.write, records.get, records.query, records.figures = writing, getting, querying, figuring  # type: ignore[method-assign]


def _units(write: Any) -> int:
    """Of an item: a kilobyte each."""
    return -(-(len(write.record.body) + 200) // 1024) if isinstance(write, Put) else 1


def _of_indexes(write: Any, old: Record | None) -> int:
    """Of the keys-only indexes that the item is in: one for an entry that comes or goes, two for one that moves."""
    now, before = (write.record.indexes if isinstance(write, Put) else {}), (old.indexes if old else {})
    return sum((name in now) + (name in before) for name in {*now, *before} if now.get(name) != before.get(name))


def test_the_units_of_the_table_are_those_that_a_job_takes() -> None:
    """Ordered, done in one step, reported and settled, with quotas and a budget; who asks is known by two reads more,
    and counted by one write.
    """
    world = World(Settings(stage="test", rate_limit_scale=1000, quota_files=10, quota_jobs=10, budget_standard=100))
    ada = world.tenant()
    asset = world.upload(ada)
    world.services.assets.inspect(ada.id, asset.id)
    stream, meter = FakeStream(world.records), Meter(world)
    job = world.carry_out(world.order(ada, input_asset_id=asset.id))
    for event in stream.events():
        world.services.notices.route(event)
    world.services.settling.over(ada.id, job.id)
    assert meter.writes == pytest.approx(PER_JOB["dynamodb.write"] + PER_STEP["dynamodb.write"], rel=0.1)
    assert meter.reads == pytest.approx(PER_JOB["dynamodb.read"] + PER_STEP["dynamodb.read"], rel=0.15)
