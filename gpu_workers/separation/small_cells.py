"""What `patchbay-small` sees of a spectrogram: cells, whole bins at low frequencies and groups of bins higher up.

Bins of 10.8 Hz are finer than a mask needs to be above the lowest octaves, so that the cells double their width with
each octave from 2.8 kHz on: 640 of them in place of 2049 bins. A mask is constant within a cell.
"""

import numpy as np

from gpu_workers.separation.masking import Plane, Spectrum

_SECTIONS = ((0, 256, 1), (256, 512, 2), (512, 1024, 4), (1024, 2048, 8))
"""(first bin, end, bins a cell); the bin at the Nyquist frequency goes with the last cell."""
CELL_OF_BIN = np.append(np.repeat(np.arange(640), np.repeat([1, 2, 4, 8], [256, 128, 128, 128])), 639)
CELLS = 640
FEATURES = 4
_FLOOR = 1e-8
"""Power, against the mean of all cells, below which nothing is told apart: -80 dB."""


def pooled(plane: Plane) -> Plane:
    """Sums over the bins of each cell: (..., bins) to (..., cells)."""
    parts = [
        plane[..., first:end].reshape(*plane.shape[:-1], -1, width).sum(axis=-1) for first, end, width in _SECTIONS
    ]
    cells = np.concatenate(parts, axis=-1)
    cells[..., -1] += plane[..., -1]
    return cells


def spread(masks: Plane) -> Plane:
    """Each cell's value at all its bins: (..., cells) to (..., bins)."""
    found: Plane = np.take(masks, CELL_OF_BIN, axis=-1)
    return found


def power(spectrum: Spectrum) -> Plane:
    """Energy (frames, cells) of both channels."""
    return pooled((spectrum.real**2 + spectrum.imag**2).sum(axis=0))


def features(spectrum: Spectrum) -> Plane:
    """Features (4, frames, cells) of a stereo spectrum, the same for any gain.

    Log power against the clip's mean, then how the power lies between the channels, by the Stokes parameters of the
    pair as shares of it: balance, in phase, in quadrature (Born and Wolf, "Principles of Optics", section 1.4).
    """
    left, right = spectrum
    left_power, right_power = left.real**2 + left.imag**2, right.real**2 + right.imag**2
    both = left * right.conj()
    total = pooled(left_power + right_power)
    level = total / np.bincount(CELL_OF_BIN).astype(np.float32)
    loudness = 0.5 * np.log10(level / max(float(level.mean()), 1e-20) + _FLOOR) + 2.0
    shares = np.stack([pooled(left_power - right_power), pooled(2 * both.real), pooled(2 * both.imag)])
    planes = np.concatenate([loudness[None], shares / np.maximum(total, 1e-20)])
    return planes.astype(np.float32)
