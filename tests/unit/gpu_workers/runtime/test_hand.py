"""The task in hand: signs of life, progress, cancelling, giving back; with real threads."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_workers.runtime.hand import Ending
from patchbay.domain.errors import TaskCancelled, TaskReturned
from patchbay.domain.jobs import FailureKind
from patchbay.domain.steps import StepState
from tests.unit.gpu_workers.runtime.desk import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.order()
    return made


def wait_for(what: Callable[[], object], limit_s: float = 3.0) -> None:
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_lease_message_and_state_machine_are_kept_alive(bench: Bench) -> None:
    with bench.take():
        before = bench.step.leased_until
        bench.world.clock.advance(seconds=1)
        wait_for(lambda: len(bench.world.executions.kept) >= 2)
        until = bench.step.leased_until
        assert until is not None
        assert before is not None
        assert until > before
        (held,) = bench.world.queues.messages["gpu"].values()
        assert held.hidden_until > until.timestamp()  # who receives it then gets the lease


def test_signs_of_life_end_with_the_task(bench: Bench) -> None:
    with bench.take():
        wait_for(lambda: bench.world.executions.kept)
    time.sleep(0.05)
    kept = len(bench.world.executions.kept)
    time.sleep(0.25)
    assert len(bench.world.executions.kept) == kept


def test_a_store_that_is_away_for_a_moment_changes_nothing(bench: Bench) -> None:
    with bench.take() as hand:
        bench.world.records.down = True
        time.sleep(0.3)
        bench.world.records.down = False
        wait_for(lambda: bench.world.executions.kept)
        hand.check()


def test_progress_is_reported_now_and_then_and_never_goes_back(bench: Bench) -> None:
    with bench.take() as hand:
        writes = len(bench.world.records.changes)
        for n in range(2000):
            hand.progress(n / 4000)
            hand.progress(0.01)
        wait_for(lambda: bench.job.progress >= 0.49)
        assert len(bench.world.records.changes) - writes < 50
        hand.progress(float("nan"))
        hand.progress(7.0)
        hand.finished()
    assert bench.job.progress == 0.999


def test_an_engine_has_the_steps_time_and_no_more(bench: Bench) -> None:
    with bench.take() as hand:
        hand.step = hand.step.model_copy(update={"timeout_s": 0})
        hand.begin()
        wait_for(lambda: bench.step.state is StepState.FAILED)
        with pytest.raises(TaskCancelled):
            hand.progress(0.5)
        assert hand.ending is Ending.OVERDUE
    failure = bench.step.failure
    assert failure is not None
    assert (failure.kind, "longer than the 0 s" in failure.message) == (FailureKind.TIMEOUT, True)
    wait_for(lambda: not bench.world.queues.messages["gpu"])


def test_the_place_it_runs_in_may_leave_less_time_than_the_workflow(bench: Bench) -> None:
    bench.desk = replace(bench.desk, longest_s=0.1)
    with bench.take() as hand:
        hand.begin()
        wait_for(lambda: hand.ending is Ending.OVERDUE)
    wait_for(lambda: bench.step.failure is not None)
    failure = bench.step.failure
    assert failure is not None
    assert (failure.kind, failure.message.endswith("longer than the 0.1 s that a machine has")) == (
        FailureKind.TIMEOUT,
        True,
    )


def test_loading_does_not_count(bench: Bench) -> None:
    with bench.take() as hand:
        hand.step = hand.step.model_copy(update={"timeout_s": 0})
        time.sleep(0.3)
        assert hand.ending is None


def test_a_cancelled_job_is_seen_without_any_progress(bench: Bench) -> None:
    with bench.take() as hand:
        bench.cancel()
        wait_for(lambda: hand.ending is Ending.CANCELLED)
        with pytest.raises(TaskCancelled):
            hand.progress(0.5)
        wait_for(lambda: bench.left == 0)


def test_an_engine_that_does_not_let_go_ends_the_process(bench: Bench) -> None:
    with bench.take() as hand:
        hand.begin()
        bench.cancel()
        wait_for(lambda: hand.ending is Ending.CANCELLED)
        assert not bench.gave_up.is_set()
        assert bench.gave_up.wait(1)
        assert bench.left == 0


def test_loading_weights_may_take_longer_than_an_engine_may(bench: Bench) -> None:
    with bench.take() as hand:
        bench.cancel()
        wait_for(lambda: hand.ending is Ending.CANCELLED)
        assert not bench.gave_up.wait(0.35)
        with pytest.raises(TaskCancelled):
            hand.begin()


def test_a_task_given_to_another_is_dropped_and_its_message_left_alone(bench: Bench) -> None:
    with bench.take() as hand:
        bench.lease_to_another()
        wait_for(lambda: hand.ending is Ending.LOST)
        with pytest.raises(TaskCancelled):
            hand.check()
    assert bench.left == 1
    assert bench.step.leased_by == "worker-2"


def test_giving_back_needs_no_help_of_the_engine(bench: Bench) -> None:
    with bench.take() as hand:
        hand.begin()
        hand.give_back()
        assert bench.step.state is StepState.READY
        assert bench.world.queues.waiting("gpu") == 1
        time.sleep(0.3)  # three beats: none of them may hide the message again
        assert bench.world.queues.waiting("gpu") == 1
        with pytest.raises(TaskReturned):
            hand.progress(0.5)
    assert not bench.gave_up.is_set()


def test_giving_back_a_task_that_is_over_does_nothing(bench: Bench) -> None:
    with bench.take() as hand:
        assert hand.settle(Ending.DONE)
        hand.give_back()
    assert bench.step.state is StepState.LEASED
    assert bench.world.queues.waiting("gpu") == 0


def test_the_message_comes_back_even_if_the_lease_cannot_be_given_back(bench: Bench) -> None:
    with bench.take() as hand:
        bench.world.records.down = True
        hand.give_back()
        bench.world.records.down = False
    assert bench.world.queues.waiting("gpu") == 1
    assert bench.step.state is StepState.LEASED


def test_of_many_who_say_how_it_ends_one_is_right(bench: Bench) -> None:
    hand = bench.take()
    barrier, won = threading.Barrier(8), []

    def say(ending: Ending) -> None:
        barrier.wait()
        if hand.settle(ending):
            won.append(ending)

    endings = [list(Ending)[n % len(Ending)] for n in range(8)]
    threads = [threading.Thread(target=say, args=(ending,)) for ending in endings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [hand.ending]
