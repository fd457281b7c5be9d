"""Songs from FluidR3's instruments and voices of espeak-ng, from the seed alone."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from gpu_workers.separation.fitting import mixing
from gpu_workers.separation.fitting.programs import (
    RATE_HZ,
    Key,
    Mono,
    Stereo,
    play,
    program,
    soundfont,
    speech,
)

_PROGRESSIONS = (
    (0, 5, 3, 4), (0, 4, 5, 3), (5, 3, 0, 4), (0, 3, 4, 4), (0, 3, 0, 4), (1, 4, 0, 0), (0, 6, 3, 0), (0, 2, 3, 4),
    (5, 4, 3, 4), (0, 0, 3, 4), (3, 4, 5, 5), (0, 6, 5, 4),
)  # fmt: skip
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_KITS = (0, 8, 16, 24, 25, 32, 40)
_CHORD_PRESETS = (*range(8), *range(16, 24), *range(24, 31), *range(48, 56), *range(61, 64), *range(88, 96))
_LINE_PRESETS = (*range(16), *range(22, 31), *range(40, 47), *range(56, 87), *range(104, 109))
_BASS_PRESETS = tuple(range(32, 40))
_VOICES = ("en-us", "en-gb", "it", "es", "de", "fr-fr", "pt-br", "sv")
_FEMALE, _MALE = ("f1", "f2", "f3", "f4", "f5"), ("m1", "m2", "m3", "m4", "m5", "m6", "klatt", "klatt2", "klatt4")
_SYLLABLES = (
    "la", "mine", "so", "we", "road", "sun", "day", "heart", "feel", "moon", "lonely", "sailing", "dream", "no", "oh",
    "yeah", "time", "blue", "always", "dance", "stay", "world", "love", "far", "kiss", "singing",
)  # fmt: skip
_GROOVES = (  # steps of sixteen: kick, snare, hat
    ((0, 8), (4, 12), tuple(range(0, 16, 2))),
    ((0, 4, 8, 12), (4, 12), (2, 6, 10, 14)),
    ((0, 6, 10), (4, 12), tuple(range(16))),
    ((0, 3, 8, 11), (4, 12), tuple(range(0, 16, 2))),
    ((0, 10), (8,), tuple(range(0, 16, 2))),
    ((0, 7, 8), (4, 12, 15), tuple(range(0, 16, 4))),
    ((0, 2, 8, 10), (4, 12), tuple(range(0, 16, 2))),
)


@dataclass(frozen=True)
class _Plan:
    seconds: float
    beat_s: float
    root: int
    scale: tuple[int, ...]
    bars: tuple[int, ...]

    def pitch(self, degree: int, low: int) -> int:
        """A degree of the scale, the first at or above `low`."""
        return int(low + (self.root + self.scale[degree % 7] - low) % 12)

    def step_s(self, bar: int, step: float) -> float:
        """When a sixteenth comes."""
        return (bar * 4 + step / 4) * self.beat_s


def song(rng: np.random.Generator, seconds: float) -> dict[str, Stereo]:
    """Stems (2, frames), unscaled. Raises MissingProgramError."""
    beat_s = 60.0 / rng.uniform(65, 170)
    bars = int(np.ceil(seconds / (4 * beat_s)))
    loop = _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
    scale = _MAJOR if rng.random() < 0.5 else _MINOR
    plan = _Plan(seconds, beat_s, int(rng.integers(12)), scale, tuple(loop[bar % 4] for bar in range(bars)))
    return {
        "vocals": _vocals(rng, plan),
        "drums": _drums(rng, plan),
        "bass": _bass(rng, plan),
        "other": _other(rng, plan),
    }


def _play(keys: list[Key], preset: int, plan: _Plan, *, drums: bool = False) -> Stereo:
    return play(keys, preset, soundfont("FluidR3_GM.sf2", "fluid-soundfont-gm"), plan.seconds, drums=drums)


def _drums(rng: np.random.Generator, plan: _Plan) -> Stereo:
    kicks, snares, hats = _GROOVES[int(rng.integers(len(_GROOVES)))]
    snare, hat = int(rng.choice([38, 40, 37])), int(rng.choice([42, 42, 44, 46, 51, 53, 70]))
    keys: list[Key] = []
    for bar in range(len(plan.bars)):
        hits = [(step, 36) for step in kicks] + [(step, snare) for step in snares] + [(step, hat) for step in hats]
        hits += [
            (int(step), int(rng.choice([41, 43, 45, 48, 50, 54, 56])))
            for step in rng.integers(0, 16, rng.integers(0, 4))
        ]
        hits += [(0, 49)] if rng.random() < 0.25 else []
        for step, drum in hits:
            keys.append(Key(plan.step_s(bar, step) + rng.uniform(0, 0.01), 0.3, drum, int(rng.integers(50, 120))))
    kit = mixing.widened(_play(keys, int(rng.choice(_KITS)), plan, drums=True), rng.uniform(0, 1.3))
    roomy = mixing.in_room(rng, kit, rng.uniform(0, 0.3), rng.uniform(0.15, 0.9))
    return mixing.compressed(mixing.equalised(rng, roomy), rng.uniform(1, 4))


def _bass(rng: np.random.Generator, plan: _Plan) -> Stereo:
    every, held = int(rng.choice([2, 2, 4, 4, 8, 16])), rng.uniform(0.5, 1.0)
    low = int(rng.integers(26, 34))
    keys = []
    for bar, chord in enumerate(plan.bars):
        for step in range(0, 16, every):
            if rng.random() < 0.15:
                continue
            degree = chord + int(rng.choice([0, 0, 0, 4, 2]))
            length_s = every / 4 * plan.beat_s * held
            keys.append(Key(plan.step_s(bar, step), length_s, plan.pitch(degree, low), int(rng.integers(70, 120))))
    mono = mixing.driven(_play(keys, int(rng.choice(_BASS_PRESETS)), plan).mean(axis=0), rng.uniform(-1, 2.5))
    return mixing.compressed(mixing.equalised(rng, mixing.placed(mono, rng.normal(0, 0.03))), rng.uniform(1, 4))


def _other(rng: np.random.Generator, plan: _Plan) -> Stereo:
    out = np.zeros((2, round(plan.seconds * RATE_HZ)))
    for _ in range(int(rng.integers(1, 5))):
        chords = rng.random() < 0.55
        preset = int(rng.choice(_CHORD_PRESETS if chords else _LINE_PRESETS))
        played = _play(_chord_keys(rng, plan) if chords else _line_keys(rng, plan), preset, plan)
        if rng.random() < 0.4:  # as the bank has it, wider or narrower
            part = mixing.widened(played, rng.uniform(0.3, 2))
            if rng.random() < 0.5:
                part[1] = np.roll(part[1], int(rng.uniform(0.003, 0.025) * RATE_HZ))
        else:
            part = mixing.placed(played.mean(axis=0), float(np.clip(rng.normal(0, 0.5), -1, 1)))
        part = mixing.in_room(rng, mixing.equalised(rng, part), rng.uniform(0, 0.5), rng.uniform(0.2, 1.8))
        out += mixing.at_level(part, rng.uniform(-24, -16))
    return out


def _chord_keys(rng: np.random.Generator, plan: _Plan) -> list[Key]:
    every, low = int(rng.choice([16, 16, 8, 4, 2])), int(rng.integers(48, 64))
    held, offbeat = rng.uniform(0.4, 1.05), int(rng.choice([0, 0, 2]))
    keys = []
    for bar, chord in enumerate(plan.bars):
        for step in range(offbeat if every < 16 else 0, 16, every):
            for degree in (chord, chord + 2, chord + 4):
                spread_s = rng.uniform(0, 0.015)
                length_s = every / 4 * plan.beat_s * held
                pitch = plan.pitch(degree, low)
                keys.append(Key(plan.step_s(bar, step) + spread_s, length_s, pitch, int(rng.integers(55, 110))))
    return keys


def _line_keys(rng: np.random.Generator, plan: _Plan) -> list[Key]:
    low, every, rests = int(rng.integers(50, 74)), int(rng.choice([1, 2, 2, 4])), rng.uniform(0, 0.6)
    keys = []
    for bar, chord in enumerate(plan.bars):
        for step in range(0, 16, every):
            if rng.random() < rests:
                continue
            pitch = plan.pitch(chord + int(rng.choice([0, 2, 4, 1])), low)
            length_s = every / 4 * plan.beat_s * rng.uniform(0.7, 1.5)
            keys.append(Key(plan.step_s(bar, step), length_s, pitch, int(rng.integers(55, 110))))
    return keys


def _vocals(rng: np.random.Generator, plan: _Plan) -> Stereo:
    female = bool(rng.integers(2))
    voice = f"{rng.choice(_VOICES)}+{rng.choice(_FEMALE if female else _MALE)}"
    lead = _sung(rng, plan, voice, _melody(rng, plan, 53 if female else 45), female=female)
    out = mixing.placed(lead, rng.normal(0, 0.05))
    if rng.random() < 0.4:  # doubled
        late = [round(s * RATE_HZ) for s in rng.uniform(0.01, 0.035, 2)]
        out += rng.uniform(0.2, 0.5) * np.stack([np.roll(swaying(rng, lead, 0.2), n) for n in late])
    if rng.random() < 0.3:  # a second voice, aside
        second = _sung(rng, plan, voice, _melody(rng, plan, 56 if female else 48), female=female)
        out += rng.uniform(0.2, 0.5) * mixing.widened(mixing.placed(second, float(rng.uniform(-0.8, 0.8))), 1.0)
    out = mixing.in_room(rng, mixing.equalised(rng, out), rng.uniform(0, 0.4), rng.uniform(0.3, 2.0))
    return mixing.compressed(out, rng.uniform(1, 4))


def _melody(rng: np.random.Generator, plan: _Plan, low: int) -> list[tuple[float, float, int]]:
    """(start s, length s, pitch) of each note."""
    notes, degree, sixteenth = [], int(rng.integers(7)), float(rng.choice([0, 4, 8, 16]))
    while plan.step_s(0, sixteenth) < plan.seconds:
        length = float(rng.choice([2, 3, 4, 4, 6, 8, 12]))
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 9))
        pitch = plan.pitch(0, low) + plan.scale[degree % 7] + 12 * (degree // 7)
        notes.append((plan.step_s(0, sixteenth), length / 4 * plan.beat_s, pitch))
        sixteenth += length + float(rng.choice([0, 0, 0, 0, 2, 4, 12]))
    return notes


def _sung(
    rng: np.random.Generator, plan: _Plan, voice: str, notes: list[tuple[float, float, int]], *, female: bool
) -> Mono:
    out = np.zeros(round(plan.seconds * RATE_HZ))
    for start_s, length_s, pitch in notes:
        sound = swaying(
            rng, _word(voice, str(rng.choice(_SYLLABLES)), pitch, length_s, female=female), rng.uniform(0, 0.5)
        )
        sound = sound[: round(length_s * RATE_HZ)].copy()
        ramp = min(len(sound) // 3, 1000)
        sound[len(sound) - ramp :] *= np.linspace(1, 0, ramp)
        start = round(start_s * RATE_HZ)
        end = min(start + len(sound), len(out))
        if start < end:
            out[start:end] += sound[: end - start] * rng.uniform(0.6, 1.0) / (np.sqrt(np.mean(sound**2)) + 1e-6)
    return out


def _word(voice: str, word: str, pitch: int, length_s: float, *, female: bool) -> Mono:
    """A word on one pitch. espeak-ng reaches 52 to 158 Hz (male) or 113 to 306 Hz, measured; above, it is played
    faster.
    """
    hz = 440.0 * 2 ** ((pitch - 69) / 12)
    reach_hz = (113, 147, 199, 306) if female else (52, 72, 99.5, 158)
    spoken_hz = float(np.clip(hz, reach_hz[0], reach_hz[-1]))
    setting = round(float(np.interp(np.log(spoken_hz), np.log(reach_hz), (0, 30, 60, 99))))
    words_a_minute = int(np.clip(round(60 / length_s * spoken_hz / hz, -1), 60, 240))
    sound = _spoken(voice, word, setting, words_a_minute)
    faster = hz / spoken_hz
    played: Mono = np.interp(np.arange(0, len(sound) - 1, faster), np.arange(len(sound)), sound)
    return played


@cache
def _spoken(voice: str, word: str, setting: int, words_a_minute: int) -> Mono:
    options = ["-m", "-v", voice, "-p", str(setting), "-s", str(words_a_minute), "-w", "{wave}"]
    return speech([program("espeak-ng", "espeak-ng"), *options, f'<prosody range="0">{word}</prosody>'])


def swaying(rng: np.random.Generator, sound: Mono, semitones: float) -> Mono:
    """With vibrato that grows in over a third of a second, by reading at a time that sways."""
    t = np.arange(len(sound)) / RATE_HZ
    rate_hz = rng.uniform(4.2, 6.8)
    sway_s = semitones * np.log(2) / 12 / (2 * np.pi * rate_hz) * np.minimum(t * 3, 1)
    swayed: Mono = np.interp(t + sway_s * np.sin(2 * np.pi * rate_hz * t + rng.uniform(0, 6.28)), t, sound)
    return swayed
