"""Songs to steer the training of `patchbay-small` by: a bank and voices that neither training nor the unlike set has.

Instruments of TimGM6mb, words spoken by those two voices of Pico that training leaves alone, made larger and smaller
and bent to notes; the notes are written as in training. The same seed gives the same song.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from gpu_workers.separation.fitting import mixing
from gpu_workers.separation.fitting.programs import RATE_HZ, Key, Mono, Stereo, play, program, soundfont, speech
from gpu_workers.separation.training.data import grooves, lines, singing
from gpu_workers.separation.training.data.plans import STEMS, Plan, hz_of, lay, random_plan

SONGS = 16
SECONDS = 18.0
PACKAGES = "fluidsynth timgm6mb-soundfont libttspico-utils"
"""Debian packages that the songs are made with; the last is in its section non-free."""

_WORDS = {
    "en-GB": "morning window hold rain summer something broken light sea yesterday under nobody answer silver",
    "fr-FR": "demain fenêtre chanter lumière oublier souvent maison rivière tendresse ailleurs pourquoi jamais",
}
_KITS = (0, 8, 16, 24, 25, 32, 40)
_LEVELS_DB = {"vocals": -17.5, "drums": -18.0, "bass": -19.0, "other": -18.0}
_SPOKEN_HZ = 200.0
"""What the voices speak at, about, when nothing is asked of their pitch."""


def song(seed: int) -> npt.NDArray[np.float32]:
    """Stems (4, 2, frames) in the order of `STEMS`. Raises MissingProgramError where a package is not installed."""
    rng = np.random.default_rng([91, seed])
    plan = random_plan(rng, SECONDS)
    stems = {"vocals": _vocals(rng, plan), "drums": _drums(rng, plan), "bass": _bass(rng, plan)}
    stems["other"] = _other(rng, plan)
    return np.stack(
        [mixing.at_level(stems[name], _LEVELS_DB[name] + rng.uniform(-4, 4)) for name in STEMS], dtype=np.float32
    )


def _played(keys: list[Key], preset: int, plan: Plan, *, drums: bool = False) -> Stereo:
    return play(keys, preset, soundfont("TimGM6mb.sf2", "timgm6mb-soundfont"), plan.seconds, drums=drums)


def _drums(rng: np.random.Generator, plan: Plan) -> Stereo:
    kit = _played(grooves.groove(rng, plan), int(rng.choice(_KITS)), plan, drums=True)
    roomy = mixing.in_room(rng, mixing.widened(kit, rng.uniform(0, 1.3)), rng.uniform(0, 0.3), rng.uniform(0.15, 0.9))
    return mixing.compressed(mixing.equalised(rng, roomy), rng.uniform(1, 4))


def _bass(rng: np.random.Generator, plan: Plan) -> Stereo:
    keys = lines.bass_line(rng, plan, int(rng.integers(31, 42)))
    mono = mixing.driven(_played(keys, int(rng.integers(32, 40)), plan).mean(axis=0), rng.uniform(-1, 2.5))
    return mixing.compressed(mixing.equalised(rng, mixing.placed(mono, rng.normal(0, 0.03))), rng.uniform(1, 4))


def _other(rng: np.random.Generator, plan: Plan) -> Stereo:
    """One to four instruments, chords or lines, wide or at a place."""
    out = np.zeros((2, round(plan.seconds * RATE_HZ)))
    for number in range(int(rng.integers(1, 5))):
        chordal = number == 0 or rng.random() < 0.5
        writers = lines.CHORDAL if chordal else lines.LINEAR
        keys = writers[int(rng.integers(len(writers)))](rng, plan, int(rng.integers(52, 72)))
        played = _played(keys, int(rng.choice([*range(32), *range(40, 52), *range(56, 85), *range(86, 91)])), plan)
        if rng.random() < 0.4:
            part = mixing.widened(played, rng.uniform(0.3, 2))
        else:
            part = mixing.placed(played.mean(axis=0), float(np.clip(rng.normal(0, 0.5), -1, 1)))
        part = mixing.in_room(rng, mixing.equalised(rng, part), rng.uniform(0, 0.5), rng.uniform(0.2, 1.8))
        out += mixing.at_level(part, rng.uniform(-24, -16))
    return out


def _vocals(rng: np.random.Generator, plan: Plan) -> Stereo:
    """A lead near the middle; doubled now and then, and with a second voice aside."""
    singer = str(rng.choice(list(_WORDS))), float(np.exp(rng.uniform(np.log(0.75), np.log(1.2))))
    low = int(rng.integers(50, 60) + 12 * np.log2(singer[1]))
    lead = _sung(rng, singer, singing.melody(rng, plan, low), plan)
    out = mixing.placed(lead, rng.normal(0, 0.05))
    if rng.random() < 0.3:
        out += rng.uniform(0.2, 0.5) * np.stack([np.roll(lead, round(s * RATE_HZ)) for s in rng.uniform(0.01, 0.03, 2)])
    if rng.random() < 0.3:
        second = _sung(rng, singer, singing.melody(rng, plan, low + 4), plan)
        out += rng.uniform(0.2, 0.5) * mixing.placed(second, float(rng.uniform(-0.8, 0.8)))
    out = mixing.in_room(rng, mixing.equalised(rng, out), rng.uniform(0, 0.4), rng.uniform(0.3, 2.0))
    return mixing.compressed(out, rng.uniform(1, 4))


def _sung(rng: np.random.Generator, singer: tuple[str, float], notes: list[singing.Sung], plan: Plan) -> Mono:
    """A word a note: on its pitch, or with the melody of speech about it; one song in seven is talk.

    `singer`: language, and how much smaller than the voice's own the throat is.
    """
    language, scale = singer
    out = np.zeros(round(plan.seconds * RATE_HZ))
    flat, talks, sways = bool(rng.random() < 0.6), bool(rng.random() < 0.15), rng.uniform(0, 0.6)
    words = _WORDS[language].split()
    for note in notes:
        wanted_hz = _SPOKEN_HZ * scale if talks else hz_of(note.pitch)
        wanted_hz *= 2.0 ** max(0, np.ceil(np.log2(150 * scale / wanted_hz)))
        sound = _word(language, str(rng.choice(words)), wanted_hz / scale, note.length_s * scale)
        sound = _tuned(sound, wanted_hz, sways if flat and not talks else 0.0, flat=flat and not talks)
        sound = sound[: round(note.length_s * 1.1 * RATE_HZ)].copy() if rng.random() < 0.5 else sound
        ramp = min(len(sound) // 3, 1000)
        sound[len(sound) - ramp :] *= np.linspace(1, 0, ramp)
        lay(out, sound * (rng.uniform(0.6, 1) / (np.sqrt(np.mean(sound**2)) + 1e-6)), round(note.start_s * RATE_HZ))
    return out


def _word(language: str, word: str, hz: float, length_s: float) -> Mono:
    """A word spoken near a pitch and about as long as asked."""
    pitch = int(np.clip(100 * hz / _SPOKEN_HZ, 55, 195) // 5 * 5)
    usual_s = len(_spoken(language, word, pitch, 100)) / RATE_HZ
    return _spoken(language, word, pitch, int(np.clip(100 * usual_s / max(length_s, 0.15), 30, 180) // 10 * 10))


@cache
def _spoken(language: str, word: str, pitch: int, speed: int) -> Mono:
    text = f'<pitch level="{pitch}"><speed level="{speed}">{word}</speed></pitch>'
    return speech([program("pico2wave", "libttspico-utils"), "-l", language, "-w", "{wave}", text])


def _tuned(sound: Mono, hz: float, sway: float, *, flat: bool) -> Mono:
    """Played faster or slower so that its pitch is `hz` throughout (`flat`) or in its mean, or an octave of it."""
    heights, level = _pitches(sound)
    voiced = heights > 0
    if not voiced.any():
        return sound.copy()
    mean_hz = float(np.exp(np.average(np.log(heights[voiced]), weights=level[voiced])))
    hz = float(hz / 2.0 ** np.round(np.log2(hz / mean_hz)))
    t = np.arange(len(sound)) / RATE_HZ
    if flat:
        known = np.flatnonzero(voiced) * _HOP + _HOP * 2
        own_hz = np.exp(np.interp(np.arange(len(sound)), known, np.log(heights[voiced])))
    else:
        own_hz = np.full(len(sound), mean_hz)
    swaying = 2 ** (sway / 12 * np.sin(2 * np.pi * 5.4 * t) * np.minimum(t * 3, 1))
    until = np.cumsum(np.clip(own_hz / (hz * swaying), 0.5, 2))
    bent: Mono = np.interp(np.arange(0, until[-1]), until, sound)
    return bent


_HOP, _WINDOW = 512, 2048


def _pitches(sound: Mono) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(Hz or 0 where there is no voice, power) of each window, by autocorrelation from 80 to 500 Hz."""
    starts = range(0, max(1, len(sound) - _WINDOW), _HOP)
    padded = np.pad(sound, (0, _WINDOW))
    pieces = np.stack([padded[start : start + _WINDOW] for start in starts]) * np.hanning(_WINDOW)
    alike = np.fft.irfft(np.abs(np.fft.rfft(pieces, 2 * _WINDOW)) ** 2)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(_WINDOW), 2 * _WINDOW)) ** 2)
    low, high = RATE_HZ // 500, RATE_HZ // 80
    shares = alike[:, low:high] / np.maximum(window[low:high] / window[0], 1e-9)
    best = shares.argmax(axis=1)
    clear = shares.max(axis=1) > 0.5 * alike[:, 0]
    return np.where(clear, RATE_HZ / (low + best), 0.0), alike[:, 0] + 1e-12
