"""How loud a mix is, and what it is to be multiplied with."""

from dataclasses import dataclass

import numpy as np

from gpu_workers.audio.meter import Loudness
from gpu_workers.rendering.order import Order

CEILING_DBTP = -1.0
"""Where a true peak is put that would pass it, or full scale: what EBU R 128 allows, with room for a lossy codec."""


@dataclass(frozen=True, slots=True)
class Level:
    """A mix as it was summed, and the gain that it is written with."""

    measured: Loudness
    gain: float

    @property
    def peak_db(self) -> float | None:
        """True peak of what is written, in dBTP (before a lossy codec); None for silence."""
        return _raised(self.measured.true_peak_dbtp, self.gain)

    @property
    def loudness_lufs(self) -> float | None:
        """Integrated loudness of what is written; None for silence and for less than 0.4 s."""
        return _raised(self.measured.integrated_lufs, self.gain)


def level(measured: Loudness, stem_peak: float, order: Order) -> Level:
    """The gain that brings a mix to the wanted loudness, as far as its true peak stays under the ceiling.

    An integer or lossy format is never clipped: where the mix or the loudest of its stems is over full scale, all are
    turned down together, so far that the higher of both is at the ceiling. Float keeps what is over.
    """
    gain, ceiling = 1.0, 10 ** (CEILING_DBTP / 20)
    true_peak, sample_peak = (_amplitude(peak) for peak in (measured.true_peak_dbtp, measured.sample_peak_dbfs))
    if order.loudness_lufs is not None and measured.integrated_lufs is not None:
        gain = 10 ** ((order.loudness_lufs - measured.integrated_lufs) / 20)
        gain = min(gain, ceiling / true_peak)
    highest = max(sample_peak, stem_peak)
    if not order.is_float and gain * highest > 1:
        gain = min(gain, ceiling / max(true_peak, stem_peak))
    return Level(measured, gain)


def _amplitude(peak_db: float | None) -> float:
    return 0.0 if peak_db is None else float(10 ** (peak_db / 20))


def _raised(value_db: float | None, gain: float) -> float | None:
    return None if value_db is None else round(value_db + 20 * float(np.log10(gain)), 2)
