"""Which notes sound: activations of notes in a spectrogram of long windows, and the pitch classes of bass and rest.

As in Mauch and Dixon, "Approximate note transcription for the improved identification of difficult chords", ISMIR 2010:
a spectrum on a logarithmic axis, whitened, is explained by spectra of notes with overtones. The notes' spectra are made
with the same window, so that a low note's blur is known, and all frames are solved at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage
from scipy.signal import get_window, resample_poly

from gpu_workers.audio.spectra import Series

_DECIMATION = 4
RATE_HZ = 22050 / _DECIMATION
WINDOW_FRAMES = 2048
"""0.37 s, for two semitones at 55 Hz are 7 Hz apart."""
_HOP_FRAMES = 512
FRAME_S = _HOP_FRAMES / RATE_HZ

LOWEST_NOTE, HIGHEST_NOTE = 28, 91
"""MIDI numbers: the bass's lowest E, and the G three octaves over that of a violin."""
_STEPS = 3
"""Parts of a semitone."""
_TOP_NOTE = 98
_OVERTONES, _DECAY = 12, 0.7
_ROUNDS = 25
_BASS_UP_TO, _REST_FROM = 53, 49
_BLOCK = 1024

_SILENT = 1e-3
"""Root of the power of a frame of white noise at -118 dBFS."""


@dataclass(frozen=True)
class Pitches:
    """A value each `FRAME_S`, frame t centred on t * `FRAME_S`."""

    notes: Series
    """How much of each note from `LOWEST_NOTE` to `HIGHEST_NOTE` (frames, 64), compressed; about 1 for a loud one."""
    bass: Series
    """Pitch classes from C (frames, 12) of low notes."""
    rest: Series
    """And of the others."""
    level_db: Series
    """Level of each frame (frames,) against the loud ones of the piece."""
    tuning: float
    """Semitones from A at 440 Hz, -0.5 to 0.5."""
    places: npt.NDArray[np.complex128]
    """Where each frame's peaks lie within their semitones (frames,): a sum of vectors, one turn a semitone."""
    weights: npt.NDArray[np.float64]
    """The sum of those vectors' lengths (frames,)."""


def pitches(samples: Series, pulse: Callable[[], None] = lambda: None) -> Pitches:
    """Of a mono signal (n,) at 22,050 Hz. `pulse` is called about once a second of work, and may raise."""
    low = resample_poly(samples, 1, _DECIMATION).astype(np.float32) if len(samples) else samples
    magnitude = _magnitudes(low, pulse)
    places, weights = _places(magnitude)
    tuning = float(np.angle(places.sum()) / (2 * np.pi))
    notes = np.concatenate([_explained(part, tuning) for part in _parts(magnitude, pulse)])
    energy = np.sqrt(np.einsum("ij,ij->i", magnitude, magnitude))
    loud = float(np.quantile(energy, 0.9))
    level_db = np.where(energy > _SILENT, 20 * np.log10(np.maximum(energy, 1e-12) / max(loud, _SILENT)), -120.0)
    numbers = np.arange(LOWEST_NOTE, HIGHEST_NOTE + 1)
    share = np.clip((_BASS_UP_TO - numbers) / (_BASS_UP_TO - _REST_FROM), 0, 1).astype(np.float32)
    bass, rest = _folded(notes * share), _folded(notes * (1 - share))
    return Pitches(notes, bass, rest, level_db.astype(np.float32), tuning, places, weights)


def _places(magnitude: Series) -> tuple[npt.NDArray[np.complex128], npt.NDArray[np.float64]]:
    """Sums for each frame of vectors that turn once a semitone, one for each peak of (frames, bins); and the sums of
    their lengths, each the root of the peak's size.
    """
    first, last = round(150 * WINDOW_FRAMES / RATE_HZ), round(1200 * WINDOW_FRAMES / RATE_HZ)
    left, middle, right = (magnitude[:, first + k : last + k] for k in (-1, 0, 1))
    loud = float(np.quantile(magnitude.max(axis=1), 0.5)) * 0.05
    frame, column = np.nonzero((middle > left) & (middle >= right) & (middle > loud))
    a, b, c = (np.log(part[frame, column] + 1e-12).astype(np.float64) for part in (left, middle, right))
    hz = (first + column + 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9)) * RATE_HZ / WINDOW_FRAMES
    length = np.sqrt(middle[frame, column].astype(np.float64))
    vectors = np.zeros(len(magnitude), np.complex128)
    np.add.at(vectors, frame, length * np.exp(2j * np.pi * 12 * np.log2(hz / 440)))
    return vectors, np.bincount(frame, length, len(magnitude)).astype(np.float64)


def _magnitudes(samples: Series, pulse: Callable[[], None]) -> Series:
    """(frames, bins up to `_TOP_NOTE`)."""
    count = round(len(samples) / _HOP_FRAMES) + 1
    padded = np.zeros((count - 1) * _HOP_FRAMES + WINDOW_FRAMES, np.float32)
    half = WINDOW_FRAMES // 2
    kept = samples[: len(padded) - half]
    padded[half : half + len(kept)] = kept
    view = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_FRAMES)[::_HOP_FRAMES]
    window = get_window("hann", WINDOW_FRAMES).astype(np.float32)
    bins = _bins()
    out = np.empty((count, bins), np.float32)
    for begin in range(0, count, _BLOCK):
        spectrum = cast(npt.NDArray[np.complex64], fft.rfft(view[begin : begin + _BLOCK] * window, axis=1))
        out[begin : begin + _BLOCK] = np.abs(spectrum[:, :bins])
        pulse()
    return out


def _parts(magnitude: Series, pulse: Callable[[], None]) -> Iterator[Series]:
    for begin in range(0, len(magnitude), _BLOCK):
        pulse()
        yield magnitude[begin : begin + _BLOCK]


def _bins() -> int:
    return int(_hz(_TOP_NOTE + 1) * WINDOW_FRAMES / RATE_HZ) + 2


def _hz(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _on_a_log_axis(magnitude: Series, tuning: float) -> Series:
    """Interpolated at `_STEPS` places in each semitone (frames, places)."""
    places = np.arange((_TOP_NOTE - LOWEST_NOTE + 1) * _STEPS) / _STEPS + LOWEST_NOTE - 1 / _STEPS + tuning
    at = 440 * 2 ** ((places - 69) / 12) * WINDOW_FRAMES / RATE_HZ
    below = np.floor(at).astype(int)
    part = (at - below).astype(np.float32)
    return cast(Series, magnitude[:, below] * (1 - part) + magnitude[:, below + 1] * part)


def _whitened(axis: Series) -> Series:
    """What stands out of the octave about it, in units of that octave's spread."""
    width = 12 * _STEPS + 1
    mean = ndimage.uniform_filter1d(axis, width, axis=1, mode="reflect")
    spread = np.sqrt(np.maximum(ndimage.uniform_filter1d(axis**2, width, axis=1, mode="reflect") - mean**2, 0))
    floor = 1e-3 * axis.max(axis=1, keepdims=True) + 1e-9
    return cast(Series, np.maximum(axis - mean, 0) / (spread + floor))


@cache
def _dictionary(window_frames: int = WINDOW_FRAMES) -> Series:
    """What each note looks like on the logarithmic axis (places, notes), largest value 1. The tuning does not matter:
    axis and notes move together.
    """
    t = np.arange(window_frames) / RATE_HZ
    window = get_window("hann", window_frames)
    rows = []
    for note in range(LOWEST_NOTE, HIGHEST_NOTE + 1):
        spectrum = np.zeros(window_frames // 2 + 1)
        for k in range(1, _OVERTONES + 1):
            if _hz(note) * k < RATE_HZ / 2:
                spectrum += _DECAY ** (k - 1) * np.abs(np.fft.rfft(window * np.sin(2 * np.pi * _hz(note) * k * t)))
        rows.append(spectrum[: _bins()])
    axis = _on_a_log_axis(np.array(rows, np.float32), 0.0)
    return np.ascontiguousarray((axis / axis.max(axis=1, keepdims=True)).T)


def _explained(magnitude: Series, tuning: float) -> Series:
    """Compressed activations (frames, notes): the non-negative least squares of the whitened spectra, nearly.

    Lee and Seung, "Algorithms for non-negative matrix factorization", 2001, theorem 1, with the dictionary held.
    """
    steady = ndimage.median_filter(magnitude, size=(3, 1), mode="nearest")  # a stroke of a drum is in one frame or two
    seen = _whitened(_on_a_log_axis(steady, tuning))
    dictionary = _dictionary()
    wanted, gram = seen @ dictionary, dictionary.T @ dictionary
    found = wanted / np.maximum(gram.sum(axis=1), 1e-9)
    for _ in range(_ROUNDS):
        found *= wanted / (found @ gram + 1e-6)
    return cast(Series, np.log1p(2 * found))


def _folded(notes: Series) -> Series:
    out = np.zeros((len(notes), 12), np.float32)
    for index in range(notes.shape[1]):
        out[:, (LOWEST_NOTE + index) % 12] += notes[:, index]
    return out
