"""Which frames of what sound when: the placements of an arrangement in frames of the mix."""

from collections.abc import Callable, Mapping, Sequence

from gpu_workers.rendering.events import Event, Ramp
from gpu_workers.rendering.gather import gathered
from gpu_workers.rendering.joins import joined
from gpu_workers.rendering.material import Cut
from gpu_workers.rendering.sources import Sources, place_of
from patchbay.domain.arrangement import Arrangement, Placement, is_heard, placements
from patchbay.domain.errors import InvalidInput, UnusableAudio

EDGE_S = 0.003
"""Raised cosine inside a clip where its source goes on: a cut through sound clicks. A source's own ends are left, and
so are clips that go on in each other (see `joins`).
"""


def balance(pan: float) -> tuple[float, float]:
    """Gains of left and right: the balance control of a mixer with a linear law of 0 dB.

    The side turned to stays as it is, the other falls in a straight line to nothing. So the middle is unity, nothing
    becomes louder, both sides are alike, and no channel leaks into the other. A mono source is two equal channels.
    """
    return min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)


def events(
    arrangement: Arrangement,
    sources: Sources,
    tempi: Mapping[str, float],
    rate_hz: int,
    until_s: float | None,
    pulse: Callable[[], None] = lambda: None,
) -> list[Event]:
    """All that is heard, by the time it begins. Loops run to `until_s` at least.

    Raises `InvalidInput` (see `placements`), and `UnusableAudio` for a clip that begins past its source's end.
    """
    _check_cuts(arrangement, sources)
    order = {track.id: number for number, track in enumerate(arrangement.tracks)}
    found: list[Event] = []
    for placement in placements(arrangement, sources.durations_s, tempi, until_s=until_s):
        if len(found) % 1000 == 0:
            pulse()
        if is_heard(arrangement, placement.clip, placement.track):
            event = _event(placement, sources, order[placement.track.id], rate_hz)
            if event.frames:
                found.append(event)
    found = joined(gathered(found, rate_hz), round(EDGE_S * rate_hz))
    return sorted(found, key=lambda event: event.start)


def cuts(found: Sequence[Event]) -> list[Cut]:
    """The cuts that events are made of, each once, in the order they are first heard."""
    return list(dict.fromkeys(event.cut for event in found))


def _check_cuts(arrangement: Arrangement, sources: Sources) -> None:
    for track in arrangement.tracks:
        for clip in track.clips:
            length_s = sources.files[clip.source].duration_s
            if clip.cut_start_s >= length_s and is_heard(arrangement, clip, track):
                raise UnusableAudio(
                    f"{place_of(clip, track)}: it begins {clip.cut_start_s:g} s into its source, which ends after "
                    f"{length_s:.3f} s."
                )


def _event(placement: Placement, sources: Sources, track: int, rate_hz: int) -> Event:
    clip, file = placement.clip, sources.files[placement.clip.source]
    begin, end = round(placement.cut_start_s * rate_hz), min(round(placement.cut_end_s * rate_hz), file.frames)
    count = max(end - begin, 0)
    pitch = 2 ** (clip.semitones / 12) * (1.0 if clip.preserve_pitch else placement.speed)
    cut = Cut(file.path, file.channels, begin, count, placement.speed, pitch)
    whole, start = cut.frames, round(placement.start_s * rate_hz)
    cut_off = placement.length_s < placement.whole_s
    frames = min(whole, round((placement.start_s + placement.length_s) * rate_hz) - start) if cut_off else whole
    goes_on = (begin > 0, end < file.frames)
    ramps = _ramps(placement, goes_on[::-1] if clip.reversed else goes_on, whole, frames, rate_hz)
    sides = (one * other for one, other in zip(balance(clip.pan), balance(placement.track.pan), strict=True))
    left, right = (clip.volume * placement.track.volume * side for side in sides)
    return Event(start, max(frames, 0), cut, clip.reversed, left, right, ramps, track)


def _ramps(placement: Placement, goes_on: tuple[bool, bool], whole: int, frames: int, rate_hz: int) -> tuple[Ramp, ...]:
    """The clip's fades, each at least an edge where its source goes on, and an edge where it is cut off."""
    edge, clip = round(EDGE_S * rate_hz), placement.clip
    up = min(max(round(clip.fade_in_s * rate_hz), edge * goes_on[0]), whole)
    down = min(max(round(clip.fade_out_s * rate_hz), edge * goes_on[1]), whole)
    ramps = [Ramp(0, up, True), Ramp(whole - down, down, False)]
    if frames < whole:
        ramps.append(Ramp(max(frames - edge, 0), min(edge, frames), False))
    return tuple(ramp for ramp in ramps if ramp.frames)


def span(order_start_s: float, order_end_s: float | None, length_s: float, rate_hz: int) -> tuple[int, int]:
    """First and last frame of what is wanted. Raises `InvalidInput` where there is nothing to render."""
    if length_s <= 0:
        raise InvalidInput("There is nothing to render: the arrangement has no clips.", field="arrangement.tracks")
    if order_end_s is None and order_start_s >= length_s:
        raise InvalidInput(f"start_s: the arrangement ends after {length_s:.3f} s.", field="start_s")
    start = round(order_start_s * rate_hz)
    return start, max(round((length_s if order_end_s is None else order_end_s) * rate_hz), start + 1)
