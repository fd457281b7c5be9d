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
        if not event.cut.is_plain or event.frames == event.cut.frames:
            # What is stretched goes on only in itself: anew it has other phases.
            sound = event.cut.path if event.cut.is_plain else event.cut
            lines[event.track, sound, event.backwards, event.left, event.right].append(place)
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
    if not event.cut.is_plain:
        return event.start - event.skip
    if event.backwards:
        return event.start + event.cut.begin + event.cut.count
    return event.start - event.cut.begin


def _halves(a: Event, b: Event, edge_frames: int) -> tuple[Event, Event]:
    """Both, so that they meet in a frame and in the source, and without the edges there."""
    shift = _line(b) - _line(a)
    first = _moved(a, 0, a.frames + b.start - a.end)
    # The second half still ends where it does in the source, which may be over there.
    second = _moved(b, shift, b.frames - shift)
    if not (_is_there(first) and _is_there(second)):
        return a, b
    down = tuple(ramp for ramp in first.ramps if ramp.rising or ramp.frames > edge_frames)
    up = tuple(ramp for ramp in second.ramps if not ramp.rising or ramp.frames > edge_frames)
    return replace(first, ramps=down), replace(second, ramps=up)


def _moved(event: Event, by: int, frames: int) -> Event:
    """An event of `frames` frames that begins later in its sound; what falls at its end still does."""
    more = frames - event.frames
    ramps = tuple(ramp if ramp.rising else replace(ramp, at=ramp.at + more) for ramp in event.ramps)
    cut = event.cut
    if not cut.is_plain:
        return replace(event, frames=frames, skip=event.skip + by, ramps=ramps)
    # Played backwards, what comes last is at the beginning of the cut.
    begin = cut.begin + cut.count - by - frames if event.backwards else cut.begin + by
    return replace(event, frames=frames, cut=replace(cut, begin=begin, count=frames, speed=1.0), ramps=ramps)


def _is_there(event: Event) -> bool:
    """Whether the cut has what the event plays."""
    return event.frames > 0 and event.cut.begin >= 0 <= event.skip <= event.cut.frames - event.frames
