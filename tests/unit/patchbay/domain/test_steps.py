from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain import steps
from patchbay.domain.jobs import Failure, FailureKind, Output
from patchbay.domain.steps import Seconds, Step, StepState, fingerprint

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def a_step() -> Step:
    return Step(
        tenant_id="t", job_id="j", index=0, name="isolate", engine="e", compute="gpu", fingerprint="f", timeout_s=1
    )


def test_only_one_worker_holds_a_step() -> None:
    held = steps.lease(a_step(), "one", NOW, 45)
    assert held is not None
    assert held.leased_by == "one"
    assert steps.lease(held, "two", NOW + timedelta(seconds=44), 45) is None
    again = steps.lease(held, "one", NOW, 45)
    assert again is not None
    assert again.attempts == 2


def test_a_lease_that_ran_out_is_free() -> None:
    held = steps.lease(a_step(), "one", NOW, 45)
    assert held is not None
    taken = steps.lease(held, "two", NOW + timedelta(seconds=46), 45)
    assert taken is not None
    assert taken.leased_by == "two"


def test_a_released_step_is_free_at_once_and_remembers_its_trouble() -> None:
    held = steps.lease(a_step(), "one", NOW, 45)
    assert held is not None
    given_back = steps.release(held, "out of memory", NOW)
    assert given_back.state is StepState.READY
    assert given_back.last_trouble == "out of memory"
    assert steps.release(given_back, None, NOW).last_trouble == "out of memory"
    assert steps.lease(given_back, "two", NOW, 45) is not None


def test_what_is_over_cannot_be_leased() -> None:
    done = steps.finish(a_step(), [Output(name="vocals")], Seconds(1.5), NOW)
    assert done.engine_s == 1.5
    assert steps.lease(done, "one", NOW, 45) is None
    failed = steps.fail(a_step(), Failure(kind=FailureKind.BAD_INPUT, message="m"), NOW)
    assert steps.lease(failed, "one", NOW, 45) is None


def test_where_the_seconds_of_a_step_went() -> None:
    held = steps.lease(a_step(), "one", NOW, 45)
    assert held is not None
    assert held.busy_s() == 0.0
    assert held.busy_s(NOW + timedelta(seconds=7)) == 7.0
    given_back = steps.release(held, None, NOW + timedelta(seconds=10))
    assert (given_back.lost_s, given_back.busy_s(NOW + timedelta(hours=1))) == (10.0, 10.0)
    died = steps.lease(given_back, "two", NOW + timedelta(seconds=60), 45)
    assert died is not None
    last = steps.lease(died, "three", NOW + timedelta(hours=1), 45)
    assert last is not None
    assert last.lost_s == 55.0, "the one that died counts until its lease ended, and no longer"
    done = steps.finish(last, [], Seconds(engine=3.0, start=2.0, store=0.5), NOW + timedelta(hours=1, seconds=6))
    assert (done.start_s, done.engine_s, done.store_s, done.lost_s) == (2.0, 3.0, 0.5, 55.0)
    assert done.busy_s() == done.busy_s(NOW + timedelta(days=1)) == 60.5
    assert done.started_at == NOW


def test_a_step_that_fails_has_lost_what_it_took() -> None:
    held = steps.lease(a_step(), "one", NOW, 45)
    assert held is not None
    failed = steps.fail(held, Failure(kind=FailureKind.BAD_INPUT, message="m"), NOW + timedelta(seconds=5))
    assert (failed.lost_s, failed.engine_s, failed.busy_s()) == (5.0, 0.0, 5.0)


def test_waits_are_from_when_a_step_could_begin() -> None:
    def at(seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    first = a_step().model_copy(update={"ready_at": at(0), "started_at": at(4), "ended_at": at(10)})
    second = a_step().model_copy(update={"ready_at": at(0), "started_at": at(12.5)})
    third = a_step().model_copy(update={"ready_at": at(0)})
    assert steps.waits_s([first, second, third]) == [4.0, 2.5, None]
    assert steps.waits_s([a_step()]) == [None], "a step of an older release does not tell"


PARAMS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4)


@given(PARAMS)
def test_a_fingerprint_does_not_depend_on_the_order_of_names(params: dict[str, object]) -> None:
    turned = dict(reversed(list(params.items())))
    one = fingerprint("e", "m", "1", params, [("input", "00")])
    assert one == fingerprint("e", "m", "1", turned, [("input", "00")])
    assert len(one) == 64


def test_every_part_of_a_computation_changes_its_fingerprint() -> None:
    made = {
        fingerprint(*told)
        for told in (
            ("e", "m", "1", {}, [("input", "00")]),
            ("f", "m", "1", {}, [("input", "00")]),
            ("e", "n", "1", {}, [("input", "00")]),
            ("e", "m", "2", {}, [("input", "00")]),
            ("e", "m", "1", {"a": 1}, [("input", "00")]),
            ("e", "m", "1", {"a": "1"}, [("input", "00")]),
            ("e", "m", "1", {}, [("input", "01")]),
            ("e", "m", "1", {}, [("inpu", "t00")]),
        )
    }
    assert len(made) == 8
