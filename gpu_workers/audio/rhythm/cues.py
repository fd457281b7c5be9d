"""What speaks for one way of counting: numbers about a row of beats, for a linear scorer.

The cues are those a musician uses: what falls on the beat and what between, where kick and snare are, how long chords
last, how fast one would tap.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gpu_workers.audio.rhythm.onsets import FRAME_S, RATE_HZ, Onsets, Series

Row = npt.NDArray[np.float64]

PARTS = 12
"""Parts of a beat that are looked at: enough for halves, thirds and quarters."""

CHROMA_FRAME_S = 512 / RATE_HZ
_SPANS = (1, 2, 3, 4)
_LAGS = (1, 2, 3, 4, 6, 8)
_TEMPO_CENTRES = np.log2(np.array((50, 65, 80, 95, 115, 140, 170, 205)))


@dataclass(frozen=True)
class Evidence:
    """Series over time that the cues are read from."""

    onsets: Onsets
    peaked: tuple[Series, Series, Series]
    """Full, low and high onset strength, each the highest within 23 ms: a player is never exact."""
    chroma_sum: Row
    """Running sum (chroma frames + 1, 12) of the pitch classes' shares."""
    chroma_frame_s: float
    correlation: Row
    """Autocorrelation of the full envelope."""
    onset_rate_hz: float


def pitch_classes(power: Series) -> Series:
    """Pitch classes (12, frames) of a power spectrogram (1025, frames) of 22,050 Hz: from 190 Hz, where a bin is less
    than a semitone, to 2,100 Hz; logarithms, so that a chord shows beside a lead.
    """
    freqs_hz = np.arange(len(power)) * RATE_HZ / (2 * (len(power) - 1))
    low, high = np.searchsorted(freqs_hz, (190, 2100))
    classes = np.round(12 * np.log2(freqs_hz[low:high] / 440) + 9).astype(int) % 12
    fold = (classes == np.arange(12)[:, None]).astype(np.float32)
    fold /= fold.sum(axis=1, keepdims=True)
    magnitude = np.sqrt(power[low:high])
    reference = float(np.quantile(magnitude.mean(axis=0), 0.9)) if magnitude.size else 0.0
    magnitude *= np.float32(10 / (reference or 1.0))
    folded: Series = fold @ np.log1p(magnitude, out=magnitude)
    return folded


def evidence(found: Onsets, chroma: Series, chroma_frame_s: float, correlation: Row, onset_rate_hz: float) -> Evidence:
    """Gather the series; `chroma` is (12, frames)."""
    shares = chroma / np.maximum(chroma.sum(axis=0, keepdims=True), 1e-9)
    running = np.zeros((shares.shape[1] + 1, len(shares)))
    np.cumsum(shares.T, axis=0, out=running[1:])
    full, low, high = (ndimage.maximum_filter1d(s, 5) for s in (found.full, found.low, found.high))
    return Evidence(found, (full, low, high), running, chroma_frame_s, correlation, onset_rate_hz)


@dataclass(frozen=True)
class Counted:
    """A row of beats, and what is heard at each."""

    beats: Row
    """Frames of the onset envelope, fractional."""
    strengths: Row
    """(3, beats - 1, PARTS): full, low and high strength at the parts of each beat."""
    chroma: Row
    """(beats - 1, 12): mean pitch-class shares from each beat to the next, of length 1."""
    changes: dict[int, Row]
    """For some spans how much the harmony of so many beats from each beat on differs from that of those before."""

    @property
    def period(self) -> float:
        """Median distance of the beats in frames."""
        return float(np.median(np.diff(self.beats)))


def counted(heard: Evidence, beats: Row) -> Counted:
    """Look at the evidence beat by beat; at least two beats."""
    parts = beats[:-1, None] + np.diff(beats)[:, None] * (np.arange(PARTS) / PARTS)
    at = np.clip(np.round(parts).astype(np.int64), 0, len(heard.onsets) - 1)
    strengths = np.stack([series[at] for series in heard.peaked]).astype(np.float64)
    frames = np.clip(np.round(beats * (FRAME_S / heard.chroma_frame_s)).astype(np.int64), 0, len(heard.chroma_sum) - 1)
    means = np.diff(heard.chroma_sum[frames], axis=0)
    chroma = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return Counted(beats, strengths, chroma, changes(chroma, _SPANS))


def changes(chroma: Row, spans: tuple[int, ...]) -> dict[int, Row]:
    """How much the harmony of `span` beats from each beat on differs from that of as many before: 0 to 1."""
    running = np.concatenate((np.zeros((1, 12)), np.cumsum(chroma, axis=0)))
    n = len(chroma)
    here = np.arange(n)
    found = {}
    for span in spans:
        after = running[np.minimum(here + span, n)] - running[:-1]
        before = running[:-1] - running[np.maximum(here - span, 0)]
        norms = np.sqrt((after * after).sum(axis=1) * (before * before).sum(axis=1))
        out = np.where(norms > 1e-9, 1 - (after * before).sum(axis=1) / np.maximum(norms, 1e-9), 0.0)
        out[0] = np.median(out)  # nothing came before it
        found[span] = out
    return found


def cues(heard: Evidence, count: Counted) -> Row:
    """The numbers for one row of beats."""
    about = (_tempo(heard, count.period), _within_the_beat(count), _beat_to_beat(count), _chords(count))
    return np.concatenate(about)


def _tempo(heard: Evidence, period: float) -> Row:
    """How fast, how that fits the density of onsets, and the periodicity of the whole envelope about it."""
    octave = np.log2(60 / (period * FRAME_S))
    bumps = np.exp(-0.5 * ((octave - _TEMPO_CENTRES) / 0.2) ** 2)
    density = np.log2(max(heard.onset_rate_hz, 0.1) * period * FRAME_S)
    lags = np.round(period * np.array((0.25, 1 / 3, 0.5, 1, 1.5, 2, 3, 4, 8))).astype(int)
    correlated = heard.correlation[np.minimum(lags, len(heard.correlation) - 1)]
    return np.concatenate((bumps, (density, density**2), correlated))


def _within_the_beat(count: Counted) -> Row:
    """Mean strength on the beat, its half, quarters, thirds and elsewhere, as shares; and beat against half."""
    profile = count.strengths.mean(axis=1)
    groups = (profile[:, 0], profile[:, 6], (profile[:, 3] + profile[:, 9]) / 2, (profile[:, 4] + profile[:, 8]) / 2,
              (profile[:, 8] - profile[:, 4]), profile[:, (1, 2, 5, 7, 10, 11)].mean(axis=1))  # fmt: skip
    table = np.array(groups) / np.maximum(profile.sum(axis=1) / PARTS, 1e-9)
    halves = np.log((profile[:, 0] + 0.1) / (profile[:, 6] + 0.1))
    return np.concatenate((table.ravel() / 4, halves))


def _beat_to_beat(count: Counted) -> Row:
    """Whether strong and weak beats alternate in twos, threes or fours: autocorrelations and contrasts."""
    rows = np.stack([*count.strengths[:, :, 0], count.changes[1], count.changes[2]])
    low, high = rows[1] - rows[1].mean(), rows[2] - rows[2].mean()
    power = float(np.sqrt((low @ low) * (high @ high)))
    opposed = float(low @ high) / power if power > 1e-12 else 0.0
    table = np.concatenate((_self_similar(rows), _contrasts(rows)), axis=1)
    return np.concatenate((table.ravel(), [opposed]))


def _chords(count: Counted) -> Row:
    """How alike the harmony is to what it was some beats ago, and how much changes at a beat."""
    n, harmony = len(count.chroma), count.changes[1]
    alike = [float((count.chroma[k:] * count.chroma[:-k]).sum()) / (n - k) if n > k else 0.5 for k in _LAGS]
    moved = np.quantile(harmony, (0.5, 0.75, 0.9)) * 2
    return np.concatenate((alike, moved, [float(harmony.mean()) * 4]))


def _self_similar(rows: Row) -> Row:
    """Autocorrelation of each row at `_LAGS`, zero where the row is too short or does not change."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    power = (centred**2).mean(axis=1)
    found = np.zeros((len(rows), len(_LAGS)))
    for column, k in enumerate(_LAGS):
        if rows.shape[1] > 2 * k:
            found[:, column] = (centred[:, k:] * centred[:, :-k]).mean(axis=1)
    return np.where(power[:, None] < 1e-12, 0.0, found / np.maximum(power, 1e-12)[:, None])


def _contrasts(rows: Row) -> Row:
    """How much the strongest place in groups of two, three and four exceeds the mean place."""
    found = np.zeros((len(rows), 3))
    for column, meter in enumerate((2, 3, 4)):
        if rows.shape[1] >= 2 * meter:
            means = np.stack([rows[:, place::meter].mean(axis=1) for place in range(meter)])
            found[:, column] = (means.max(axis=0) - means.mean(axis=0)) / np.maximum(rows.mean(axis=1), 1e-6)
    return found


def bar_cues(count: Counted, meter: int) -> Row:
    """(places, cues): what speaks for each place in the bar to be the first, given the metre."""
    series = np.stack(
        [
            *count.strengths[:, :, 0],
            count.changes[1] * 4,
            count.changes[2] * 4,
            count.changes[meter] * 4,
            count.strengths[1, :, 6],
            count.strengths[0, :, 6],
        ]
    )
    series = series / np.maximum(series.mean(axis=1, keepdims=True), 0.05)
    places = np.stack([series[:, place::meter].mean(axis=1) for place in range(meter)])
    places -= places.mean(axis=0)
    # The neighbours count too: a snare on two and four says where one and three are.
    turned = [np.roll(places, -shift, axis=0) for shift in range(meter)]
    return np.concatenate(turned, axis=1)
