"""`composition.json`: what was written, as plain numbers. Times are seconds, to a millisecond.

version          1
genre, seed      as asked for; `loop`, whether the end leads into the beginning
duration_s       length of the audio
key, scale       of the main section ("A minor", for ragas "C# Yaman"), and the names of all pitch classes used
tempo_bpm        and `beats_per_bar`, `swing` (0 straight to 1 triplets)
beats, downbeats downbeats begin bars
chords           [{start_s, end_s, label "Am7/G", root, quality, bass}]
sections         [{start_s, length_s, emotion, energy 0 to 1, key, version, instruments}] of the track
parts            [{name, instrument, stem, notes}] of the track
instruments      [version][section] lists of "<stem>-<instrument>"
lufs             loudness of the track, and `true_peak_dbtp`; null for silence
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gpu_workers.composition import theory
from gpu_workers.composition.groups import grouped, heard
from gpu_workers.composition.score import Chord, Score
from patchbay.catalog.composition import PARTS

VERSION = 1


def composition(
    score: Score,
    choice: Sequence[int],
    instruments: Sequence[Sequence[Sequence[str]]],
    *,
    lufs: float,
    true_peak_dbtp: float,
) -> Mapping[str, Any]:
    """The whole document of a track, `choice` being the version of each of its sections."""
    return {
        "version": VERSION,
        "genre": score.genre,
        "seed": score.seed,
        "loop": score.loop,
        "duration_s": score.duration_s,
        "key": score.key,
        "scale": [theory.names_in(score.key)[pitch_class] for pitch_class in score.scale],
        "tempo_bpm": tempo_bpm(score),
        "beats_per_bar": score.beats_per_bar,
        "swing": round(score.swing, 3),
        "beats": _times(score, score.beats),
        "downbeats": _times(score, score.bars),
        "chords": [_chord(score, chord) for chord in score.chords],
        "sections": _sections(score, choice),
        "parts": [
            {"name": part.name, "instrument": part.instrument, "stem": name, "notes": len(part.notes)}
            for name in PARTS
            for part in grouped(score)[name]
        ],
        "instruments": instruments,
        "lufs": _level(lufs),
        "true_peak_dbtp": _level(true_peak_dbtp),
    }


def tempo_bpm(score: Score) -> float:
    """Beats per minute, to a thousandth."""
    return round(score.tempo_bpm, 3)


def _time(score: Score, beats: float) -> float:
    return round(min(max(score.seconds(beats), 0.0), score.duration_s), 3)


def _times(score: Score, beats: Iterable[float]) -> list[float]:
    """Those that lie in the piece."""
    return [_time(score, beat) for beat in beats if score.seconds(beat) < score.duration_s - 1e-3]


def _chord(score: Score, chord: Chord) -> dict[str, Any]:
    names = theory.names_in(score.key)
    return {
        "start_s": _time(score, chord.start_beats),
        "end_s": _time(score, chord.start_beats + chord.duration_beats),
        "label": theory.chord_symbol(chord.root, chord.quality, chord.bass, names),
        "root": names[chord.root],
        "quality": chord.quality,
        "bass": names[chord.bass],
    }


def _sections(score: Score, choice: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": _time(score, section.start_beats),
            "length_s": round(score.seconds(section.duration_beats), 3),
            "emotion": section.emotion,
            "energy": round(section.energy, 3),
            "key": section.key,
            "version": version,
            "instruments": instruments,
        }
        for section, version, instruments in zip(score.sections, choice, heard(score), strict=True)
    ]


def _level(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None
