"""A worker hands its engine what speaks elsewhere for the task's owner, and nothing else of that."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_workers.runtime.worker import Worker
from patchbay.domain.errors import VendorFailed, VendorRefused
from patchbay.domain.jobs import FailureKind
from patchbay.domain.steps import Step, StepState
from patchbay.domain.tasks import EngineOutput, EngineTask
from tests.fakes.errand import FakeErrand
from tests.unit.gpu_workers.runtime.desk import Bench, one_file


def bench_of(root: Path, run: object, errand: FakeErrand) -> tuple[Bench, list[Step]]:
    """A worker that has an errand for every step, and the steps it was asked of."""
    bench, asked = Bench(root, run), []  # type: ignore[arg-type]

    def errand_of(step: Step) -> FakeErrand:
        asked.append(step)
        return errand

    bench.worker = Worker(replace(bench.desk, errand_of=errand_of), bench.world.objects, bench.rack, root)
    return bench, asked


def test_the_engine_has_the_errand_of_its_step(tmp_path: Path) -> None:
    seen: list[object] = []

    def run(task: EngineTask) -> Sequence[EngineOutput]:
        seen.append(task.errand)
        return one_file(task)

    errand = FakeErrand()
    bench, asked = bench_of(tmp_path, run, errand)
    bench.order()
    bench.work()
    assert seen == [errand]
    assert [(step.job_id, step.leased_by) for step in asked] == [(bench.step.job_id, "worker-1")]
    assert bench.step.state is StepState.DONE


@pytest.mark.parametrize(
    ("error", "state"), [(VendorRefused("no minutes left"), StepState.FAILED), (VendorFailed("busy"), StepState.READY)]
)
def test_a_refusal_ends_the_job_and_what_may_pass_is_tried_again(
    tmp_path: Path, error: Exception, state: StepState
) -> None:
    def run(task: EngineTask) -> Sequence[EngineOutput]:
        raise error

    bench, _ = bench_of(tmp_path, run, FakeErrand())
    bench.order()
    bench.work()
    assert bench.step.state is state
    if state is StepState.FAILED:
        assert bench.step.failure is not None
        assert (bench.step.failure.kind, bench.step.failure.message) == (FailureKind.BAD_INPUT, "no minutes left")
    else:
        assert (bench.step.last_trouble, bench.left) == ("busy", 1)
