"""Ducking: one sound goes down while another is heard.

The other's level is the root mean square of hops of 10 ms; over the threshold the gain goes to `-depth_db`, else to 0,
by a one-pole smoother in decibels with an attack and a release of their own (the "smooth, branching" detector of
Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6), 2012, eq. 17, on the gain).
"""

import math

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import Samples

HOP_S = 0.01
THRESHOLD_DB = -40.0
"""Level, dB of full scale, from which on a sound counts as heard."""


class Ducker:
    """The gain of what is ducked, block by block. `attack_s`, `release_s`: time to go 63 % of the way."""

    def __init__(self, depth_db: float, attack_s: float, release_s: float, sample_rate_hz: int) -> None:
        self._depth_db = depth_db
        self._hop = round(HOP_S * sample_rate_hz)
        self._attack, self._release = (1 - math.exp(-HOP_S / max(tau_s, 1e-6)) for tau_s in (attack_s, release_s))
        self._gain_db = 0.0

    def gains(self, key: Samples) -> npt.NDArray[np.float64]:
        """The gain, linear, for each frame of the block of the other sound, `key` (channels, frames).

        Blocks but the last are whole hops. It is a straight line in decibels within each hop.
        """
        frames, hop = key.shape[1], self._hop
        hops = -(-frames // hop)
        power = np.zeros(hops * hop)
        power[:frames] = np.mean(np.square(key, dtype=np.float64), axis=0)
        heard = power.reshape(hops, hop).mean(axis=1) > 10 ** (THRESHOLD_DB / 10)
        steps_db = np.empty(hops + 1)
        steps_db[0] = level_db = self._gain_db
        for number, on in enumerate(heard.tolist(), start=1):
            goal_db = -self._depth_db if on else 0.0
            level_db += (goal_db - level_db) * (self._attack if goal_db < level_db else self._release)
            steps_db[number] = level_db
        self._gain_db = level_db
        found: npt.NDArray[np.float64] = 10 ** (np.interp(np.arange(frames) / hop, np.arange(hops + 1), steps_db) / 20)
        return found
