"""Songs for `classic_unlike`: instruments and drum kits of one General MIDI bank, words sung by flite.

Nothing but the way to call the programs is shared with the fit: the bank, the voices, the songwriting and the mixing
are this file's own. The same seed gives the same song.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, fftconvolve, sosfilt

from gpu_workers.separation.fitting.programs import (
    RATE_HZ,
    Key,
    Mono,
    Stereo,
    fitted,
    play,
    program,
    soundfont,
    speech,
)

STEMS = ("vocals", "drums", "bass", "other")
SONGS = 20
PACKAGES = "fluidsynth csound-soundfont flite"
"""Debian packages that the songs are made with."""

# Which chord may follow which, as degrees of the scale; a song walks this and comes home every fourth or eighth bar.
_NEXT = {
    0: (3, 4, 5, 5, 2, 1),
    1: (4, 4, 3, 6),
    2: (5, 3),
    3: (0, 4, 4, 1, 5),
    4: (0, 0, 5, 3),
    5: (3, 1, 4, 2),
    6: (0,),
}
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "mixolydian": (0, 2, 4, 5, 7, 9, 10)}
_KITS = (0, 8, 16, 24, 25, 32)
_BASSES = (32, 33, 33, 34, 35, 36, 38, 39)
_STRUMMED = (24, 25, 26, 27, 27, 29, 30, 0, 2, 4, 5)
_HELD = (16, 18, 48, 50, 52, 61, 62, 89, 90, 21)
_PICKED = (24, 25, 27, 0, 4, 7, 10, 11, 45, 46, 80, 81)
_SOLO = (40, 56, 65, 66, 73, 22, 30, 81, 68)
_WORDS = (
    "tonight", "river", "hold", "me", "falling", "over", "stars", "and", "you", "never", "mine", "light", "home",
    "running", "wild", "away", "open", "your", "eyes", "rain", "summer", "gone", "believe", "again", "fire", "low",
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """What the players of a song agree on."""

    seconds: float
    beat_s: float
    swing: float
    """By how much of a beat the second half of a beat comes late."""
    tonic: int
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    """Degree of the chord of each bar."""

    @property
    def bar_s(self) -> float:
        """Four beats."""
        return 4 * self.beat_s

    def at_s(self, bar: int, sixteenth: int) -> float:
        """When a sixteenth of a bar comes."""
        late = self.swing if sixteenth % 4 == 2 else self.swing / 2 if sixteenth % 4 == 3 else 0.0
        return bar * self.bar_s + (sixteenth / 4 + late) * self.beat_s

    def tone(self, degree: int) -> int:
        """Semitones of a degree of the scale over the tonic; degrees go on past the octave."""
        return self.scale[degree % 7] + 12 * (degree // 7)


def song(seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Stems (2, frames) of 21 to 28 seconds. Raises MissingProgramError where a package is not installed."""
    rng = np.random.default_rng([77, seed])
    frame = _frame(rng)
    stems = {"drums": _drums(rng, frame), "bass": _bass(rng, frame), "other": _other(rng, frame)}
    stems["vocals"] = _vocals(rng, frame)
    level_db = {"vocals": -17.0, "drums": -18.0, "bass": -19.0, "other": -18.0}
    return {name: _at_level(stems[name], level_db[name] + rng.uniform(-3, 3)) for name in STEMS}


def mixture(stems: dict[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """The sum of the stems."""
    total: npt.NDArray[np.float32] = np.stack([stems[name] for name in STEMS]).sum(axis=0, dtype=np.float32)
    return total


def _frame(rng: np.random.Generator) -> Frame:
    beat_s = 60.0 / rng.uniform(72, 165)
    bars = int(np.ceil(rng.uniform(21, 26) / (4 * beat_s)))
    loop = int(rng.choice([4, 4, 8]))
    chords = [int(rng.choice([0, 0, 5]))]
    while len(chords) < loop:
        chords.append(int(rng.choice(_NEXT[chords[-1]])))
    scale = _SCALES[str(rng.choice(["major", "minor", "minor", "mixolydian"]))]
    swing = float(rng.choice([0.0, 0.0, 0.0, 0.08, 0.16]))
    walked = tuple(chords[bar % loop] for bar in range(bars))
    return Frame(bars * 4 * beat_s, beat_s, swing, int(rng.integers(40, 52)), scale, walked)


def _euclid(hits: int, steps: int, turn: int) -> list[int]:
    """`hits` spread as evenly as can be over `steps`, turned: Toussaint, "The Euclidean algorithm generates
    traditional musical rhythms", 2005.
    """
    return sorted((step * steps // hits + turn) % steps for step in range(hits))


def _drums(rng: np.random.Generator, frame: Frame) -> Stereo:
    kick_hits = _euclid(int(rng.integers(2, 6)), 16, 0)
    four_on_floor = rng.random() < 0.25
    half_time = rng.random() < 0.15
    snare = int(rng.choice([38, 40, 38, 39]))
    timekeeper = int(rng.choice([42, 42, 42, 51, 46]))
    every = int(rng.choice([1, 2, 2, 2, 4]))
    starts_bar = int(rng.choice([0, 0, 1]))
    keys: list[Key] = []
    for bar in range(starts_bar, len(frame.chords)):
        fill = bar % 4 == 3 and rng.random() < 0.6
        hits = [(step, 36, 105) for step in ((0, 4, 8, 12) if four_on_floor else kick_hits)]
        hits += [(step, snare, 100) for step in ((8,) if half_time else (4, 12))]
        hits += [(step, timekeeper, 84 if step % 4 == 0 else 64) for step in range(0, 16, every)]
        hits += [(step, snare, 32) for step in (7, 9) if rng.random() < 0.2]
        if fill:
            hits = [hit for hit in hits if hit[0] < 12]
            hits += [(12 + n, int(drum), 90 + 5 * n) for n, drum in enumerate(rng.choice([38, 41, 45, 47, 48], 4))]
        if bar % 4 == 0 and bar > starts_bar:
            hits.append((0, 49 if rng.random() < 0.7 else 57, 90))
        for step, drum, velocity in hits:
            late_s = max(0.0, frame.at_s(bar, step) + rng.normal(0, 0.004))
            keys.append(Key(late_s, 0.2, drum, int(np.clip(velocity + rng.integers(-10, 11), 1, 127))))
    dry = _width(_font_play(keys, int(rng.choice(_KITS)), frame, drums=True), rng.uniform(0.4, 1.2))
    return _squeeze(_hall(rng, dry, rng.uniform(0.02, 0.2)), rng.uniform(1, 3))


def _bass(rng: np.random.Generator, frame: Frame) -> Stereo:
    rhythm = [
        [(0, 16)], [(0, 6), (6, 2), (8, 8)], [(step, 2) for step in range(0, 16, 2)], [(0, 3), (3, 3), (6, 4), (10, 6)],
        [(0, 4), (4, 4), (8, 4), (12, 4)], [(2, 2), (6, 2), (10, 2), (14, 2)],
    ][int(rng.integers(6))]  # fmt: skip
    climbs = rng.random() < 0.5
    keys = []
    for bar, chord in enumerate(frame.chords):
        for number, (step, length) in enumerate(rhythm):
            degree = chord + (int(rng.choice([0, 0, 2, 4, 7])) if climbs and number else 0)
            pitch = frame.tonic - 12 + frame.tone(degree)
            pitch -= 12 * (pitch > 48)
            held_s = length / 4 * frame.beat_s * rng.uniform(0.75, 1.0)
            keys.append(
                Key(frame.at_s(bar, step) + abs(rng.normal(0, 0.004)), held_s, pitch, int(rng.integers(85, 112)))
            )
    mono = _font_play(keys, int(rng.choice(_BASSES)), frame).mean(axis=0)
    driven = np.tanh(mono / np.abs(mono).max() * rng.uniform(0.5, 2.5))
    return _squeeze(_pan(driven, 0.0), rng.uniform(1, 4))


def _other(rng: np.random.Generator, frame: Frame) -> Stereo:
    """Two to four of: strummed or struck chords, held chords, a picked figure, a solo instrument between the lines."""
    makers = [_chords, _held, _picked, _solo]
    out = np.zeros((2, round(frame.seconds * RATE_HZ)))
    chosen = rng.choice(4, int(rng.integers(2, 5)), replace=False)
    for number in chosen:
        part = _at_level(makers[int(number)](rng, frame), rng.uniform(-22, -17))
        out += part
    return out


def _chords(rng: np.random.Generator, frame: Frame) -> Stereo:
    steps = _euclid(int(rng.choice([2, 4, 5, 6, 8])), 16, int(rng.choice([0, 0, 2])))
    keys = []
    for bar, chord in enumerate(frame.chords):
        for step in steps:
            down = bool(rng.integers(2))
            held_s = frame.beat_s * rng.uniform(0.3, 1.2)
            for number, degree in enumerate((chord, chord + 2, chord + 4, chord + 7)):
                strum_s = 0.012 * (number if down else 3 - number)
                keys.append(
                    Key(frame.at_s(bar, step) + strum_s, held_s, _near(frame, degree, 57), int(rng.integers(70, 105)))
                )
    preset = int(rng.choice(_STRUMMED))
    first = _font_play(keys, preset, frame).mean(axis=0)
    where = float(rng.uniform(0.3, 0.9) * rng.choice([-1, 1]))
    if rng.random() < 0.5:  # played twice, once on each side
        again = [Key(max(0.0, k.start_s + rng.normal(0, 0.009)), k.length_s, k.pitch, k.velocity) for k in keys]
        second = _font_play(again, preset, frame).mean(axis=0)
        return _hall(rng, _pan(first, where) + _pan(second, -where), rng.uniform(0.05, 0.25))
    return _hall(rng, _pan(first, where), rng.uniform(0.05, 0.3))


def _held(rng: np.random.Generator, frame: Frame) -> Stereo:
    keys: list[Key] = []
    for bar, chord in enumerate(frame.chords):
        pitches = [_near(frame, chord + above, 62) for above in (0, 2, 4)]
        start_s, length_s = bar * frame.bar_s, frame.bar_s * 0.97
        keys += [Key(start_s, length_s, pitch, int(rng.integers(60, 90))) for pitch in pitches]
    sound = _font_play(keys, int(rng.choice(_HELD)), frame)
    sound[1] = np.roll(sound[1], int(rng.uniform(0.006, 0.02) * RATE_HZ))  # the usual widening of pads
    return _hall(rng, sound, rng.uniform(0.1, 0.4))


def _picked(rng: np.random.Generator, frame: Frame) -> Stereo:
    order = rng.permutation([0, 2, 4, 7, 4, 2])
    every = int(rng.choice([1, 2, 2]))
    keys = []
    for bar, chord in enumerate(frame.chords):
        for number, step in enumerate(range(0, 16, every)):
            pitch = _near(frame, chord + int(order[number % 6]), 67)
            keys.append(Key(frame.at_s(bar, step), frame.beat_s * every / 3, pitch, int(rng.integers(65, 100))))
    mono = _font_play(keys, int(rng.choice(_PICKED)), frame).mean(axis=0)
    return _hall(rng, _pan(mono, float(rng.uniform(0.1, 0.8) * rng.choice([-1, 1]))), rng.uniform(0.05, 0.35))


def _solo(rng: np.random.Generator, frame: Frame) -> Stereo:
    keys, degree = [], 7
    for bar in range(len(frame.chords)):
        if bar % 4 < 2:
            continue
        step = int(rng.choice([0, 2, 4]))
        while step < 15:
            length = int(rng.choice([1, 2, 2, 4]))
            degree = int(np.clip(degree + rng.integers(-2, 3), 2, 14))
            keys.append(
                Key(frame.at_s(bar, step), length / 4 * frame.beat_s, frame.tonic + 12 + frame.tone(degree), 95)
            )
            step += length
    mono = _font_play(keys, int(rng.choice(_SOLO)), frame).mean(axis=0)
    return _hall(rng, _pan(mono, float(rng.uniform(-0.5, 0.5))), rng.uniform(0.1, 0.4))


def _vocals(rng: np.random.Generator, frame: Frame) -> Stereo:
    """A lead in the middle; sometimes doubled, sometimes with a second voice a third above at the sides."""
    voice = str(rng.choice(["slt", "slt", "awb", "kal16", "rms"]))
    lead = _line(rng, frame, voice)
    lead_mono = _sung(rng, frame, voice, lead)
    out = _pan(lead_mono, float(rng.uniform(-0.06, 0.06)))
    if rng.random() < 0.3:
        late = round(rng.uniform(0.012, 0.03) * RATE_HZ)
        double = np.roll(_bend(rng, lead_mono, 0.25), late)
        out += 0.35 * np.stack([double, np.roll(double, late)])
    if voice != "rms" and rng.random() < 0.35:
        above = [(start_s, length_s, pitch + 4, word) for start_s, length_s, pitch, word in lead]
        backing = _sung(rng, frame, voice, above)
        out += 0.3 * (_pan(backing, -0.7) + _pan(np.roll(backing, 400), 0.7))
    bright = sosfilt(butter(2, rng.uniform(80, 140), "high", fs=RATE_HZ, output="sos"), out)
    return _squeeze(_hall(rng, bright, rng.uniform(0.03, 0.25)), rng.uniform(1.5, 4))


def _line(rng: np.random.Generator, frame: Frame, voice: str) -> list[tuple[float, float, int, str]]:
    """(start s, length s, pitch, word) of each note: phrases of three to seven notes, with rests between."""
    base = frame.tonic + (24 if voice == "slt" else 12)
    base -= 12 * (base > 67)
    notes, step, degree = [], int(rng.choice([0, 8, 16])), int(rng.integers(0, 5))
    while step < 16 * len(frame.chords) - 4:
        for _ in range(int(rng.integers(3, 8))):
            length = int(rng.choice([2, 2, 3, 4, 4, 6, 8]))
            degree = int(np.clip(degree + rng.choice([-2, -1, -1, 0, 1, 1, 2, 3]), -1, 8))
            start_s = frame.at_s(step // 16, step % 16)
            word = str(rng.choice(_WORDS))
            notes.append((start_s, max(0.2, length / 4 * frame.beat_s * 0.96), base + frame.tone(degree), word))
            step += length
        step += int(rng.choice([2, 4, 8]))
    return notes


def _sung(rng: np.random.Generator, frame: Frame, voice: str, notes: list[tuple[float, float, int, str]]) -> Mono:
    """The notes, each one word on one pitch with late vibrato; the voice rms has no say over pitch and speaks."""
    out = np.zeros(round(frame.seconds * RATE_HZ))
    for start_s, length_s, pitch, word in notes:
        stretch = float(np.clip(round(length_s / 0.4, 1), 0.7, 2.5))
        sound = _word(voice, word, round(440.0 * 2 ** ((pitch - 69) / 12)), stretch)
        if voice != "rms":
            sound = _bend(rng, sound, 0.3)
        sound = sound[: round(length_s * 1.15 * RATE_HZ)].copy()
        ramp = min(len(sound) // 3, 900)
        sound[:ramp] *= np.linspace(0, 1, ramp)
        sound[len(sound) - ramp :] *= np.linspace(1, 0, ramp)
        start = round(start_s * RATE_HZ)
        end = min(start + len(sound), len(out))
        if start < end:
            out[start:end] += sound[: end - start] / (np.sqrt(np.mean(sound**2)) + 1e-6) * rng.uniform(0.7, 1.0)
    return out


@cache
def _word(voice: str, word: str, hz: int, stretch: float) -> Mono:
    tune = [("int_f0_target_mean", hz), ("int_f0_target_stddev", 0), ("duration_stretch", stretch)]
    settings = [part for name, value in tune for part in ("--setf", f"{name}={value}")]
    return speech([program("flite", "flite"), "-voice", voice, *settings, "-t", word, "-o", "{wave}"])


def _bend(rng: np.random.Generator, sound: Mono, semitones: float) -> Mono:
    """Vibrato of 4.5 to 6.5 Hz that sets in after a fifth of a second, by reading at a swaying time."""
    t = np.arange(len(sound)) / RATE_HZ
    rate_hz = rng.uniform(4.5, 6.5)
    depth_s = semitones * np.log(2) / 12 / (2 * np.pi * rate_hz)
    sway_s = depth_s * np.clip((t - 0.2) * 4, 0, 1) * np.sin(2 * np.pi * rate_hz * t + rng.uniform(0, 1))
    bent: Mono = np.interp(t + sway_s, t, sound)
    return bent


def _near(frame: Frame, degree: int, centre: int) -> int:
    """The pitch of a degree in the octave around `centre`."""
    pitch = frame.tonic + frame.tone(degree)
    return int(centre - 6 + (pitch - centre + 6) % 12)


@cache
def _font() -> Path:
    return soundfont("sf_GMbank.sf2", "csound-soundfont")


def _font_play(keys: list[Key], preset: int, frame: Frame, *, drums: bool = False) -> Stereo:
    return play(keys, preset, _font(), frame.seconds, drums=drums)


def _pan(mono: Mono, where: float) -> Stereo:
    """Mono at a place from -1 to 1, by the sine law."""
    angle = (where + 1) * np.pi / 4
    return np.stack([mono * np.cos(angle), mono * np.sin(angle)])


def _width(stereo: Stereo, width: float) -> Stereo:
    middle, side = stereo.mean(axis=0), (stereo[0] - stereo[1]) / 2 * width
    return np.stack([middle + side, middle - side])


def _hall(rng: np.random.Generator, stereo: Stereo, wet: float) -> Stereo:
    """Reverberation by echoes that grow denser and darker, other ones on each side, `wet` of the sound's own level."""
    out = stereo.copy()
    length = round(rng.uniform(0.4, 1.6) * RATE_HZ)
    for side in range(2):
        times = np.sort(length * rng.random(1500) ** 0.7).astype(int)
        tail = np.zeros(length + 1)
        np.add.at(tail, times, rng.choice([-1.0, 1.0], 1500) * np.exp(-5.0 * times / length))
        tail = sosfilt(butter(1, 5000, fs=RATE_HZ, output="sos"), tail)
        out[side] += wet * fitted(fftconvolve(stereo.mean(axis=0), tail / np.sqrt(np.sum(tail**2))), stereo.shape[1])
    return out


def _squeeze(stereo: Stereo, ratio: float) -> Stereo:
    """Compression by `ratio` above the mean level, over 50 ms, both sides alike."""
    power = fftconvolve((stereo**2).mean(axis=0), np.ones(2205) / 2205, mode="same")
    level = np.sqrt(np.maximum(power, 0)) + 1e-9
    mean = np.sqrt(np.mean(stereo**2)) + 1e-9
    squeezed: Stereo = stereo * np.maximum(level / mean, 1.0) ** (1 / ratio - 1)
    return squeezed


def _at_level(stereo: Stereo, level_db: float) -> npt.NDArray[np.float32]:
    rms = np.sqrt(np.mean(stereo**2)) + 1e-12
    level: npt.NDArray[np.float32] = (stereo * (10 ** (level_db / 20) / rms)).astype(np.float32)
    return level
