"""`piece`: a seeded band plays half a minute, and what it plays is known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.truth.arrange import Note, arrange, band
from tests.bench.truth.harmony import Chord, song
from tests.bench.truth.instruments import INSTRUMENTS, RELEASE_S, TIMBRES, Mono, drum, hz

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """Music and its truth."""

    samples: npt.NDArray[np.float32]
    """(2, frames), peak below 1."""
    rate_hz: int
    bpm: float
    beats_s: Times
    downbeats_s: Times
    """The first beat of each bar: a part of `beats_s`."""
    key: str
    """As "C major", "A minor"; sharps only."""
    chords: list[tuple[float, float, str]]
    """Start and end in seconds, and a label as "C:maj"; equal neighbours are one. Nothing where nobody plays."""
    meter: int
    onsets_s: Times
    """When notes and strokes begin, sorted; simultaneous ones are all there."""
    style: str
    """How it is played, for reading."""


def piece(
    seed: int,
    *,
    bpm: float,
    key: str,
    timbre: str,
    drums: bool,
    duration_s: float = 30.0,
    rate_hz: int = 44100,
    meter: int | None = None,
) -> Piece:
    """Make a piece. The same arguments give the same samples.

    Whole bars fill `duration_s`; a rest before them is up to 0.4 s, and the last chord rings. A third of the pieces is
    out of tune by up to 20 cents. Notes are played up to 5 ms early or late, beats are where they should be.

    Args:
        seed: Decides all that is not given.
        bpm: Tempo as a musician would say it, 60 to 200.
        key: One of `KEYS`.
        timbre: One of `TIMBRES`: what plays the chords.
        drums: Whether there are any.
        duration_s: Length; at least two bars and a second.
        rate_hz: Sample rate.
        meter: Beats in a bar, 3 or 4; by default 3 for one seed in seven.

    Raises:
        ValueError: The key or the timbre is unknown, or the length is too short for two bars.
    """
    if timbre not in TIMBRES:
        raise ValueError(f"no such timbre: {timbre!r}")
    rng = np.random.default_rng([seed, round(bpm * 100), drums])
    drawn = 3 if rng.random() < 1 / 7 else 4
    beats_a_bar = meter or drawn
    start_s, beat_s = float(rng.uniform(0.02, 0.4)), 60 / bpm
    bars = int((duration_s - start_s - 0.3) / (beat_s * beats_a_bar))
    if bars < 2:
        raise ValueError("too short for two bars")
    halves = (0.45 if bpm < 100 else 0.15) if beats_a_bar == 4 else 0.0
    hold = 2 if bpm > 150 and rng.random() < 0.2 else 1
    harmony = song(bars, key, halves, hold, rng)
    players = band(bpm, timbre, beats_a_bar, rng, drums=drums)
    notes = arrange(players, harmony, key, bpm, rng)
    moments = np.array([start_s + _swung(n.beat, players.swing) * beat_s for n in notes])
    moments += np.clip(rng.normal(0, 0.0025, len(notes)), -0.005, 0.005)
    dry = _render(notes, moments, beat_s, round(duration_s * rate_hz), rate_hz, rng)
    beats = np.asarray(start_s + np.arange(bars * beats_a_bar) * beat_s, np.float64)
    style = f"{players.groove.name if players.groove else 'no drums'} / {players.comp.name}"
    return Piece(
        samples=_in_a_room(dry, rate_hz, rng),
        rate_hz=rate_hz,
        bpm=float(bpm),
        beats_s=beats,
        downbeats_s=beats[::beats_a_bar],
        key=key,
        chords=_labels(harmony, start_s, beat_s * beats_a_bar),
        meter=beats_a_bar,
        onsets_s=np.sort(moments),
        style=style,
    )


def _swung(beat: float, swing: float) -> float:
    whole = np.floor(beat + 1e-9)
    return float(whole + np.interp(beat - whole, (0, 0.5, 1), (0, swing, 1)))


def _labels(harmony: list[tuple[Chord, ...]], start_s: float, bar_s: float) -> list[tuple[float, float, str]]:
    found: list[tuple[float, float, str]] = []
    for number, bar in enumerate(harmony):
        for index, chord in enumerate(bar):
            begin, end = (start_s + bar_s * (number + part / len(bar)) for part in (index, index + 1))
            if found and found[-1][2] == chord.label:
                found[-1] = (found[-1][0], end, chord.label)
            else:
                found.append((begin, end, chord.label))
    return found


def _render(
    notes: list[Note], moments: Times, beat_s: float, frames: int, rate_hz: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    out = np.zeros((2, frames), np.float32)
    tuning_cents = float(rng.uniform(-20, 20)) if rng.random() < 1 / 3 else 0.0
    tones = _tones(notes, beat_s, tuning_cents, rate_hz, rng)
    for note, moment in zip(notes, moments, strict=True):
        tone = tones[note.player, note.pitch]
        if note.pitch is not None:
            tone = _released(tone, note.length * beat_s, RELEASE_S[note.player], rate_hz)
        begin = max(0, round(moment * rate_hz))
        tone = tone[: frames - begin] * np.float32(note.level * rng.uniform(0.75, 1.0))
        angle = (note.pan + 1) * np.pi / 4
        out[0, begin : begin + len(tone)] += np.float32(np.cos(angle)) * tone
        out[1, begin : begin + len(tone)] += np.float32(np.sin(angle)) * tone
    return out


def _tones(
    notes: list[Note], beat_s: float, tuning_cents: float, rate_hz: int, rng: np.random.Generator
) -> dict[tuple[str, int | None], Mono]:
    """Each instrument's notes, once each and as long as the longest of them."""
    longest: dict[tuple[str, int | None], float] = {}
    for note in notes:
        what = (note.player, note.pitch)
        longest[what] = max(longest.get(what, 0.0), note.length * beat_s)
    made: dict[tuple[str, int | None], Mono] = {}
    for (player, pitch), length_s in longest.items():
        if pitch is None:
            made[player, None] = drum(player, rate_hz, rng)
        else:
            frames = round((length_s + RELEASE_S[player]) * rate_hz)
            made[player, pitch] = INSTRUMENTS[player](hz(pitch, tuning_cents), frames, rate_hz, rng)
    return made


def _released(tone: Mono, length_s: float, release_s: float, rate_hz: int) -> Mono:
    held, tail = round(length_s * rate_hz), round(release_s * rate_hz)
    cut = tone[: held + tail].copy()
    fade = np.linspace(1, 0, tail, dtype=np.float32) ** 2
    cut[held:] *= fade[: max(0, len(cut) - held)]
    return cut


def _in_a_room(dry: npt.NDArray[np.float32], rate_hz: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A short reverberation (noise that dies exponentially), a noise floor at -70 dB, and a level."""
    decay_s, wet_db = rng.uniform(0.15, 0.6), rng.uniform(-22, -13)
    t = np.arange(round(decay_s * rate_hz)) / rate_hz
    size = 1 << (dry.shape[1] + len(t) - 1).bit_length()
    out = np.empty_like(dry)
    for side in range(2):
        tail = rng.standard_normal(len(t)) * np.exp(-6.9 * t / decay_s)
        tail[: round(0.012 * rate_hz)] = 0
        tail *= 10 ** (wet_db / 20) / np.sqrt(np.sum(tail**2))
        wet = np.fft.irfft(np.fft.rfft(dry[side], size) * np.fft.rfft(tail, size), size)[: dry.shape[1]]
        out[side] = dry[side] + wet
    out *= np.float32(rng.uniform(0.3, 0.95)) / max(float(np.max(np.abs(out))), 1e-9)
    return out + (3e-4 * rng.standard_normal(out.shape)).astype(np.float32)
