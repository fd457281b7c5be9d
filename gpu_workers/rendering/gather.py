"""Clips that play neighbouring or overlapping parts of a source, at the same speed and pitch: one cut for all of them.

Slices of a song that is brought to another tempo are the usual case. Stretching is nearly all the work of a rendering
that has any, so what overlaps is stretched once; and where slices meet, the sound goes on as if nobody had cut it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gpu_workers.rendering.events import Event
from gpu_workers.rendering.material import Cut

_LONGEST_S = 15.0
"""Of a source, made of several cuts: a rendering of a few seconds makes whole ones, and cores share them out."""
_NEAR_S = 0.1
"""What lies between two cuts is made as quickly as an end and a beginning."""


def gathered(events: Sequence[Event], rate_hz: int) -> list[Event]:
    """The same events; stretched cuts that overlap or nearly meet are replaced by one that has them all."""
    alike: dict[object, set[Cut]] = defaultdict(set)
    for event in events:
        if not event.cut.is_plain:
            alike[event.cut.path, event.cut.speed, event.cut.pitch].add(event.cut)
    spans: dict[Cut, Cut] = {}
    for cuts in alike.values():
        spans |= _spans(cuts, round(_LONGEST_S * rate_hz), round(_NEAR_S * rate_hz))
    return [_within(event, spans.get(event.cut, event.cut)) for event in events]


def _spans(cuts: Iterable[Cut], longest: int, near: int) -> dict[Cut, Cut]:
    """Of each cut the one that has it; all are of one source, at one speed and pitch."""
    found: list[tuple[Cut, list[Cut]]] = []
    for cut in sorted(cuts, key=lambda cut: (cut.begin, -cut.count)):
        if found:
            span, members = found[-1]
            count = max(span.count, cut.begin + cut.count - span.begin)
            if cut.begin <= span.begin + span.count + near and count <= max(longest, span.count):
                members.append(cut)
                found[-1] = (replace(span, count=count), members)
                continue
        found.append((cut, [cut]))
    return {cut: span for span, members in found for cut in members}


def _within(event: Event, span: Cut) -> Event:
    """An event that plays its part of `span`, to the nearest frame."""
    cut = event.cut
    before = min(round((cut.begin - span.begin) / cut.speed), span.frames - cut.frames)
    return replace(event, cut=span, skip=span.frames - before - cut.frames if event.backwards else before)
