"""Trace contexts as they come in a header that anybody may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain import traces

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("03", True), ("fe", False)])
def test_a_place_is_read_and_written(flags: str, sampled: bool) -> None:
    found = traces.parse(f"00-{TRACE}-{SPAN}-{flags}")
    assert found == (TRACE, SPAN, sampled)
    assert str(found) == f"00-{TRACE}-{SPAN}-0{int(sampled)}"


def test_later_versions_are_read_as_far_as_they_are_known() -> None:
    assert traces.parse(f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like") == (TRACE, SPAN, True)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 500}",
        f"00-{TRACE}-{SPAN}-\u0660\u0661",
    ],
)
def test_what_is_no_trace_context_is_none(text: str | None) -> None:
    assert traces.parse(text) is None


@given(st.text(max_size=80))
def test_whatever_comes_is_read_or_not_and_raises_nothing(text: str) -> None:
    found = traces.parse(text)
    assert found is None or traces.parse(str(found)) == found


@given(st.booleans())
def test_children_stay_in_their_trace(sampled: bool) -> None:
    first = traces.begin(sampled=sampled)
    child = first.child()
    assert traces.parse(str(child)) == child
    assert (child.trace_id, child.sampled) == (first.trace_id, sampled)
    assert child.span_id != first.span_id
