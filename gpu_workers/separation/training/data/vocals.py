"""Voices of a song: a lead, and what may stand around it. Each is a track of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from gpu_workers.separation.training.data import singing, speech, tracts, vocoder
from gpu_workers.separation.training.data.plans import RATE_HZ, Plan, fitted, lay
from gpu_workers.separation.training.data.singing import Habits, Sung
from gpu_workers.separation.training.data.vocoder import BIN_HZ, BINS, HOP, Throat

Sound = npt.NDArray[np.float32]

_ONSET = round(0.16 * RATE_HZ / HOP)
"""Frames of a word before its vowel, and after it, that are kept."""


@dataclass(frozen=True)
class Voice:
    """A track of voices: mono (frames,) or stereo (2, frames), and what it was made with."""

    source: str
    sound: Sound


@dataclass(frozen=True)
class Cast:
    """Who may sing: whether in held-out songs, and which engines of speech there are."""

    held: bool
    engines: Sequence[str]

    def speaker(self, rng: np.random.Generator, *, whispers: bool = False) -> speech.Speaker:
        """One of the engines' voices."""
        engines = ("espeak",) if whispers else self.engines
        return speech.random_speaker(rng, held=self.held, whispers=whispers, engines=engines)


Singer = Callable[[np.random.Generator, Sequence[Sung], Plan], Sound]
"""Sings notes, with its own throat and words: mono, as long as the plan."""


def random_voices(rng: np.random.Generator, plan: Plan, *, held: bool, engines: Sequence[str]) -> list[Voice]:
    """The lead and, often, doubles, harmonies, a choir or calls. Only `engines` of speech are used, if any.

    Raises MissingProgramError.
    """
    cast = Cast(held, engines)
    kinds, shares = ["tract", "words", "rap", "raw", "whisper", "chopped"], [0.29, 0.29, 0.1, 0.22, 0.03, 0.07]
    kind = str(rng.choice(kinds, p=shares)) if engines else "tract"
    kind = "raw" if kind == "whisper" and "espeak" not in engines else kind
    if kind in {"rap", "whisper", "raw"}:
        lead = _SPOKEN[kind](rng, plan, cast)
        return [lead, *_around(rng, plan, cast)]
    name, scale, singer = _singer(rng, cast, words=kind == "words" or (kind == "chopped" and bool(rng.integers(2))))
    notes = singing.melody(rng, plan, singing.range_of(rng, scale))
    sound = singer(rng, notes, plan)
    if kind == "chopped":
        return [Voice(f"chopped {name}", _chopped(rng, sound, plan)), *_around(rng, plan, cast)]
    return [Voice(name, sound), *_backing(rng, name, singer, notes, plan), *_around(rng, plan, cast)]


def _singer(rng: np.random.Generator, cast: Cast, *, words: bool) -> tuple[str, float, Singer]:
    """(name, scale of the throat, singer)."""
    habits, throat = singing.random_habits(rng), singing.random_throat(rng)
    if words:
        speaker = cast.speaker(rng)
        known = speech.words(rng, speaker, int(rng.integers(5, 13)))
        scale = float(rng.uniform(0.85, 1.25))
        known = speech.cleared(known, float(rng.choice([1.0, rng.uniform(1, 5)])))
        name = f"{speaker.engine} {speaker.name}"
        return name, scale, _of_words(known, scale, float(rng.uniform(-4, 4)), habits, throat)
    tract = tracts.random_tract(rng)
    return f"tract {tract.scale:.2f}", tract.scale, _of_tract(tract, habits, throat)


def _of_tract(tract: tracts.Tract, habits: Habits, throat: Throat) -> Singer:
    """A singer of syllables of chance."""

    def sing(rng: np.random.Generator, notes: Sequence[Sung], plan: Plan) -> Sound:
        frames = round(plan.seconds * RATE_HZ) // HOP + 1
        where = tracts.track(tract)
        said = tracts.random_words(rng, max(len(notes), 1))
        breath_db = float(rng.choice([-60.0, rng.uniform(-30, -14)]))
        breaths = []
        for number, (note, syllable) in enumerate(zip(notes, said, strict=False)):
            if note.first and breath_db > -50:
                start_s = note.start_s - 0.4 - tracts.onset_s(syllable)
                if start_s > (notes[number - 1].end_s if number else 0.0):
                    tracts.breathe(where, start_s, 0.32, breath_db)
                    breaths.append((start_s, start_s + 0.34))
            later_s = notes[number + 1].start_s if number + 1 < len(notes) else plan.seconds
            tracts.sing(where, syllable, note.start_s, min(note.end_s, later_s), float(rng.uniform(0.3, 1)))
        log_filter, noisy = tracts.filters(where, frames)
        pitch_hz = singing.pitch_curve(rng, notes, habits, frames)
        level = singing.level_curve(rng, notes, habits, frames, 0.13)
        t = np.arange(frames) * HOP / RATE_HZ
        for start_s, end_s in breaths:
            level = np.maximum(level, (t > start_s) & (t < end_s))
        return _peaked(vocoder.sound(rng, log_filter, noisy, pitch_hz, level, throat), plan)

    return sing


def _of_words(known: list[speech.Word], scale: float, tilt_db: float, habits: Habits, throat: Throat) -> Singer:
    """A singer of spoken words: their vowels are stretched, their formants moved by `scale`."""

    def sing(rng: np.random.Generator, notes: Sequence[Sung], plan: Plan) -> Sound:
        frames = round(plan.seconds * RATE_HZ) // HOP + 1
        log_filter = np.full((frames, BINS), -12.0, np.float32)
        noisy = np.ones((frames, BINS), np.float32)
        for number, note in enumerate(notes):
            word = known[int(rng.integers(len(known)))]
            later_s = notes[number + 1].start_s if number + 1 < len(notes) else plan.seconds
            picked = _stretched(word, round(min(note.length_s, later_s - note.start_s) * RATE_HZ / HOP))
            first = round(note.start_s * RATE_HZ / HOP) - min(word.vowel[0], _ONSET)
            inside = (np.arange(len(picked)) + first >= 0) & (np.arange(len(picked)) + first < frames)
            places = np.arange(len(picked))[inside] + first
            log_filter[places] = word.log_filter[picked[inside]]
            noisy[places] = word.noisy[picked[inside]]
        log_filter, noisy = _scaled(log_filter, scale), _scaled(noisy, scale)
        octaves = np.log2(np.maximum(np.arange(BINS) * BIN_HZ, 300) / 300)
        log_filter += (tilt_db * np.log(10) / 20 * octaves).astype(np.float32)
        pitch_hz = singing.pitch_curve(rng, notes, habits, frames)
        level = singing.level_curve(rng, notes, habits, frames, 0.17)
        return _peaked(vocoder.sound(rng, log_filter, noisy, pitch_hz, level, throat), plan)

    return sing


def _stretched(word: speech.Word, frames: int) -> npt.NDArray[np.int64]:
    """Which frames of the word to take in turn, so that its vowel and what follows last `frames`."""
    start, end = word.vowel
    count = len(word.log_filter)
    onset = np.arange(max(0, start - _ONSET), start)
    tail = np.arange(end, min(count, end + _ONSET))
    tail = tail[: max(frames // 3, 0)]
    middle = np.linspace(start, end - 1, max(frames - len(tail), 2)).round().astype(np.int64)
    return np.concatenate([onset, middle, tail]).astype(np.int64)


def _scaled(values: vocoder.Spectra, scale: float) -> vocoder.Spectra:
    """Spectra whose every frequency is multiplied by `scale`."""
    at = np.clip(np.arange(BINS) / scale, 0, BINS - 1.001)
    low = at.astype(np.int64)
    share = (at - low).astype(np.float32)
    return np.asarray(values[:, low] * (1 - share) + values[:, low + 1] * share, np.float32)


def _peaked(sound: Sound, plan: Plan) -> Sound:
    out = fitted(sound, round(plan.seconds * RATE_HZ))
    return np.asarray(out / max(float(np.abs(out).max()), 1e-9), np.float32)


def _backing(rng: np.random.Generator, name: str, singer: Singer, notes: Sequence[Sung], plan: Plan) -> list[Voice]:
    """Doubles of the lead and harmonies with it, sung anew."""
    out = []
    if rng.random() < 0.3:
        late_s = rng.uniform(-0.015, 0.03)
        again = [replace(n, start_s=max(0.0, n.start_s + late_s + rng.normal(0, 0.01))) for n in notes]
        out.append(Voice(f"{name} doubled", singer(rng, again, plan)))
    if rng.random() < 0.25:
        degrees = int(rng.choice([2, 2, -3, 4, len(plan.scale), -len(plan.scale)]))
        high = singing.transposed(notes, plan, degrees)
        out.append(Voice(f"{name} harmony", singer(rng, high, plan)))
    return out


def _around(rng: np.random.Generator, plan: Plan, cast: Cast) -> list[Voice]:
    """A choir on the chords, or a second voice's calls."""
    if rng.random() > 0.22:
        return []
    frames = round(plan.seconds * RATE_HZ)
    out = np.zeros((2, frames), np.float32)
    if rng.random() < 0.3:
        _, scale, singer = _singer(rng, cast, words=False)
        calls = singing.melody(rng, plan, singing.range_of(rng, scale) + 5)
        return [Voice("calls", singer(rng, [n for n in calls if rng.random() < 0.5], plan))]
    for part in range(int(rng.integers(3, 6))):
        tract = tracts.random_tract(rng)
        singer = _of_tract(tract, singing.random_habits(rng), singing.random_throat(rng))
        low = int(rng.choice([45, 50, 55, 60, 64]))
        notes = [
            Sung(plan.at_s(bar, 0), plan.bar_s * 0.97, float(plan.near(chord + 2 * (part % 3), low)), bar % 2 == 0)
            for bar, chord in enumerate(plan.chords)
        ]
        angle = np.pi / 4 * (1 + rng.uniform(-0.9, 0.9))
        out += singer(rng, notes, plan) * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
    return [Voice("choir", out / max(float(np.abs(out).max()), 1e-9))]


def _chopped(rng: np.random.Generator, sound: Sound, plan: Plan) -> Sound:
    """A few slices of a voice, played again and again in a rhythm, some faster."""
    out, bar_frames = np.zeros_like(sound), plan.bar_s * RATE_HZ
    heard = np.flatnonzero(np.abs(sound) > 0.1)
    slices = []
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.choice(heard)) if len(heard) else 0
        piece = sound[start : start + round(rng.uniform(0.08, 0.5) * RATE_HZ)].copy()
        faster = float(rng.choice([1.0, 1.0, 0.75, 1.26, 1.5, 2.0]))
        piece = np.interp(np.arange(0, max(len(piece) - 1, 1), faster), np.arange(len(piece)), piece)
        ramp = min(400, len(piece) // 2)
        piece[:ramp] *= np.linspace(0, 1, ramp)
        piece[len(piece) - ramp :] *= np.linspace(1, 0, ramp)
        slices.append(piece.astype(np.float32))
    pattern = [(int(step), int(rng.integers(len(slices)))) for step in rng.choice(plan.steps, 5)]
    for bar in range(len(plan.chords)):
        if bar % 4 == 3 and rng.random() < 0.5:
            continue
        for step, which in pattern:
            lay(out, slices[which], round(bar * bar_frames + step * plan.beat_s / 4 * RATE_HZ))
    return np.asarray(out / max(float(np.abs(out).max()), 1e-9), np.float32)


def _rap(rng: np.random.Generator, plan: Plan, cast: Cast) -> Voice:
    """Lines of speech on the beats, one a bar or two, with the pitch of speech."""
    speaker = cast.speaker(rng)
    out = np.zeros(round(plan.seconds * RATE_HZ), np.float32)
    bars = int(rng.choice([1, 2]))
    for bar in range(int(rng.choice([0, 1, 2])), len(plan.chords), bars):
        if rng.random() < 0.15:
            continue
        count = max(2, round(plan.bar_s * bars * rng.uniform(1.2, 2.4)))
        line = speech.sentence(rng, speaker, count, int(rng.integers(140, 260)))
        most = round(plan.bar_s * bars * 1.02 * RATE_HZ)
        lay(out, line[:most], round(plan.at_s(bar, float(rng.choice([0, 0, 2]))) * RATE_HZ))
    return Voice(f"rap {speaker.engine} {speaker.name}", _peaked(out, plan))


def _whisper(rng: np.random.Generator, plan: Plan, cast: Cast) -> Voice:
    speaker = cast.speaker(rng, whispers=True)
    out = np.zeros(round(plan.seconds * RATE_HZ), np.float32)
    for bar in range(0, len(plan.chords), 2):
        line = speech.sentence(rng, speaker, int(rng.integers(2, 6)), int(rng.integers(90, 160)))
        lay(out, line, round(plan.at_s(bar, 0) * RATE_HZ))
    return Voice(f"whisper {speaker.engine} {speaker.name}", _peaked(out, plan))


def _raw(rng: np.random.Generator, plan: Plan, cast: Cast) -> Voice:
    """Words as spoken, each in the take nearest to its note and brought there by playing it faster or slower."""
    speaker = cast.speaker(rng)
    known = speech.takes(rng, speaker, int(rng.integers(4, 9)), flat=bool(rng.random() < 0.65))
    heights = [[_pitch_hz(sound) for sound in word] for word in known]
    out = np.zeros(round(plan.seconds * RATE_HZ), np.float32)
    low = int(rng.integers(43, 60))
    vibrato = float(rng.choice([0.0, rng.uniform(0.1, 0.6)]))
    for note in singing.melody(rng, plan, low, 7):
        which = int(rng.integers(len(known)))
        wanted_hz = 440 * 2 ** ((note.pitch - 69) / 12)
        apart = np.log2(wanted_hz / np.array(heights[which]))
        take = int(np.argmin(np.abs(apart)))
        # More than half an octave off, the nearest octave of the note will do.
        faster = float(2.0 ** (apart[take] - (np.round(apart[take]) if abs(apart[take]) > 0.5 else 0)))
        word = known[which][take]
        count = min(round(note.length_s * 1.1 * RATE_HZ), int(len(word) / faster) - 1)
        t = np.arange(max(count, 2)) / RATE_HZ
        sway_s = vibrato * np.log(2) / 12 / (2 * np.pi * 5.5) * np.minimum(t * 3, 1)
        places = (t + sway_s * np.sin(2 * np.pi * 5.5 * t)) * faster * RATE_HZ
        piece = np.interp(places, np.arange(len(word)), word)
        ramp = min(len(piece) // 3, 900)
        piece[len(piece) - ramp :] *= np.linspace(1, 0, ramp)
        piece *= rng.uniform(0.6, 1)
        lay(out, piece.astype(np.float32), round(note.start_s * RATE_HZ))
    return Voice(f"raw {speaker.engine} {speaker.name}", _peaked(out, plan))


def _pitch_hz(sound: Sound) -> float:
    """The pitch of a word spoken on one, by autocorrelation from 60 to 400 Hz."""
    alike = np.fft.irfft(np.abs(np.fft.rfft(sound, 1 << 17)) ** 2)
    smooth = lfilter(np.ones(5) / 5, [1], alike)
    low, high = RATE_HZ // 400, RATE_HZ // 60
    return RATE_HZ / float(low + int(np.argmax(smooth[low:high])) - 2)


_SPOKEN: dict[str, Callable[[np.random.Generator, Plan, Cast], Voice]] = {"rap": _rap, "whisper": _whisper, "raw": _raw}
