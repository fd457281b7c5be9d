"""Spans: which are recorded, and that one job's are one trace."""

from collections.abc import Iterator

import pytest

from patchbay.core import tracing, work
from patchbay.domain import traces
from patchbay.domain.traces import Span

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = CALLER[:-1] + "0"


@pytest.fixture
def recorded() -> Iterator[list[Span]]:
    found: list[Span] = []
    tracing.record_to(found.append)
    yield found
    tracing.record_to(None)


def test_without_a_recorder_a_callers_trace_is_handed_on_as_it_came() -> None:
    with tracing.span("GET", kind="server", parent=CALLER, root=True) as opened:
        assert tracing.traceparent() == CALLER
        assert not opened.recorded
        with tracing.span("inside"):
            assert tracing.traceparent() == CALLER
    assert tracing.traceparent() is None


def test_without_a_recorder_no_trace_begins() -> None:
    with tracing.span("GET", root=True):
        assert tracing.traceparent() is None


def test_spans_are_below_the_callers_and_each_other(recorded: list[Span]) -> None:
    with tracing.span("GET", kind="server", parent=CALLER, root=True), tracing.span("inside", patchbay_step=1):
        pass
    inside, outer = recorded
    assert outer.place is not None
    assert inside.place is not None
    assert outer.place.trace_id == inside.place.trace_id == CALLER.split("-")[1]
    assert outer.parent_id == CALLER.split("-")[2]
    assert inside.parent_id == outer.place.span_id
    assert inside.attributes == {"patchbay.step": 1}
    assert outer.started_ns <= inside.started_ns <= inside.ended_ns <= outer.ended_ns


def test_who_does_not_want_to_be_recorded_is_not(recorded: list[Span]) -> None:
    with tracing.span("GET", parent=UNSAMPLED, root=True):
        assert tracing.traceparent() == UNSAMPLED
    assert recorded == []


def test_what_no_trace_can_be_read_of_begins_one(recorded: list[Span]) -> None:
    with tracing.span("GET", parent="nonsense", root=True):
        assert traces.parse(tracing.traceparent()) is not None
    assert [span.parent_id for span in recorded] == [""]


def test_none_of_none_is_recorded(recorded: list[Span]) -> None:
    tracing.record_to(recorded.append, ratio=0.0)
    with tracing.span("GET", root=True):
        place = traces.parse(tracing.traceparent())
        assert place is not None
        assert not place.sampled, "others are told that it is not recorded"
    assert recorded == []


def test_a_span_waits_for_the_trace_that_it_belongs_to(recorded: list[Span]) -> None:
    with work.begin(), tracing.span("plan"):
        assert tracing.traceparent() is None
        tracing.adopt(CALLER)
        with tracing.span("inside"):
            pass
        tracing.adopt("00-11111111111111111111111111111111-2222222222222222-01")
        assert work.facts()["trace_id"] == CALLER.split("-")[1], "the first to claim it has it"
    assert {span.place.trace_id for span in recorded if span.place} == {CALLER.split("-")[1]}
    assert len(recorded) == 2


@pytest.mark.parametrize("text", [None, "", "nonsense"])
def test_work_that_belongs_to_no_trace_is_not_recorded(recorded: list[Span], text: str | None) -> None:
    with tracing.span("sweep"):
        tracing.adopt(text)
    assert recorded == []


def test_an_error_goes_through_and_shows(recorded: list[Span]) -> None:
    with pytest.raises(ZeroDivisionError), tracing.span("GET", root=True):
        _ = 1 / 0
    assert recorded[0].error == "ZeroDivisionError"
    assert tracing.traceparent() is None


def test_a_stranger_does_not_say_what_is_recorded(recorded: list[Span]) -> None:
    """His trace's id is kept, his flag is not: it could have all of his requests recorded, or none."""
    for ratio, parent in ((0.0, CALLER), (1.0, UNSAMPLED)):
        tracing.record_to(recorded.append, ratio=ratio)
        with tracing.span("GET", parent=parent, root=True, trusted=False) as opened:
            place = traces.parse(tracing.traceparent())
            assert place is not None
            assert (place.trace_id, place.sampled) == (CALLER.split("-")[1], bool(ratio))
            assert place.span_id != CALLER.split("-")[2], "whose flag changes has a place of its own"
            assert opened.recorded is bool(ratio)
    (span,) = recorded
    assert span.parent_id == CALLER.split("-")[2]


def test_by_his_traces_id_he_does_not_get_into_the_share(recorded: list[Span]) -> None:
    tracing.record_to(recorded.append, ratio=0.5)
    for _ in range(200):
        with tracing.span("GET", parent=CALLER, root=True, trusted=False):
            pass
    assert 0 < len(recorded) < 200, "one in 2^199 runs fails"


@pytest.mark.parametrize(("ratio", "parent", "kept"), [(0.0, CALLER, 2), (1.0, UNSAMPLED, 0), (1.0, CALLER, 2)])
def test_who_shows_who_he_is_does(recorded: list[Span], ratio: float, parent: str, kept: int) -> None:
    tracing.record_to(recorded.append, ratio=ratio)
    with tracing.span("GET", parent=parent, root=True, trusted=False):
        tracing.trust(parent)
        with tracing.span("inside"):
            pass
    assert len(recorded) == kept
    if kept:
        inside, outer = recorded
        assert outer.place is not None
        assert (outer.parent_id, inside.parent_id) == (CALLER.split("-")[2], outer.place.span_id)


@pytest.mark.parametrize("told", [None, "nonsense", "00-11111111111111111111111111111111-2222222222222222-01"])
def test_of_another_trace_he_says_nothing(recorded: list[Span], told: str | None) -> None:
    tracing.record_to(recorded.append, ratio=0.0)
    with tracing.span("GET", parent=CALLER, root=True, trusted=False):
        tracing.trust(told)
        assert not (traces.parse(tracing.traceparent()) or traces.begin(sampled=True)).sampled
    assert recorded == []
    tracing.trust(CALLER)
    assert tracing.traceparent() is None


def test_without_a_recorder_a_strangers_trace_is_handed_on_as_it_came() -> None:
    for parent in (CALLER, UNSAMPLED):
        with tracing.span("GET", parent=parent, root=True, trusted=False):
            assert tracing.traceparent() == parent
            tracing.trust(parent)
            assert tracing.traceparent() == parent
