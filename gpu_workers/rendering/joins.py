"""Clips that go on where another ends: somebody has split a clip, and it has to sound as before.

An edge keeps a cut through sound from clicking. Between two halves of one stretch of sound there is no cut, and edges
would be a dip of twice their length. Places are rounded to frames, so that halves can be a frame or two apart, or
overlap by so many; they are moved together.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from gpu_workers.rendering.events import Event

_APART = 2
"""Frames that rounding may put between two halves: a half for each of their four places."""


def joined(events: Sequence[Event], edge_frames: int) -> list[Event]:
    """The same events, those that go on in each other without edges between them. Fades that are longer stay."""
    found = list(events)
    lines: dict[object, list[int]] = defaultdict(list)
    for place, event in enumerate(found):
        if event.cut.is_plain and event.frames == event.cut.frames:
            sound = (event.track, event.cut.path, event.backwards, event.left, event.right)
            lines[sound].append(place)
    for places in lines.values():
        places.sort(key=lambda place: found[place].start)
        for before, after in pairwise(places):
            if _goes_on(found[before], found[after]):
                found[before], found[after] = _halves(found[before], found[after], edge_frames)
    return found


def _goes_on(a: Event, b: Event) -> bool:
    """Whether `b` begins where `a` ends, in time and in the source."""
    return abs(b.start - a.end) <= _APART and abs(_line(b) - _line(a)) <= _APART and b.start > a.start


def _line(event: Event) -> int:
    """What is the same for all events that play the same sound at the same time, wherever they begin and end."""
    if event.backwards:
        return event.start + event.cut.begin + event.cut.count
    return event.start - event.cut.begin


def _halves(a: Event, b: Event, edge_frames: int) -> tuple[Event, Event]:
    """Both, so that they meet in a frame and in the source, and without the edges there."""
    more = b.start - a.end
    # Played backwards, what comes last is at the beginning of the cut.
    first = _resized(a, a.cut.begin - more if a.backwards else a.cut.begin, a.frames + more)
    shift = _line(b) - _line(a)
    # The second half still ends where it does in the source, which may be over there.
    second = _resized(b, b.cut.begin if b.backwards else b.cut.begin + shift, b.frames - shift)
    if min(first.frames, second.frames) < 1 or min(first.cut.begin, second.cut.begin) < 0:
        return a, b
    down = tuple(ramp for ramp in first.ramps if ramp.rising or ramp.frames > edge_frames)
    up = tuple(ramp for ramp in second.ramps if not ramp.rising or ramp.frames > edge_frames)
    return replace(first, ramps=down), replace(second, ramps=up)


def _resized(event: Event, begin: int, frames: int) -> Event:
    """An event of other frames of its source; what falls at its end still does."""
    more = frames - event.frames
    ramps = tuple(ramp if ramp.rising else replace(ramp, at=ramp.at + more) for ramp in event.ramps)
    return replace(event, frames=frames, cut=replace(event.cut, begin=begin, count=frames, frames=frames), ramps=ramps)
