from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain import jobs
from patchbay.domain.errors import Conflict
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAILURE = Failure(kind=FailureKind.INTERNAL, message="no")
TERMINAL = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}

Change = Callable[[Job], Job]
CHANGES: dict[str, Change] = {
    "start": lambda job: jobs.start(job, NOW),
    "a third": lambda job: jobs.advance(job, 0.33),
    "two thirds": lambda job: jobs.advance(job, 0.66),
    "too much": lambda job: jobs.advance(job, 7.0),
    "succeed": lambda job: jobs.succeed(job, [Output(name="vocals", key="k")], NOW),
    "fail": lambda job: jobs.fail(job, FAILURE, NOW),
    "cancel": lambda job: jobs.cancel(job, NOW),
    "resume": jobs.resume,
}


def a_job() -> Job:
    return Job(id="j", tenant_id="t", application_id="a", dialect="d", workflow="w", created_at=NOW)


@given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=30))
def test_any_order_of_changes_keeps_the_promises(names: list[str]) -> None:
    """Progress never goes back; the first terminal state is the last; a refused change changes nothing."""
    job = a_job()
    for name in names:
        before = job
        try:
            job = CHANGES[name](job)
        except Conflict:
            assert before.state in TERMINAL
            continue
        assert job.progress >= before.progress
        assert (before.state in TERMINAL) <= (job == before)
        assert (job.state in TERMINAL) == (job.completed_at is not None)
        assert (job.state is JobState.FAILED) == (job.failure is not None)
        assert job.progress < 1.0 or job.state is JobState.SUCCEEDED


def test_repeating_an_end_changes_nothing_and_keeps_the_first_reason() -> None:
    failed = jobs.fail(a_job(), FAILURE, NOW)
    again = jobs.fail(failed, Failure(kind=FailureKind.TIMEOUT, message="other"), NOW + timedelta(hours=1))
    assert again is failed
    done = jobs.succeed(a_job(), [], NOW)
    assert jobs.succeed(done, [Output(name="x")], NOW) is done
    assert jobs.cancel(jobs.cancel(a_job(), NOW), NOW).state is JobState.CANCELLED


def test_a_job_that_ends_without_a_start_is_given_one() -> None:
    assert jobs.fail(a_job(), FAILURE, NOW).started_at == NOW


def test_starting_twice_keeps_the_first_time() -> None:
    started = jobs.start(a_job(), NOW)
    assert jobs.start(started, NOW + timedelta(seconds=9)) is started


def test_unchanged_progress_is_the_same_object() -> None:
    job = jobs.advance(a_job(), 0.5)
    assert jobs.advance(job, 0.4) is job
    assert jobs.advance(job, float("-inf")) is job


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_terminal_states_say_so(state: JobState) -> None:
    assert state.terminal
    assert not JobState.QUEUED.terminal
    assert not JobState.STARTED.terminal
