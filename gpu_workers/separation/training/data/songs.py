"""One song from its number: who plays what, and the tracks that come of it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data import (
    basses,
    composed,
    fonts,
    grooves,
    held_notes,
    kits,
    lines,
    patches,
    speech,
    vocals,
)
from gpu_workers.separation.training.data.plans import RATE_HZ, Plan, Stereo, choose, random_plan

SECONDS = 24.0
HELD_EVERY = 8
"""Every eighth song is held out."""
VOICES_ALONE = "voices"
"""The genre of songs that hold nothing but voices, for the mixing to put over the music of others."""
BED = "bed"
"""What the sources of noise beds begin with; they lie lower than what is played."""
NEEDS: dict[str, Callable[[], None]] = {"soundfonts": fonts.check, "espeak": speech.check, "pico": speech.check_pico}
"""Sources that need programs, by the name that `--without` takes, and what raises where they are missing."""

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Track:
    """A part: its stem, what plays it, and its sound, mono (frames,) or stereo (2, frames)."""

    stem: str
    source: str
    sound: Sound


@dataclass(frozen=True)
class Song:
    """A song's tracks and what others must know to be mixed with it."""

    number: int
    held: bool
    plan: Plan
    genre: str
    tracks: list[Track]


def is_held(number: int) -> bool:
    """Whether a song is kept out of training."""
    return number % HELD_EVERY == HELD_EVERY - 1


def make(seed: int, number: int, *, without: Collection[str] = (), seconds: float = SECONDS) -> Song:
    """Song `number` of a pool's seed: the same for the same seed, number and `without`.

    Raises MissingProgramError.
    """
    rng = np.random.default_rng([seed, number, 41])
    held, sampled = is_held(number), "soundfonts" not in without
    manner = rng.random()
    if manner < 0.2:
        plan, genre, tracks = random_plan(rng, seconds), VOICES_ALONE, []
    elif manner < 0.45:
        piece = composed.composition(rng, seconds, sounded=bool(rng.random() < 0.7))
        plan, genre = piece.plan, piece.genre
        tracks = [_line(rng, line, plan, held=held, sampled=sampled) for line in piece.lines]
        if not any(track.stem == "bass" for track in tracks) and rng.random() < 0.6:
            keys = lines.bass_line(rng, plan, int(rng.integers(31, 44)))
            tracks.append(_bass(rng, keys, plan, held=held, sampled=sampled))
    else:
        plan, genre = random_plan(rng, seconds), "written"
        tracks = _written(rng, plan, held=held, sampled=sampled)
    engines = tuple(name for name in speech.ENGINES if name not in without)
    sung = genre == VOICES_ALONE or rng.random() < 0.93
    for voice in vocals.random_voices(rng, plan, held=held, engines=engines) if sung else []:
        tracks.append(Track("vocals", voice.source, _produced(rng, voice.sound, plan)))
    if genre != VOICES_ALONE and rng.random() < 0.1:
        kind, noise = held_notes.bed(rng, plan.seconds)
        tracks.append(Track("other", f"{BED} {kind}", noise))
    return Song(number, held, plan, genre, [track for track in tracks if track.sound.any()])


def _line(rng: np.random.Generator, line: composed.Line, plan: Plan, *, held: bool, sampled: bool) -> Track:
    """A part of a composition: as it was sounded, or played by another instrument."""
    if line.sound is not None and rng.random() < 0.85:
        return Track(line.stem, f"composer {line.instrument}", line.sound)
    if line.stem == "drums":
        return _drums(rng, line.keys, plan, held=held, sampled=sampled)
    if line.stem == "bass":
        return _bass(rng, line.keys, plan, held=held, sampled=sampled)
    chordal = len(line.keys) > 1.8 * len({round(key.start_s, 2) for key in line.keys})
    return _other(rng, line.keys, plan, chordal=chordal, held=held, sampled=sampled)


def _written(rng: np.random.Generator, plan: Plan, *, held: bool, sampled: bool) -> list[Track]:
    """Drums and bass, mostly, and one to five other parts."""
    tracks = []
    if rng.random() < 0.94:
        tracks.append(_drums(rng, grooves.groove(rng, plan), plan, held=held, sampled=sampled))
    if rng.random() < 0.94:
        keys = lines.bass_line(rng, plan, int(rng.integers(31, 44)))
        tracks.append(_bass(rng, keys, plan, held=held, sampled=sampled))
    for number in range(int(rng.choice([1, 2, 3, 4, 5], p=[0.1, 0.3, 0.3, 0.2, 0.1]))):
        chordal = bool(rng.random() < (0.75 if number == 0 else 0.5))
        writers = lines.CHORDAL if chordal else lines.LINEAR
        centre = int(rng.integers(48, 70)) if chordal else int(rng.integers(52, 80))
        keys = writers[int(rng.integers(len(writers)))](rng, plan, centre)
        tracks.append(_other(rng, keys, plan, chordal=chordal, held=held, sampled=sampled))
    return tracks


def _drums(rng: np.random.Generator, keys: list[Key], plan: Plan, *, held: bool, sampled: bool) -> Track:
    if sampled and rng.random() < 0.5:
        font, kit = _font(rng), choose(rng, fonts.KITS, held=held)
        return Track("drums", f"{font.name} kit {kit}", fonts.play(keys, font, kit, plan.seconds, drums=True))
    return Track("drums", "own kit", kits.play(rng, keys, plan.seconds))


def _bass(rng: np.random.Generator, keys: list[Key], plan: Plan, *, held: bool, sampled: bool) -> Track:
    if sampled and rng.random() < 0.5:
        font, program = _font(rng), choose(rng, fonts.BASSES, held=held)
        sound = fonts.play(keys, font, program, plan.seconds).mean(axis=0)
        return Track("bass", f"{font.name} {program}", np.asarray(_amplified(rng, sound), np.float32))
    kind, own = basses.play(rng, keys, plan.seconds)
    return Track("bass", f"own {kind}", own)


def _other(rng: np.random.Generator, keys: list[Key], plan: Plan, *, chordal: bool, held: bool, sampled: bool) -> Track:
    if sampled and rng.random() < 0.5:
        font, program = _font(rng), choose(rng, fonts.CHORDAL if chordal else fonts.LINEAR, held=held)
        stereo = fonts.play(keys, font, program, plan.seconds)
        name = f"{font.name} {program}"
    elif rng.random() < 0.35:
        stereo, name = held_notes.play(rng, keys, plan.seconds), "own held"
    else:
        patch = patches.random_patch(rng)
        stereo, name = _bodied(rng, patches.play(patch, keys, plan.seconds)), f"own {patch.kind}"
    return Track("other", name, _effected(rng, stereo, plan))


def _font(rng: np.random.Generator) -> fonts.Font:
    return fonts.FONTS[int(rng.integers(len(fonts.FONTS)))]


def _bodied(rng: np.random.Generator, mono: Sound) -> Sound:
    """Through a body or a cabinet of chance: a few resonances that stay where they are, whatever the note."""
    out = mono.astype(np.float64)
    for _ in range(int(rng.integers(0, 4))):
        centre_hz = float(np.exp(rng.uniform(np.log(150), np.log(5000))))
        edges = (centre_hz / rng.uniform(1.05, 1.5), min(centre_hz * rng.uniform(1.05, 1.5), 18_000))
        body = sosfilt(butter(1, edges, "bandpass", fs=RATE_HZ, output="sos"), out)
        out = out + rng.uniform(-0.7, 2.0) * body
    return np.asarray(out, np.float32)


def _amplified(rng: np.random.Generator, sound: Sound) -> Sound:
    """Driven, now and then, and dark behind a loudspeaker: what an amplifier does."""
    if rng.random() > 0.2:
        return sound
    drive = float(np.exp(rng.uniform(np.log(1.5), np.log(40))))
    loud = np.tanh(sound / max(float(np.abs(sound).max()), 1e-9) * drive)
    edges = (float(rng.uniform(60, 120)), float(rng.uniform(3000, 7000)))
    return np.asarray(sosfilt(butter(2, edges, "bandpass", fs=RATE_HZ, output="sos"), loud), np.float32)


def _effected(rng: np.random.Generator, sound: Sound, plan: Plan) -> Sound:
    """Amplifier, tremolo, chorus and echoes, each now and then. Mono stays mono where nothing widens it."""
    out = _amplified(rng, sound)
    t = np.arange(out.shape[-1]) / RATE_HZ
    if rng.random() < 0.08:
        hz = rng.uniform(2, 8) if rng.random() < 0.5 else 1 / plan.beat_s * float(rng.choice([1, 2, 4]))
        out = out * (1 - rng.uniform(0.2, 0.9) * (0.5 + 0.5 * np.sin(2 * np.pi * hz * t))).astype(np.float32)
    if rng.random() < 0.2:
        out = _chorus(rng, out)
    if rng.random() < 0.15:
        time_s = plan.beat_s * float(rng.choice([0.5, 0.75, 1.0, 1.5]))
        out = _echoes(out, round(time_s * RATE_HZ), rng.uniform(0.15, 0.5))
    return np.asarray(out, np.float32)


def _produced(rng: np.random.Generator, voice: Sound, plan: Plan) -> Sound:
    """A voice through what studios do to voices: drive, a telephone, a chorus, echoes; most go through none."""
    out = voice
    if rng.random() < 0.1:
        out = np.tanh(out * np.float32(np.exp(rng.uniform(np.log(1.5), np.log(12)))))
    if rng.random() < 0.07:
        edges = (float(rng.uniform(150, 500)), float(rng.uniform(2200, 6000)))
        out = sosfilt(butter(2, edges, "bandpass", fs=RATE_HZ, output="sos"), out)
    if rng.random() < 0.12:
        out = _chorus(rng, np.asarray(out, np.float32))
    if rng.random() < 0.2:
        late_s = plan.beat_s * float(rng.choice([0.25, 0.5, 0.75, 1.0]))
        late_s = float(rng.uniform(0.06, 0.14)) if rng.random() < 0.3 else late_s
        out = _echoes(np.asarray(out, np.float32), round(late_s * RATE_HZ), rng.uniform(0.1, 0.45))
    return np.asarray(out, np.float32)


def _chorus(rng: np.random.Generator, sound: Sound) -> Stereo:
    """Two copies whose delay sways, one on each side."""
    mono = sound if sound.ndim == 1 else sound.mean(axis=0)
    at = np.arange(len(mono), dtype=np.float64)
    depth, delay, hz = rng.uniform(0.0004, 0.004), rng.uniform(0.006, 0.025), rng.uniform(0.15, 1.5)
    sides = []
    for turn in (0.0, float(rng.uniform(0.2, 0.8))):
        late_s = delay + depth * np.sin(2 * np.pi * (hz * at / RATE_HZ + turn))
        sides.append(np.interp(at - late_s * RATE_HZ, at, mono))
    wet = np.stack(sides).astype(np.float32)
    return np.asarray(mono * np.float32(rng.uniform(0.4, 1)) + wet * np.float32(rng.uniform(0.4, 1)), np.float32)


def _echoes(sound: Sound, late: int, kept: float) -> Sound:
    """With repeats every `late` frames, each `kept` of the one before."""
    echoes = np.copy(sound)
    for number in range(1, 7):
        if number * late < sound.shape[-1]:
            echoes[..., number * late :] += kept**number * sound[..., : -number * late]
    return echoes
