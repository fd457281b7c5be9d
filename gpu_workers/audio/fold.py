"""Any number of channels to mono or stereo."""

from collections.abc import Sequence

import numpy as np

from gpu_workers.audio.files import Samples

_HALF_POWER = float(np.sqrt(0.5))

# Rec. ITU-R BS.775-4, annex 4, table 2: centre and surrounds at -3 dB; the low-frequency channel is left out.
_STEREO_GAINS: dict[str, tuple[float, float]] = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "LFE": (0.0, 0.0),
    "LFE2": (0.0, 0.0),
    "BL": (_HALF_POWER, 0.0),
    "BR": (0.0, _HALF_POWER),
    "SL": (_HALF_POWER, 0.0),
    "SR": (0.0, _HALF_POWER),
    "BC": (0.5, 0.5),
}

# For files that do not say what their channels are: the order of the dwChannelMask bits of WAVEFORMATEXTENSIBLE.
_USUAL_ORDER: dict[int, tuple[str, ...]] = {
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def fold_channels(block: Samples, names: Sequence[str], channels: int) -> Samples:
    """`block` (source channels, frames) as (channels, frames), for `channels` 1 or 2.

    Mono is doubled; stereo to mono is the mean; more channels, `names` in FFmpeg's abbreviations, are folded by BS.775
    and scaled so that no sum can pass full scale. Files that do not say what
    their channels are get the usual order; single channels without a known place go to both sides.
    """
    count = block.shape[0]
    if count == channels:
        return block
    if count == 1:
        return np.repeat(block, channels, axis=0)
    if count == 2:
        mean: Samples = block.mean(axis=0, keepdims=True, dtype=np.float32)
        return mean
    if not any(name in _STEREO_GAINS for name in names):
        names = _USUAL_ORDER.get(count, names)
    gains = np.array([_STEREO_GAINS.get(name, (0.5, 0.5)) for name in names], np.float32).T
    if not gains.any():
        gains = np.ones_like(gains)
    gains /= np.abs(gains).sum(axis=1).max()
    stereo: Samples = gains @ block
    return stereo if channels == 2 else fold_channels(stereo, (), 1)
