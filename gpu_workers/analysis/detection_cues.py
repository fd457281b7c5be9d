"""What tells music from speech and noise: numbers for each half second."""

from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gpu_workers.analysis.pitches import FRAME_S as PITCH_FRAME_S
from gpu_workers.analysis.pitches import Pitches
from gpu_workers.analysis.spectral import onset_strength, rms, spectral
from gpu_workers.audio.spectra import FFT_FRAMES, FRAME_S, RATE_HZ, Series, Spectra

Array = npt.NDArray[np.float64]

STEP_S = 0.5
_SHORT_S, _LONG_S = 1.0, 3.0
"""Around each half second: what is there, and what goes on."""

_SILENT_DBFS = -70.0
_HELD_FRAMES = 9
"""0.2 s: longer than a vowel keeps its pitch."""
_FROM_HZ, _TO_HZ = 150.0, 5000.0
_BLOCK = 2048


def steps(spectra: Spectra) -> int:
    """Half seconds, the last of which may be shorter; none of nothing."""
    return int(np.ceil(spectra.duration_s / STEP_S - 1e-9))


def sounding(spectra: Spectra) -> npt.NDArray[np.bool_]:
    """Whether a half second is no silence (n,). A constant is silent, and what is too short to be called music."""
    if spectra.duration_s < _SHORT_S:
        return np.zeros(steps(spectra), np.bool_)
    # Parseval's theorem for a Hann window, whose mean square is 3/8; from 32 Hz.
    mean_square = spectra.rows[:, 3:].sum(axis=1) * (2 / (FFT_FRAMES**2 * 0.375))
    heard: npt.NDArray[np.bool_] = _sampled(mean_square, FRAME_S, STEP_S, steps(spectra)) > 10 ** (_SILENT_DBFS / 10)
    return heard


def cues(spectra: Spectra, found: Pitches) -> Array:
    """(half seconds, cues). None of them depends on the gain, as long as nothing is silent."""
    count = steps(spectra)
    rows: list[Array] = []
    for series in (*_of_frames(spectra), _tilt(spectra)):
        rows += [_sampled(series, FRAME_S, span_s, count) for span_s in (_SHORT_S, _LONG_S)]
    for row in _of_pitches(found):
        rows += [_sampled(row, PITCH_FRAME_S, span_s, count) for span_s in (_SHORT_S, _LONG_S)]
    rows += [_off_grid(found, span_s, count) for span_s in (_SHORT_S, _LONG_S)]
    rows += [_classes_alike(found, count)]
    rows += _of_the_envelope(spectra, count)
    return np.stack(rows, axis=1)


def held_partials(spectra: Spectra) -> tuple[Series, Series]:
    """For each frame how many partials stand still for 0.2 s, and the share of the power that they have."""
    first, last = (round(hz * FFT_FRAMES / RATE_HZ) for hz in (_FROM_HZ, _TO_HZ))
    number, share = (np.zeros(spectra.frames, np.float32) for _ in range(2))
    margin = 2 * _HELD_FRAMES
    for begin in range(0, spectra.frames, _BLOCK):
        outer = max(begin - margin, 0)
        power = spectra.rows[outer : begin + _BLOCK + margin, first:last]
        peaks = _peaks(power)
        near = ndimage.maximum_filter1d(peaks, 3, axis=1)
        held = ndimage.maximum_filter1d(ndimage.minimum_filter1d(near, _HELD_FRAMES, axis=0), _HELD_FRAMES, axis=0)
        inside = slice(begin - outer, begin - outer + min(_BLOCK, spectra.frames - begin))
        still = (peaks & held)[inside]
        number[begin : begin + _BLOCK] = still.sum(axis=1)
        total = power[inside].sum(axis=1)
        kept = np.where(ndimage.maximum_filter1d(still, 3, axis=1), power[inside], 0).sum(axis=1)
        share[begin : begin + _BLOCK] = kept / np.maximum(total, 1e-12)
        spectra.pulse()
    return number, share


def _peaks(power: Series) -> npt.NDArray[np.uint8]:
    """1 where a bin is the largest of five and stands 6 dB over the mean of what is about it."""
    largest = ndimage.maximum_filter1d(power, 5, axis=1) == power
    around = ndimage.uniform_filter1d(power, 17, axis=1)
    floor = 1e-5 * power.max(axis=1, keepdims=True)
    return cast(npt.NDArray[np.uint8], (largest & (power > 4 * around) & (power > floor)).astype(np.uint8))


def _of_frames(spectra: Spectra) -> list[Series]:
    number, share = held_partials(spectra)
    found = spectral(spectra)
    flux = np.abs(np.diff(spectra.mel_db, axis=1, prepend=spectra.mel_db[:, :1])).mean(axis=0)
    return [
        number / 10,
        share,
        np.log(np.maximum(found.flatness, 1e-6)),
        np.log(found.centroid_hz + 50),
        found.zero_crossings,
        flux,
    ]


def _tilt(spectra: Spectra) -> Series:
    """Share in dB of what is below 180 Hz, where voices have nothing and basses play."""
    low = spectra.rows[:, 3:17].sum(axis=1)
    total = spectra.rows[:, 3:].sum(axis=1)
    return cast(Series, 10 * np.log10((low + 1e-9) / (total + 1e-9) + 1e-4))


def _of_pitches(found: Pitches) -> list[Array]:
    notes = found.notes.astype(np.float64)
    rows: list[Array] = []
    for lag in (2, 4):
        before = np.concatenate((notes[:1].repeat(min(lag, len(notes)), axis=0), notes))[: len(notes)]
        lengths = np.linalg.norm(notes, axis=1) * np.linalg.norm(before, axis=1)
        rows.append(np.sum(notes * before, axis=1) / np.maximum(lengths, 1e-6))
    ordered = np.sort(notes, axis=1)
    total = notes.sum(axis=1)
    rows += [total / 10, ordered[:, -4:].sum(axis=1) / np.maximum(total, 1e-6), found.bass.sum(axis=1) / 5]
    return rows


def _off_grid(found: Pitches, span_s: float, count: int) -> Array:
    """How well peaks lie on one grid of semitones: 1 all, 0 anywhere."""
    size = max(round(span_s / PITCH_FRAME_S), 1)
    real, imag, weight = (
        ndimage.uniform_filter1d(part, size, mode="nearest")
        for part in (found.places.real, found.places.imag, found.weights)
    )
    return _picked(np.hypot(real, imag) / np.maximum(weight, 1e-9), PITCH_FRAME_S, count)


def _classes_alike(found: Pitches, count: int) -> Array:
    """Entropy in nats of the pitch classes heard in three seconds."""
    size = max(round(_LONG_S / PITCH_FRAME_S), 1)
    sums = ndimage.uniform_filter1d(found.rest.astype(np.float64), size, axis=0, mode="nearest")
    shares = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-9)
    return _picked(-np.sum(shares * np.log(shares + 1e-9), axis=1), PITCH_FRAME_S, count)


def _of_the_envelope(spectra: Spectra, count: int) -> list[Array]:
    """Spread of the level, its share of changes three to seven times a second, and how much a pulse comes back."""
    level = np.maximum(_level_db(spectra).astype(np.float64), _SILENT_DBFS)
    rows = []
    for span_s in (_SHORT_S, _LONG_S):
        size = max(round(span_s / FRAME_S), 1)
        mean, square = (ndimage.uniform_filter1d(part, size, mode="nearest") for part in (level, level**2))
        rows.append(_picked(np.sqrt(np.maximum(square - mean**2, 0)), FRAME_S, count))
    slow, fast = (ndimage.gaussian_filter1d(level, sigma_s / FRAME_S, mode="nearest") for sigma_s in (0.08, 0.025))
    syllables = (fast - slow) ** 2
    rows.append(_sampled(np.sqrt(np.maximum(_smooth(syllables, _LONG_S), 0)), FRAME_S, _LONG_S, count))
    rows += _pulse(onset_strength(spectra).astype(np.float64), count)
    return rows


def _pulse(strength: Array, count: int) -> list[Array]:
    """The largest and the mean autocorrelation of onsets over four seconds at lags of 0.25 to 1 s."""
    span_s = 4.0
    centred = strength - _smooth(strength, span_s)
    power = _smooth(centred**2, span_s) + 1e-9
    lags = range(round(0.25 / FRAME_S), round(1.0 / FRAME_S) + 1, 2)
    largest = np.full(len(centred), -1.0)
    for lag in lags:
        if lag < len(centred):
            product = np.zeros_like(centred)
            product[lag:] = ndimage.gaussian_filter1d(centred, 1)[lag:] * centred[:-lag]
            largest = np.maximum(largest, _smooth(product, span_s) / power)
    return [_picked(largest, FRAME_S, count)]


def _level_db(spectra: Spectra) -> Series:
    return cast(Series, 20 * np.log10(np.maximum(rms(spectra.samples), 1e-6)))


def _smooth(series: npt.NDArray[np.floating], span_s: float) -> Array:
    """Mean over `span_s` of frames of the shared spectrogram."""
    return cast(Array, ndimage.uniform_filter1d(series.astype(np.float64), round(span_s / FRAME_S), mode="nearest"))


def _sampled(series: npt.NDArray[np.floating], frame_s: float, span_s: float, count: int) -> Array:
    """Mean over `span_s` about the middle of each half second."""
    size = max(round(span_s / frame_s), 1)
    return _picked(ndimage.uniform_filter1d(series.astype(np.float64), size, mode="nearest"), frame_s, count)


def _picked(series: Array, frame_s: float, count: int) -> Array:
    middles = (np.arange(count) + 0.5) * STEP_S / frame_s
    return cast(Array, series[np.minimum(np.round(middles).astype(int), len(series) - 1)])
