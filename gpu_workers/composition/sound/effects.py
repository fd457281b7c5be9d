"""Room, delay and chorus."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Mono, Stereo


@dataclass(frozen=True, slots=True)
class Room:
    """A space: reverberation time in the middle, what goes before it, how dark it is."""

    t60_s: float
    before_s: float
    dark_hz: float


ROOMS = {
    "ambient": Room(3.4, 0.030, 5200), "cinematic": Room(2.7, 0.035, 6000), "indian": Room(1.7, 0.018, 6500),
    "indie": Room(1.2, 0.012, 7000), "rnb": Room(1.5, 0.022, 6500), "hiphop": Room(0.9, 0.010, 5500),
    "electronic": Room(1.6, 0.020, 7500), "pop": Room(1.4, 0.020, 7500),
}  # fmt: skip
_CHUNK = 1 << 18
"""Frames worked on at once."""
_BLOCKS = 6
"""Length of a transform in tails: with two, half of each is spent on the overlap."""
HALL = Room(1.5, 0.02, 6500)
"""For a genre that has no room of its own."""


@lru_cache(maxsize=4)
def impulse(room: Room, rate_hz: int, seed: int) -> Stereo:
    """(2, frames) of a room's answer to a click: ten early reflections, then noise that decays, its top first.

    Each side has the energy 1, so that the room is as loud as what it answers. J. Moorer, "About this reverberation
    business", 1979, is where decaying noise comes from.
    """
    rng = np.random.default_rng([seed, 9173])
    before = round(room.before_s * rate_hz)
    frames = round(room.t60_s * 1.05 * rate_hz) + before
    out = np.zeros((2, frames), np.float32)
    for side in range(2):
        tail = _tail(frames - before, room, rate_hz, rng)
        out[side, before:] = tail * np.float32(0.9 / np.sqrt((tail**2).sum()))
        for _ in range(10):
            at = min(round((0.25 + rng.uniform(0, 1.6)) * max(room.before_s, 0.01) * rate_hz), frames - 1)
            out[side, at] += np.float32(rng.choice((-1, 1)) * 0.14 * rng.uniform(0.5, 1))
    out = dsp.high_pass(out, 180, rate_hz)
    out /= np.sqrt((out**2).sum(axis=1, keepdims=True))
    out.flags.writeable = False
    return out


def _tail(frames: int, room: Room, rate_hz: int, rng: np.random.Generator) -> Mono:
    total = np.zeros(frames, np.float32)
    bands = ((150.0, 500.0, 1.1), (500.0, 2000.0, 1.0), (2000.0, room.dark_hz, 0.62), (room.dark_hz, 14000.0, 0.3))
    for low, high, share in bands:
        hiss = dsp.band_pass(dsp.noise(frames, rng), low, high, rate_hz, 1)
        total += hiss * dsp.decay(room.t60_s * share, frames, rate_hz)
    # The first milliseconds grow: a room needs time to fill.
    count = min(round(0.012 * rate_hz), frames)
    total[:count] *= np.linspace(0.2, 1, count, dtype=np.float32)
    return total


class Convolver:
    """Answers of one room to any signal, block by block."""

    def __init__(self, response: Stereo) -> None:
        self.tail = response.shape[1]
        self._size = int(fft.next_fast_len(_BLOCKS * self.tail, real=True))
        self._spectrum = fft.rfft(response, self._size)

    def add(self, feed: Mono, level: float, out: Stereo, *, loop: bool) -> None:
        """Add `level` times the room's answer to `feed` (frames,) to `out` (2, frames).

        What rings on after the end goes to the beginning of a loop, or is lost.
        """
        block = self._size - self.tail
        for start in range(0, len(feed), block):
            piece = feed[start : start + block]
            if not piece.any():
                continue
            wet = fft.irfft(self._spectrum * fft.rfft(piece * np.float32(level), self._size), self._size)
            laid(out, wet[:, : len(piece) + self.tail].astype(np.float32, copy=False), start, loop=loop)


def laid(out: Stereo, sound: Stereo, start: int, *, loop: bool) -> None:
    """Add `sound` to `out` from the frame `start` on; what goes past the end wraps round in a loop, or is cut."""
    total = out.shape[1]
    at = start
    done = 0
    while done < sound.shape[1]:
        if at >= total:
            if not loop:
                return
            at %= total
        count = min(sound.shape[1] - done, total - at)
        out[:, at : at + count] += sound[:, done : done + count]
        done += count
        at += count


def delay(feed: Mono, time_s: float, level: float, out: Stereo, rate_hz: int, *, loop: bool) -> None:
    """Add echoes of `feed` to `out`, from side to side, each darker and at 0.45 of the one before."""
    echo = dsp.band_pass(feed, 220, 4200, rate_hz, 1)
    step = max(round(time_s * rate_hz), 1)
    for number in range(1, 7):
        strength = np.float32(level * 0.45 ** (number - 1))
        far, near = np.float32(0.35), np.float32(1.0)
        sides = np.array([[near], [far]] if number % 2 else [[far], [near]], np.float32)
        for start in range(0, len(echo), _CHUNK):
            laid(out, sides * (strength * echo[start : start + _CHUNK]), number * step + start, loop=loop)
        if number == 2:
            echo = dsp.low_pass(echo, 2600, rate_hz, 1)


def chorus(x: Stereo, depth: float, rate_hz: int, rng: np.random.Generator) -> Stereo:
    """`x` and a copy that comes 12 ms later, give or take 3, other for each side."""
    places = np.arange(x.shape[1], dtype=np.float64)
    start = rng.uniform(0, 6.3)
    out = x.copy()
    for side in range(2):
        sway = np.sin(2 * np.pi * 0.7 * places / rate_hz + start + side * np.pi / 2)
        out[side] += np.float32(depth) * _at(x[side], places - (0.012 + 0.0025 * sway) * rate_hz)
    return out * np.float32(1 / np.sqrt(1 + depth**2))


def _at(x: Mono, places: npt.NDArray[np.float64]) -> Mono:
    return np.interp(places, np.arange(len(x)), x, left=0.0).astype(np.float32)
