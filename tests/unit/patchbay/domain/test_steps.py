from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain import steps
from patchbay.domain.jobs import Failure, FailureKind, Output
from patchbay.domain.steps import Step, StepState, fingerprint

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
    given_back = steps.release(held, "out of memory")
    assert given_back.state is StepState.READY
    assert given_back.last_trouble == "out of memory"
    assert steps.release(given_back, None).last_trouble == "out of memory"
    assert steps.lease(given_back, "two", NOW, 45) is not None


def test_what_is_over_cannot_be_leased() -> None:
    done = steps.finish(a_step(), [Output(name="vocals")], 1.5, NOW)
    assert done.engine_s == 1.5
    assert steps.lease(done, "one", NOW, 45) is None
    failed = steps.fail(a_step(), Failure(kind=FailureKind.BAD_INPUT, message="m"), NOW)
    assert steps.lease(failed, "one", NOW, 45) is None


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
