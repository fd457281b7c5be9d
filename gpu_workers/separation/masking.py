"""Separation by masks over a spectrogram: chunk by chunk, in bounded memory, whoever makes the masks."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation.overlap import Stems, chunk_offsets, overlap_add

Spectrum = npt.NDArray[np.complex64]
"""Shape (channels, frames, bins)."""
Plane = npt.NDArray[np.float32]
"""Shape (..., frames, bins)."""

SAMPLE_RATE_HZ = 44_100
FFT_FRAMES, HOP_FRAMES = 4096, 1024
BINS = FFT_FRAMES // 2 + 1
_SEGMENT_FRAMES = 12 * SAMPLE_RATE_HZ
_STRIDE_FRAMES = 9 * SAMPLE_RATE_HZ
_AT_ONCE = 2


def shared(scores: Plane) -> Plane:
    """Masks that sum to 1, the softmax over the first axis. Written over the scores."""
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    return scores


class MaskSeparator(ABC):
    """Stereo at 44.1 kHz, each stem the mixture's spectrum times a mask."""

    sample_rate_hz = SAMPLE_RATE_HZ
    channels = 2
    stems: tuple[str, ...]

    @abstractmethod
    def masks(self, spectrum: Spectrum, indices: Sequence[int]) -> Iterator[Plane]:
        """The mask (frames, bins) of each of the stems `indices`, 0 to 1, for a spectrum (2, frames, bins).

        Several threads call it at once.
        """

    def separate(
        self, audio: AudioFile, wanted: Sequence[str], progress: Callable[[float], None]
    ) -> Iterator[dict[str, Samples]]:
        """Yield consecutive blocks (channels, frames) of the `wanted` stems, `audio.frames` frames in all."""
        indices = [self.stems.index(name) for name in wanted]
        for block in overlap_add(self._chunks(audio, indices, progress), audio.frames, _SEGMENT_FRAMES, _STRIDE_FRAMES):
            yield dict(zip(wanted, block, strict=True))

    def _chunks(self, audio: AudioFile, indices: list[int], progress: Callable[[float], None]) -> Iterator[Stems]:
        """The chunks in order, `_AT_ONCE` of them under way: most of the work lets other threads run."""
        under_way: deque[tuple[int, Future[Stems]]] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for offset in chunk_offsets(audio.frames, _STRIDE_FRAMES):
                under_way.append((offset, threads.submit(self._chunk, audio, offset, indices)))
                if len(under_way) == _AT_ONCE:
                    yield _done(under_way, audio, progress)
            while under_way:
                yield _done(under_way, audio, progress)

    def _chunk(self, audio: AudioFile, offset: int, indices: list[int]) -> Stems:
        samples = audio.read(offset, min(_SEGMENT_FRAMES, audio.frames - offset))
        spectrum, frames = stft(samples, FFT_FRAMES, HOP_FRAMES), samples.shape[1]
        found = (mask * spectrum for mask in self.masks(spectrum, indices))
        return np.stack([inverse_stft(stem, FFT_FRAMES, HOP_FRAMES, frames) for stem in found])


def _done(under_way: deque[tuple[int, Future[Stems]]], audio: AudioFile, progress: Callable[[float], None]) -> Stems:
    """The next chunk. What `progress` raises goes through; what is under way then still ends."""
    offset, chunk = under_way.popleft()
    progress(offset / audio.frames)
    return chunk.result()
