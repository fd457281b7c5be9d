"""From a part to its stem: each distinct note is played once and laid wherever it comes; then the part's effects."""

import zlib
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gpu_workers.composition.score import Note, Part, Score
from gpu_workers.composition.sound import curves, dsp, effects
from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from gpu_workers.composition.sound.drums import CLOSING_HATS, KICKS, OPEN_HAT
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke

_REPEAT_FADE_S = 1.0
_LAST_FADE_S, _CUT_FADE_S = 0.004, 0.4
_DELAY_BEATS = 0.75
_ROOM_LEVEL, _DELAY_LEVEL = 0.8, 0.6
"""Of a send of 1, as a share of what is sent."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What all parts of a piece share."""

    score: Score
    rate_hz: int
    frames: int
    kicks: tuple[tuple[int, float], ...]
    room: effects.Convolver

    def frame(self, beats: float) -> int:
        """Where a beat lies."""
        return round(beats * self.beat_frames)

    @property
    def beat_frames(self) -> float:
        """Frames of a beat."""
        return 60.0 / self.score.tempo_bpm * self.rate_hz


class _Key(NamedTuple):
    """What tells one rendered note from another."""

    pitch: int
    layer: int
    take: int
    exact_frames: int


class _Laying(NamedTuple):
    """Where a rendered note comes: from which frame, how long until it is let go, how loud."""

    start: int
    held: int
    gain: float


def stage(score: Score, rate_hz: int) -> Stage:
    """What the parts of `score` share."""
    frames = round(score.duration_s * rate_hz)
    beat = 60.0 / score.tempo_bpm * rate_hz
    kicks = sorted(
        (round(note.start_beats * beat), note.velocity)
        for part in score.parts
        if _instrument(part).drum
        for note in part.notes
        if note.pitch in KICKS
    )
    room = effects.ROOMS.get(score.genre, effects.HALL)
    return Stage(score, rate_hz, frames, tuple(kicks), effects.Convolver(effects.impulse(room, rate_hz, score.seed)))


def dry(part: Part, where: Stage, out: Stereo) -> None:
    """Add the part's notes to `out` (2, frames), without gain, pan and effects."""
    instrument = _instrument(part)
    name = zlib.crc32(f"{part.name}/{part.instrument}".encode())
    wanted = _sorted_out(part, instrument, where)
    for key in sorted(wanted):
        layings = wanted[key]
        release = max(round(instrument.release_s * where.rate_hz), 1)
        longest = max(laying.held for laying in layings) + release
        rng = np.random.default_rng([where.score.seed, name, *key])
        sound = _rendered(instrument, key, longest, where.rate_hz, rng)
        fade = (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, release))).astype(np.float32)
        for laying in layings:
            _lay(out, sound, laying, fade, loop=where.score.loop)


def finish(part: Part, where: Stage, out: Stereo) -> None:
    """Pan, level, automation, light compression, ducking, then delay and room, all in place on `out` (2, frames)."""
    instrument, loop = _instrument(part), where.score.loop
    if not out.any():
        return
    angle = np.pi / 4 * (1 + float(np.clip(part.pan, -1, 1)))
    level = dsp.gain(part.gain_db) * np.sqrt(2)
    out *= np.array([[level * np.cos(angle)], [level * np.sin(angle)]], np.float32)
    curve = curves.compression(curves.energy(out) / (2 * curves.STEP), instrument.compression, 6.0, 14, loop=loop)
    curve *= curves.automation(part.automation, where.frames, where.beat_frames)
    if part.duck > 0 and not instrument.drum:
        curve *= curves.ducking(where.kicks, min(part.duck, 1.0), where.frames, where.rate_hz, loop=loop)
    if loop:
        curve[-1] = curve[0]
    curves.apply(out, curve)
    _send(part, where, out)


def _send(part: Part, where: Stage, out: Stereo) -> None:
    if part.send_room <= 0 and part.send_delay <= 0:
        return
    feed = 0.5 * (out[0] + out[1])
    loop = where.score.loop
    if part.send_delay > 0:
        time_s = _DELAY_BEATS * 60.0 / where.score.tempo_bpm
        effects.delay(feed, time_s, _DELAY_LEVEL * part.send_delay, out, where.rate_hz, loop=loop)
    if part.send_room > 0:
        where.room.add(feed, _ROOM_LEVEL * part.send_room, out, loop=loop)


def _instrument(part: Part) -> Instrument:
    if part.instrument not in INSTRUMENTS:
        raise ValueError(f"no instrument {part.instrument!r}; there are: {', '.join(sorted(INSTRUMENTS))}")
    return INSTRUMENTS[part.instrument]


def _sorted_out(part: Part, instrument: Instrument, where: Stage) -> dict[_Key, list[_Laying]]:
    """All layings by what is to be rendered for them."""
    wanted: dict[_Key, list[_Laying]] = defaultdict(list)
    heard: dict[int, int] = defaultdict(int)
    ends = sorted(where.frame(note.start_beats) for note in part.notes if note.pitch in CLOSING_HATS | {OPEN_HAT})
    for note in part.notes:
        start = max(where.frame(note.start_beats), 0)
        if start >= where.frames or note.duration_beats <= 0 or note.velocity <= 0:
            continue
        held = _held(note, instrument, where)
        if instrument.drum and note.pitch == OPEN_HAT:
            later = bisect_right(ends, start)
            held = min(held, ends[later] - start) if later < len(ends) else held
        velocity = min(note.velocity, 1.0)
        pitch = instrument.nearest(note.pitch)
        take = heard[pitch] % instrument.takes
        heard[pitch] += 1
        layer = min(int(velocity * instrument.layers), instrument.layers - 1)
        gain = dsp.gain(instrument.level_db + instrument.range_db * np.log10(max(velocity, 0.02)))
        wanted[_Key(pitch, layer, take, held if instrument.exact else 0)].append(_Laying(start, held, gain))
    return wanted


def _held(note: Note, instrument: Instrument, where: Stage) -> int:
    played = round(note.duration_beats * where.beat_frames)
    return max(played, round(instrument.ring_s * where.rate_hz), 1)


def _rendered(instrument: Instrument, key: _Key, frames: int, rate_hz: int, rng: np.random.Generator) -> Stereo:
    """(2, frames or fewer, where it has died away) of one note, equalised and at its level."""
    most = round(instrument.longest_s * rate_hz)
    velocity = (key.layer + 0.5) / instrument.layers if instrument.layers > 1 else 0.7
    sound = instrument.voice(Stroke(key.pitch, velocity, min(frames, most) / rate_hz, rate_hz, rng))
    if instrument.chorus:
        sound = effects.chorus(sound, instrument.chorus, rate_hz, rng)
    sound = dsp.bells(dsp.high_pass(sound, instrument.high_pass_hz, rate_hz), instrument.eq, rate_hz)
    if instrument.sustained and frames > most:
        return _repeated(sound, frames, rate_hz)
    # What has not quite died away where the rendering ends must not click.
    last = min(round((_CUT_FADE_S if frames > most else _LAST_FADE_S) * rate_hz), sound.shape[1])
    sound[:, sound.shape[1] - last :] *= np.linspace(1, 0, last, dtype=np.float32)
    return sound


def _repeated(sound: Stereo, frames: int, rate_hz: int) -> Stereo:
    """`sound` until `frames`, its last two thirds again and again, each faded into the next."""
    fade = round(_REPEAT_FADE_S * rate_hz)
    steady = sound[:, sound.shape[1] // 3 :]
    angle = np.linspace(0, np.pi / 2, fade)
    falling, rising = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    out = np.zeros((2, frames), np.float32)
    out[:, : sound.shape[1]] = sound
    at = sound.shape[1]
    while at < frames:
        out[:, at - fade : at] = out[:, at - fade : at] * falling + steady[:, :fade] * rising
        count = min(frames - at, steady.shape[1] - fade)
        out[:, at : at + count] = steady[:, fade : fade + count]
        at += count
    return out


def _lay(out: Stereo, sound: Stereo, laying: _Laying, fade: Stereo, *, loop: bool) -> None:
    gain = np.float32(laying.gain)
    held = min(laying.held, sound.shape[1])
    effects.laid(out, sound[:, :held] * gain, laying.start, loop=loop)
    tail = sound[:, held : held + len(fade)]
    if tail.shape[1]:
        effects.laid(out, tail * (gain * fade[: tail.shape[1]]), laying.start + held, loop=loop)
