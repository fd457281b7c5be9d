"""`patchbay-classic`: separation without a trained network, by soft masks that sum to one.

Each bin of the spectrogram is shared out among the stems by a softmax over a linear rule of its cues (see `cues`), one
rule for each of nine frequency bands, blended between the bands' centres. The coefficients (`classic.json`: bands in
Hz, cues, stems, table) were fitted to synthetic and sampled songs so that SI-SDR rises and few stems get worse than the
mixture: `python -m gpu_workers.separation.fitting`. As the masks sum to one, the stems sum to the mixture.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation.cues import CUES, Spectrum, band_shares, cues
from gpu_workers.separation.overlap import Stems, chunk_offsets, overlap_add

SAMPLE_RATE_HZ = 44_100
FFT_FRAMES, HOP_FRAMES = 4096, 1024
_SEGMENT_FRAMES = 12 * SAMPLE_RATE_HZ
_STRIDE_FRAMES = 9 * SAMPLE_RATE_HZ


class ClassicSeparator:
    """Stateless but for its table; stereo at 44.1 kHz."""

    sample_rate_hz = SAMPLE_RATE_HZ
    channels = 2

    def __init__(self) -> None:
        rules: dict[str, Any] = json.loads(resources.files(__package__).joinpath("classic.json").read_text())
        if tuple(rules["cues"]) != CUES:
            raise ValueError("the table was made for other cues")
        self.stems: tuple[str, ...] = tuple(rules["stems"])
        self._table = np.array(rules["table"], np.float32)  # (bands, stems, cues)
        edges_hz = np.array(rules["bands_hz"], np.float32)
        self._shares = band_shares(FFT_FRAMES // 2 + 1, SAMPLE_RATE_HZ / FFT_FRAMES, edges_hz)

    def separate(
        self, audio: AudioFile, wanted: Sequence[str], progress: Callable[[float], None]
    ) -> Iterator[dict[str, Samples]]:
        """Yield consecutive blocks (channels, frames) of the `wanted` stems, `audio.frames` frames in all."""
        indices = [self.stems.index(name) for name in wanted]
        for block in overlap_add(self._chunks(audio, indices, progress), audio.frames, _SEGMENT_FRAMES, _STRIDE_FRAMES):
            yield dict(zip(wanted, block, strict=True))

    def _chunks(self, audio: AudioFile, indices: list[int], progress: Callable[[float], None]) -> Iterator[Stems]:
        for offset in chunk_offsets(audio.frames, _STRIDE_FRAMES):
            progress(offset / audio.frames)
            samples = audio.read(offset, min(_SEGMENT_FRAMES, audio.frames - offset))
            spectrum = stft(samples, FFT_FRAMES, HOP_FRAMES)
            masks = self.masks(spectrum)
            frames = samples.shape[1]
            yield np.stack([inverse_stft(masks[i] * spectrum, FFT_FRAMES, HOP_FRAMES, frames) for i in indices])

    def masks(self, spectrum: Spectrum) -> npt.NDArray[np.float32]:
        """Shares (stems, frames, bins) of 0 to 1 that sum to 1 over the stems, for a spectrum (2, frames, bins)."""
        planes = cues(spectrum, HOP_FRAMES / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / FFT_FRAMES)
        rules = np.einsum("fb,bsk->skf", self._shares, self._table)
        scores = np.zeros((len(self.stems), *planes[0].shape), np.float32)
        for k, plane in enumerate(planes):
            for stem in range(len(scores)):
                scores[stem] += plane * rules[stem, k]
        scores -= scores.max(axis=0)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=0)
        return scores
