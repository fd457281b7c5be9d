"""Spans: what took how long, for whom, within which trace.

Without a recorder nothing is measured and nothing imported; a trace that came with a request is handed on all the same,
to the worker and to the receiver of the report. With one, the spans of one job make one trace: the request, its plan,
each task, its end, each report. What a scheduled sweep does belongs to no job, and is not recorded.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from patchbay.core import work
from patchbay.domain import traces
from patchbay.domain.traces import Kind, Place, Span, Value

_recorder: Callable[[Span], None] | None = None
_ratio = 1.0
_open: ContextVar[Span | None] = ContextVar("span", default=None)
_NONE = nullcontext(Span("none", "internal", 0))


def record_to(recorder: Callable[[Span], None] | None, *, ratio: float = 1.0) -> None:
    """Hand every span that ends to `recorder`; of traces that begin here, the share `ratio`. None: record nothing."""
    global _recorder, _ratio
    _recorder, _ratio = recorder, ratio


def span(
    name: str,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    root: bool = False,
    trusted: bool = True,
    **attributes: Value,
) -> AbstractContextManager[Span]:
    """A span around some work, below `parent`, a `traceparent`, or else the span that is open.

    With neither it waits for `adopt`; `root` begins a trace instead, if spans are recorded. A `parent` that is not
    `trusted`, as it comes from outside, does not say whether to record: the share does, until `trust`.
    """
    if root and not parent and _recorder is None:
        return _NONE  # the usual request, which is to pay nothing for this
    return _spanned(name, kind, parent, root, trusted, attributes)


@contextmanager
def _spanned(
    name: str, kind: Kind, parent: str | None, root: bool, trusted: bool, attributes: dict[str, Value]
) -> Iterator[Span]:
    outer = _open.get()
    made = Span(name, kind, time.time_ns())
    made.tell(**attributes)
    around = traces.parse(parent) if parent else (outer.place if outer else None)
    if around is None and root and _recorder is not None:
        made.place = traces.begin(sampled=_in_share())
        made.recorded = made.place.sampled
    else:
        _follow(made, around, sampled=None if trusted else _in_share())
    if made.place:
        work.note(trace_id=made.place.trace_id)
    token = _open.set(made)
    try:
        yield made
    except BaseException as error:
        made.error = type(error).__name__
        raise
    finally:
        _open.reset(token)
        if made.recorded and _recorder is not None:
            made.ended_ns = time.time_ns()
            _recorder(made)


def adopt(traceparent: str | None) -> None:
    """The work that is being done turns out to belong to a trace: put the open span there, if it has no place yet."""
    opened, around = _open.get(), traces.parse(traceparent)
    if opened is not None and opened.place is None and around is not None:
        _follow(opened, around)
        work.note(trace_id=around.trace_id)


def trust(traceparent: str | None) -> None:
    """Who sent this has shown who he is: whether his trace is recorded is his to say, from the open span on."""
    opened, around = _open.get(), traces.parse(traceparent)
    if opened is None or opened.place is None or around is None or opened.place.trace_id != around.trace_id:
        return
    if opened.place.sampled != around.sampled:
        _follow(opened, around)


def traceparent() -> str | None:
    """Where the work is now, for whoever goes on with it; None in no trace."""
    opened = _open.get()
    return str(opened.place) if opened is not None and opened.place is not None else None


def _in_share() -> bool:
    """By chance, and not by the trace's id: that is its sender's choice."""
    return random.random() < _ratio  # noqa: S311 - a share, no secret


def _follow(span: Span, around: Place | None, *, sampled: bool | None = None) -> None:
    """Put a span below another one, to be recorded as that is, or as `sampled` says."""
    span.place = around
    if around is None or _recorder is None:
        return
    span.recorded = around.sampled if sampled is None else sampled
    span.parent_id = around.span_id if span.recorded else ""
    if span.recorded or around.sampled:  # whose flag changes has a place of its own (W3C Trace Context, 3.4)
        span.place = around.child()._replace(sampled=span.recorded)
