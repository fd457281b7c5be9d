"""What a mixing desk does, at random and quickly: float32, one excerpt at a time, (channels, frames)."""

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import butter, lfilter, sosfilt

from gpu_workers.separation.training.data.plans import RATE_HZ, Stereo

Sound = npt.NDArray[np.float32]
"""(1 or 2, frames)"""

_BLOCK = 128
"""Frames for which a gain is worked out at once."""
_ROOMS = 16
_LONGEST_S = 1.6
_AAC_DELAY = 1024
"""Frames by which FFmpeg's AAC comes late."""


def placed(sound: Sound, where: float) -> Stereo:
    """To a place from left (-1) to right (1), by equal power; what is stereo is balanced."""
    angle = (where + 1) * np.pi / 4
    sides = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
    return sound * sides if len(sound) == 1 else sound * (sides * np.float32(np.sqrt(2)))


def widened(stereo: Stereo, width: float) -> Stereo:
    """The difference of the sides times `width`."""
    out = np.empty_like(stereo)
    near, far = np.float32((1 + width) / 2), np.float32((1 - width) / 2)
    np.add(stereo[0] * near, stereo[1] * far, out=out[0])
    np.add(stereo[1] * near, stereo[0] * far, out=out[1])
    return out


def doubled(sound: Sound, late: int) -> Stereo:
    """Mono on the left and, `late` frames later, on the right."""
    right = np.zeros_like(sound[0])
    right[late:] = sound[0, : len(right) - late]
    return np.stack([sound[0], right])


def equaliser(rng: np.random.Generator, strength_db: float) -> npt.NDArray[np.float32]:
    """One to three bells and shelves of chance: second-order sections, up to `strength_db` each.

    After R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
    """
    rows = []
    for _ in range(int(rng.integers(1, 4))):
        hz = float(np.exp(rng.uniform(np.log(60), np.log(14_000))))
        gain = 10 ** (rng.uniform(-strength_db, strength_db) / 40)
        turn = 2 * np.pi * hz / RATE_HZ
        quality, cosine = float(np.exp(rng.uniform(np.log(0.4), np.log(4)))), np.cos(turn)
        bell = rng.random() < 0.55
        # A shelf of more quality than this would ring at its edge, and be stronger there than asked.
        alpha = np.sin(turn) / (2 * (quality if bell else min(quality, np.sqrt(0.5))))
        if bell:
            b = [1 + alpha * gain, -2 * cosine, 1 - alpha * gain]
            a = [1 + alpha / gain, -2 * cosine, 1 - alpha / gain]
        else:
            side = 1 if rng.random() < 0.5 else -1  # a low shelf or a high one
            root = 2 * np.sqrt(gain) * alpha
            up, down = gain + 1, gain - 1
            b = [gain * (up - side * down * cosine + root), side * 2 * gain * (down - side * up * cosine),
                 gain * (up - side * down * cosine - root)]  # fmt: skip
            a = [up + side * down * cosine + root, -side * 2 * (down + side * up * cosine),
                 up + side * down * cosine - root]  # fmt: skip
        rows.append(np.array([*b, *a]) / a[0])
    return np.array(rows, np.float32)


def filtered(sound: Sound, sections: npt.NDArray[np.float32]) -> Sound:
    """Through second-order sections."""
    return np.asarray(sosfilt(sections, sound), np.float32)


def narrow_band(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """What an old recording, a telephone or a small loudspeaker leaves."""
    low_hz, high_hz = rng.uniform(20, 300), np.exp(rng.uniform(np.log(3500), np.log(16_000)))
    return np.asarray(butter(2, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos"), np.float32)


def powers(sound: Sound) -> npt.NDArray[np.float32]:
    """Mean square of each block of 128 frames over both channels; the last may be short."""
    frames = sound.shape[1]
    whole = frames // _BLOCK
    blocks = sound[:, : whole * _BLOCK].reshape(len(sound), whole, _BLOCK)
    found = np.einsum("cbn,cbn->b", blocks, blocks) / (len(sound) * _BLOCK)
    if frames % _BLOCK:
        found = np.append(found, np.mean(sound[:, whole * _BLOCK :] ** 2))
    return np.asarray(found, np.float32)


def drawn(gains: npt.NDArray[np.floating], frames: int) -> npt.NDArray[np.float32]:
    """From one gain a block to one a frame, by straight lines."""
    edges = np.append(gains, gains[-1]).astype(np.float32)
    ramp = (np.arange(_BLOCK, dtype=np.float32) / _BLOCK)[None]
    return np.asarray((edges[:-1, None] + np.diff(edges)[:, None] * ramp).reshape(-1)[:frames], np.float32)


def compression(sound: Sound, ratio: float, above_db: float, release_s: float) -> npt.NDArray[np.float32]:
    """Gain at each frame of a compressor whose threshold lies `above_db` over the mean level."""
    power = powers(sound)
    kept = float(np.exp(-_BLOCK / RATE_HZ / release_s))
    level = np.maximum(lfilter([1 - kept], [1, -kept], power), 0.3 * power)
    threshold = float(power.mean()) * 10 ** (above_db / 10) + 1e-12
    gains = np.maximum(level / threshold, 1.0) ** ((1 / ratio - 1) / 2)
    return drawn(gains, sound.shape[1])


def ducking(keyed_by: Sound, depth: float, release_s: float) -> npt.NDArray[np.float32]:
    """Gain at each frame that makes way for the low drums of another sound."""
    low = sosfilt(butter(2, 130, fs=RATE_HZ, output="sos").astype(np.float32), keyed_by.mean(axis=0))
    level = np.sqrt(powers(np.asarray(low, np.float32)[None]))
    kept = float(np.exp(-_BLOCK / RATE_HZ / release_s))
    level = lfilter([1.0], [1, -kept], level)
    level = level / max(float(level.max()), 1e-9)
    return drawn(1 - depth * np.minimum(1.5 * level, 1), keyed_by.shape[1])


def driven(sound: Sound, amount: float) -> Sound:
    """Soft clipping, as loud at its peak as before."""
    peak = max(float(np.abs(sound).max()), 1e-9)
    drive = np.float32(1 + amount)
    return np.asarray(np.tanh(sound * (drive / np.float32(peak))) * np.float32(peak / np.tanh(drive)), np.float32)


class Rooms:
    """Rooms, plates and halls of chance for excerpts of one length, ready for convolution."""

    def __init__(self, seed: int, frames: int) -> None:
        self._frames = frames
        self._size = fft.next_fast_len(frames + round(_LONGEST_S * RATE_HZ), real=True)
        rng = np.random.default_rng([seed, 7])
        self._spectra = [fft.rfft(_impulse(rng), self._size).astype(np.complex64) for _ in range(_ROOMS)]

    def __len__(self) -> int:
        return _ROOMS

    def wet(self, sound: Sound, room: int) -> Stereo:
        """The reverberation alone, (2, frames), of the sound's own energy if it is noise."""
        mono = fft.rfft(sound.mean(axis=0), self._size)
        return np.asarray(fft.irfft(mono * self._spectra[room], self._size)[:, : self._frames], np.float32)


def _impulse(rng: np.random.Generator) -> Stereo:
    """First echoes, then noise whose top dies before its bottom; the sides differ. Energy 1 a side."""
    length_s = float(np.exp(rng.uniform(np.log(0.12), np.log(2.8))))
    count = round(min(length_s, _LONGEST_S) * RATE_HZ)
    t = np.arange(count) / RATE_HZ
    out = np.zeros((2, count))
    for low_hz, high_hz, share in (
        (120, 900, 1.0),
        (900, 4000, rng.uniform(0.5, 1)),
        (4000, 14_000, rng.uniform(0.2, 0.8)),
    ):
        band = butter(1, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos")
        noise = rng.standard_normal((2, count))
        noise[1] = noise[0] * (alike := float(rng.choice([0.0, 0.0, 0.5]))) + noise[1] * np.sqrt(1 - alike**2)
        out += share * sosfilt(band, noise * np.exp(-6.9 * t / (length_s * share)))
    for _ in range(int(rng.integers(0, 12))):
        at = int(rng.uniform(0.003, 0.08) * RATE_HZ)
        if at < count:
            out[int(rng.integers(2)), at] += rng.normal(0, 3)
    out *= np.minimum(t / max(float(rng.uniform(0, 0.02)), 1e-4), 1)
    late = round(float(rng.choice([0.0, rng.uniform(0, 0.06)])) * RATE_HZ)
    out = np.pad(out, ((0, 0), (late, 0)))[:, : round(_LONGEST_S * RATE_HZ)]
    return np.asarray(out / np.sqrt((out**2).sum(axis=1, keepdims=True) + 1e-12), np.float32)


def coded(stereo: Stereo, codec: str, bit_rate: int) -> Stereo:
    """What "mp3" or "aac" at so many bits a second leaves of the sound, at its place in time."""
    frames, buffer = stereo.shape[1], io.BytesIO()
    container = {"mp3": "mp3", "aac": "adts"}[codec]
    with av.open(buffer, "w", format=container) as out:
        stream = cast(av.AudioStream, out.add_stream(codec, rate=RATE_HZ))
        stream.bit_rate = bit_rate
        stream.layout, stream.format = "stereo", "fltp"
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stereo), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        out.mux([*stream.encode(frame), *stream.encode(None)])
    buffer.seek(0)
    with av.open(buffer, "r", format="aac" if codec == "aac" else "mp3") as found:
        heard = np.concatenate([frame.to_ndarray() for frame in found.decode(audio=0)], axis=1)
    late = _AAC_DELAY if codec == "aac" else 0
    heard = np.pad(heard[:, late : late + frames], ((0, 0), (0, max(0, frames - heard.shape[1] + late))))
    return np.asarray(heard[:, :frames], np.float32)
