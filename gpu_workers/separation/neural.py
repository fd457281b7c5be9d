"""Separation by demucs models: the mathematics of demucs.apply (shifts 0), streaming, in memory that does not grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from demucs.utils import center_trim

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.separation.overlap import Stems, chunk_offsets, overlap_add
from gpu_workers.separation.precision import can_run_in_bf16, cpu_has_bf16, halve_body, keep_freed_memory
from gpu_workers.separation.weights import Bag

Precision = Literal["auto", "fp32", "bf16"]

_OVERLAP = 0.25
_CUDA_BATCH = 4
"""Chunks a GPU takes at once; a chunk of htdemucs needs about 1 GB there."""


class NeuralSeparator:
    """A loaded bag of models on the best device there is."""

    def __init__(self, bag: Bag, precision: Precision = "auto") -> None:
        self.sample_rate_hz = bag.sample_rate_hz
        self.channels = bag.channels
        self.stems = bag.sources
        self._bag = bag
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._autocast = self._device.type == "cuda" and precision != "fp32"
        self._batch = _CUDA_BATCH if self._device.type == "cuda" else 1
        if self._device.type == "cpu":
            keep_freed_memory()
        halve = self._device.type == "cpu" and (precision == "bf16" or (precision == "auto" and cpu_has_bf16()))
        for model in bag.models:
            if halve and can_run_in_bf16(model):
                halve_body(model)
            model.to(self._device)

    def separate(
        self, audio: AudioFile, wanted: Sequence[str], progress: Callable[[float], None]
    ) -> Iterator[dict[str, Samples]]:
        """Yield consecutive blocks (channels, frames) of the `wanted` stems, `audio.frames` frames in all.

        Models of the bag that do not count for any wanted stem are not run.
        """
        indices = [self.stems.index(name) for name in wanted]
        segment = self._bag.segment_frames
        stride = int((1 - _OVERLAP) * segment)
        mean, std = mean_and_std(audio)
        chunks = self._chunks(audio, indices, mean, std, progress)
        for block in overlap_add(chunks, audio.frames, segment, stride):
            yield dict(zip(wanted, block * std + mean, strict=True))

    def _chunks(
        self, audio: AudioFile, indices: list[int], mean: np.float32, std: np.float32, progress: Callable[[float], None]
    ) -> Iterator[Stems]:
        """The models' answer to each chunk, normalised as the models want it: (stems, channels, frames)."""
        segment = self._bag.segment_frames
        offsets = chunk_offsets(audio.frames, int((1 - _OVERLAP) * segment))
        for first in range(0, len(offsets), self._batch):
            group = offsets[first : first + self._batch]
            lengths = [min(segment, audio.frames - offset) for offset in group]
            answers: list[torch.Tensor | float] = [0.0] * len(group)
            used = [k for k, row in enumerate(self._bag.weights) if any(row[i] for i in indices)]
            for done, k in enumerate(used):
                progress((first + done / len(used) * len(group)) / len(offsets))
                weights = torch.tensor([self._share(k, i) for i in indices])[:, None, None]
                for place, answer in enumerate(self._answers(k, audio, group, lengths, mean, std)):
                    answers[place] = answers[place] + weights * answer[indices]
            for mixed in answers:
                assert isinstance(mixed, torch.Tensor)
                yield mixed.numpy()

    def _share(self, model: int, source: int) -> float:
        """How much of a source's estimate is this model's."""
        return self._bag.weights[model][source] / sum(row[source] for row in self._bag.weights)

    def _answers(
        self, k: int, audio: AudioFile, offsets: Sequence[int], lengths: list[int], mean: np.float32, std: np.float32
    ) -> Iterator[torch.Tensor]:
        """Model `k`'s answers (sources, channels, length) to the chunks at `offsets`, on the CPU."""
        model: Any = self._bag.models[k]
        sizes = [int(model.valid_length(n)) if hasattr(model, "valid_length") else n for n in lengths]
        # Chunks of one batch must be of one size; only models without a fixed size can break that, at the file's end.
        whole = len(set(sizes)) == 1
        groups = [range(len(offsets))] if whole else [range(i, i + 1) for i in range(len(offsets))]
        for places in groups:
            windows = [_window(audio, offsets[i], lengths[i], sizes[i], mean, std) for i in places]
            batch = torch.from_numpy(np.stack(windows)).to(self._device)
            with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=self._autocast):
                out = model(batch)
            for place, answer in zip(places, out.float().cpu(), strict=True):
                yield center_trim(answer, lengths[place])


def mean_and_std(audio: AudioFile) -> tuple[np.float32, np.float32]:
    """Mean and standard deviation (n-1, plus 1e-8) of the mono mix, as in demucs.api, read by blocks.

    Sums are of float64 and per block, which for samples within +-8 loses nothing that float32 would show.
    """
    total, squares = 0.0, 0.0
    for block in audio.blocks():
        mono = block.mean(axis=0).astype(np.float64)
        total += float(mono.sum())
        squares += float(mono @ mono)
    mean = total / audio.frames
    variance = max(squares - audio.frames * mean * mean, 0.0) / max(audio.frames - 1, 1)
    return np.float32(mean), np.float32(np.sqrt(variance) + 1e-8)


def _window(audio: AudioFile, offset: int, length: int, size: int, mean: np.float32, std: np.float32) -> Samples:
    """The chunk with as much of its surroundings as makes it `size` long; zero where the file ends."""
    start = offset - (size - length) // 2
    window = audio.read(start, size)
    first, last = max(-start, 0), min(audio.frames - start, size)
    window[:, first:last] = (window[:, first:last] - mean) / std
    return window
