"""`patchbay-classic`: separation without a trained network, by soft masks that sum to one.

Each bin of the spectrogram is shared out among the stems by a softmax over a linear rule of its cues (see `cues`), one
rule for each of nine frequency bands, blended between the bands' centres. The coefficients (`classic.json`: bands in
Hz, cues, stems, table) were fitted to synthetic and sampled songs so that SI-SDR rises and few stems get worse than the
mixture: `python -m gpu_workers.separation.fitting`. As the masks sum to one, the stems sum to the mixture.
"""

import json
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import numpy as np

from gpu_workers.separation.cues import CUES, band_shares, cues
from gpu_workers.separation.masking import (
    FFT_FRAMES,
    HOP_FRAMES,
    SAMPLE_RATE_HZ,
    MaskSeparator,
    Plane,
    Spectrum,
    shared,
)


class ClassicSeparator(MaskSeparator):
    """Stateless but for its table."""

    def __init__(self) -> None:
        rules: dict[str, Any] = json.loads(resources.files(__package__).joinpath("classic.json").read_text())
        if tuple(rules["cues"]) != CUES:
            raise ValueError("the table was made for other cues")
        self.stems: tuple[str, ...] = tuple(rules["stems"])
        self._table = np.array(rules["table"], np.float32)  # (bands, stems, cues)
        edges_hz = np.array(rules["bands_hz"], np.float32)
        self._shares = band_shares(FFT_FRAMES // 2 + 1, SAMPLE_RATE_HZ / FFT_FRAMES, edges_hz)

    def masks(self, spectrum: Spectrum, indices: Sequence[int]) -> Iterator[Plane]:
        """See `MaskSeparator`. Over all stems the masks sum to 1."""
        shares = shared(self.scores(spectrum))
        return (shares[i] for i in indices)

    def scores(self, spectrum: Spectrum) -> Plane:
        """What the rules say for each stem, (stems, frames, bins), whose softmax over the stems makes the masks."""
        planes = cues(spectrum, HOP_FRAMES / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / FFT_FRAMES)
        rules = np.einsum("fb,bsk->skf", self._shares, self._table)
        scores = np.zeros((len(self.stems), *planes[0].shape), np.float32)
        term = np.empty_like(scores[0])
        for k, plane in enumerate(planes):
            for stem in range(len(scores)):
                np.multiply(plane, rules[stem, k], out=term)
                scores[stem] += term
        return scores
