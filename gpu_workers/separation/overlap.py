"""Chunks that overlap, joined again by weights: the whole of a file in the memory of two chunks."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Stems = npt.NDArray[np.float32]
"""Shape (stems, channels, frames)."""


def triangle(frames: int) -> npt.NDArray[np.float32]:
    """Weights of one chunk: rising to the middle, never zero, largest 1; those of demucs.apply.apply_model."""
    rise = np.arange(1, frames // 2 + 1)
    fall = np.arange(frames - frames // 2, 0, -1)
    weights = np.concatenate([rise, fall]).astype(np.float32)
    weights /= weights.max()
    return weights


def chunk_offsets(total: int, stride: int) -> range:
    """Where the chunks of a file of `total` frames start."""
    return range(0, total, stride)


def overlap_add(chunks: Iterable[Stems], total: int, segment: int, stride: int) -> Iterator[Stems]:
    """Join `chunks`, one for each of `chunk_offsets`, of `segment` frames (those at the end may be shorter).

    Yields consecutive blocks of the weighted mean, `total` frames in all, each as soon as no later chunk reaches it.
    """
    weights = triangle(segment)
    mixed: Stems | None = None
    norm = np.zeros(segment, np.float32)
    for offset, chunk in zip(chunk_offsets(total, stride), chunks, strict=True):
        frames = chunk.shape[-1]
        if mixed is None:
            mixed = np.zeros((*chunk.shape[:-1], segment), np.float32)
        mixed[..., :frames] += weights[:frames] * chunk
        norm[:frames] += weights[:frames]
        done = min(stride, total - offset)
        yield mixed[..., :done] / norm[:done]
        mixed[..., : segment - done] = mixed[..., done:].copy()
        mixed[..., segment - done :] = 0.0
        norm[: segment - done] = norm[done:].copy()
        norm[segment - done :] = 0.0
