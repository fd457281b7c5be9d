"""Change the speed and the pitch of audio, each by itself: resampling, and time-stretching by Signalsmith Stretch.

The stretcher's own transposition moves each spectral peak by what its centroid says its frequency is: where that is off
by d, the tone comes out off by (p - 1) d, 12 cents for a low one. So here it stretches only, which reads frequencies
from the phases' advance and keeps them exactly, and pitch is moved by resampling what is that much longer or shorter.

Past a factor of two the stretcher turns phases at random, and when it compresses by more than its overlap it leaves out
what lies between its windows: larger factors are made of several below.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import python_stretch
import soxr

from gpu_workers.audio.files import AudioFile, Samples

Quality = Literal["draft", "standard", "high"]

_LARGEST_FACTOR = 1.9
"""A little under two: the stretcher's steps are whole samples."""
_SEED = 1
_PIECE_S = 60.0
"""What is stretched at once: the stretcher keeps all of it in memory, and counts in float32."""
_OVERLAP_S, _LAG_S, _SEARCH_S, _STEP_S = 0.1, 0.012, 1.0, 0.02
_FILTER_S = 0.005
"""More than the resampler's filter reaches, of what it is given."""
_UNCHANGED = 1e-9


@dataclass(frozen=True, slots=True)
class Setting:
    """How well it is done. The longer the window and the shorter the step, the cleaner are tones."""

    window_s: float
    step_s: float
    resampling: str
    """One of soxr's."""


SETTINGS: Final[dict[str, Setting]] = {
    "draft": Setting(0.12, 0.03, "MQ"),
    "standard": Setting(0.1, 0.02, "HQ"),
    "high": Setting(0.12, 0.015, "VHQ"),
}


def stretched(
    samples: Samples, frames: int, pitch: float, rate_hz: int, setting: Setting, *, silence: bool = True
) -> Samples:
    """All of `samples` (channels, n) in exactly `frames` frames, frequencies times `pitch`.

    Silence around is assumed; without `silence` it is not, and the ends are not right. `pitch` n / frames is resampling
    alone. Held in memory several times over.
    """
    count = samples.shape[1]
    if not count or not frames:
        return np.zeros((samples.shape[0], frames), np.float32)
    if abs(count / pitch - frames) <= 2:  # but for roundings resampling does it all
        return _resampled(samples, frames, setting)
    if pitch > 1:  # first what makes it shorter: the rest is then less work
        samples = _resampled(samples, max(round(count / pitch), 1), setting)
        return _stretched(samples, frames, rate_hz, setting, silence)
    samples = _stretched(samples, max(round(frames * pitch), 1), rate_hz, setting, silence)
    return _resampled(samples, frames, setting)


def stretched_blocks(
    source: AudioFile, start: int, frames: int, out_frames: int, pitch: float, setting: Setting
) -> Iterator[Samples]:
    """Frames `start` to `start + frames` of `source` as `out_frames`, frequencies times `pitch`, block by block.

    What lies around the cut helps with its edges. More than a minute is made in pieces that meet where it is quietest.
    """
    rate_hz = source.sample_rate_hz
    speed = frames / out_frames
    lag, half = round(_LAG_S * rate_hz), round(_OVERLAP_S * rate_hz / 2)
    around, beside = _around(speed, pitch, rate_hz, setting), math.ceil((half + lag) * speed)
    seams = _seams(source, start, out_frames, speed)
    tail = np.zeros((source.channels, 0), np.float32)
    for begin, end in zip([0, *seams], [*seams, out_frames], strict=True):
        first = math.floor(begin * speed) - around - (beside if begin else 0)
        last = math.ceil(end * speed) + around + (beside if end < out_frames else 0)
        # The input's whole frames are not the output's: what is asked for lies `inside` what is made.
        made = round((last - first) / speed)
        piece = stretched(source.read(start + first, last - first), made, pitch, rate_hz, setting, silence=False)
        inside = round(begin - first / speed)
        if begin:
            inside += _lag(tail, piece[:, inside - half - lag : inside + half + lag])
            joint = _joined(tail, piece[:, inside - half : inside + half])
            piece, inside = np.concatenate((joint, piece[:, inside + half :]), axis=1), 0
            count = end - begin + half
        else:
            count = end
        ends = inside + count - (half if end < out_frames else 0)
        tail = piece[:, ends : ends + 2 * half]
        yield piece[:, inside:ends]


def _resampled(samples: Samples, frames: int, setting: Setting) -> Samples:
    count = samples.shape[1]
    if abs(frames / count - 1) < _UNCHANGED:
        return samples
    made = soxr.resample(np.ascontiguousarray(samples.T), count, frames, setting.resampling).T
    return _fitted(np.asarray(made, np.float32), frames)


def _around(speed: float, pitch: float, rate_hz: int, setting: Setting) -> int:
    """Frames of a source before and after a cut that have to be there, for what comes of them is not right."""
    factor = pitch / speed
    passes = _passes(factor)
    each = factor ** (1 / passes) if passes else 1.0
    stretching = sum(_faded(1 / each, rate_hz, setting) / each**number for number in range(passes))
    resampling = _FILTER_S * rate_hz * max(speed / pitch, 1.0)
    return math.ceil(max(pitch, 1.0) * (stretching + resampling))


def _faded(speed: float, rate_hz: int, setting: Setting) -> float:
    """Frames at either end of what a pass is given over which it fades in and out."""
    return (setting.window_s / 2 + setting.step_s) * rate_hz * max(speed, 1.0)


def _passes(factor: float) -> int:
    return math.ceil(abs(math.log(factor)) / math.log(_LARGEST_FACTOR) - _UNCHANGED)


def _stretched(samples: Samples, frames: int, rate_hz: int, setting: Setting, silence: bool) -> Samples:
    count = samples.shape[1]
    passes = _passes(frames / count)
    for number in range(1, passes + 1):
        samples = _pass(samples, round(count * (frames / count) ** (number / passes)), rate_hz, setting, silence)
    return samples


def _pass(samples: Samples, frames: int, rate_hz: int, setting: Setting, silence: bool) -> Samples:
    """One pass of the stretcher. With `silence` before and after, it is that which fades in and out."""
    channels, count = samples.shape
    if count == frames:
        return samples
    window, step = round(setting.window_s * rate_hz), max(round(setting.step_s * rate_hz), 1)
    before = math.ceil(_faded(count / frames, rate_hz, setting)) if silence else 0
    padded = np.pad(samples, ((0, 0), (before, before))) if before else samples
    wanted = round(padded.shape[1] * (frames / count))
    stretcher = python_stretch.Signalsmith.Stretch(_SEED)
    stretcher.configure(channels, window, step)
    stretcher.setTimeFactor(padded.shape[1] / wanted)
    made = np.asarray(stretcher.process(np.ascontiguousarray(padded)), np.float32)
    return _fitted(made[:, round(before * made.shape[1] / padded.shape[1]) :], frames)


def _fitted(samples: Samples, frames: int) -> Samples:
    """`samples` cut or padded to `frames`: a rounding's difference."""
    short = frames - samples.shape[1]
    return np.pad(samples, ((0, 0), (0, short))) if short > 0 else np.ascontiguousarray(samples[:, :frames])


def _seams(source: AudioFile, start: int, out_frames: int, speed: float) -> list[int]:
    """Output frames at which pieces meet: about every minute, of what goes in and comes out, where it is quietest."""
    rate_hz = source.sample_rate_hz
    length = round(_PIECE_S * rate_hz / max(speed, 1.0))
    reach = min(round(_SEARCH_S * rate_hz * speed), round(length * speed) // 4)
    step = max(round(_STEP_S * rate_hz * speed), 1)
    seams = []
    for seam in range(length, out_frames - length // 2, length):
        around = source.read(start + round(seam * speed) - reach, 2 * reach).astype(np.float64)
        steps = around.shape[1] // step
        energy = (around[:, : steps * step] ** 2).sum(axis=0).reshape(steps, step).sum(axis=1)
        quietest = int(np.argmin(np.convolve(energy, np.ones(5), "same")))
        seams.append(seam + round(((quietest + 0.5) * step - reach) / speed))
    return seams


def _lag(tail: Samples, around: Samples) -> int:
    """By how much later `tail` is found in `around`, which is longer by the search to either side."""
    wanted, found = tail.sum(axis=0, dtype=np.float64), around.sum(axis=0, dtype=np.float64)
    products = np.correlate(found, wanted, "valid")
    running = np.concatenate(([0.0], np.cumsum(found**2)))
    energy = running[len(wanted) :] - running[: -len(wanted)]
    return int(np.argmax(products / np.sqrt(energy + 1e-12))) - (len(products) - 1) // 2


def _joined(fading: Samples, rising: Samples) -> Samples:
    """A cross-fade that keeps the power of what is alike in part: the gains' squares and their product add up to 1."""
    count = fading.shape[1]
    up = np.sin(0.5 * np.pi * (np.arange(count) + 0.5) / count) ** 2
    power = float(np.sqrt(np.sum(fading.astype(np.float64) ** 2) * np.sum(rising.astype(np.float64) ** 2)))
    alike = float(np.clip(np.sum(fading.astype(np.float64) * rising) / power, 0, 1)) if power > 0 else 1.0
    down = 1 - up
    norm = np.sqrt(up**2 + down**2 + 2 * alike * up * down)
    joined: Samples = ((fading * down + rising * up) / norm).astype(np.float32)
    return joined
