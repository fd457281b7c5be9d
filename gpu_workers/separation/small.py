"""`patchbay-small`: soft masks that sum to one, from a small network of our own (see `small_net`, `training`).

The network tells, for each cell of the spectrogram, how to share it out among the stems, so that the stems sum to the
mixture whatever it says. Its weights are in the package: docs/models/patchbay-small.md tells how they were made.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation.overlap import Stems, chunk_offsets, overlap_add
from gpu_workers.separation.precision import keep_freed_memory
from gpu_workers.separation.small_cells import FFT_FRAMES, HOP_FRAMES, SAMPLE_RATE_HZ, Plane, features, spread
from gpu_workers.separation.small_net import SmallNet
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles

CONFIG, WEIGHTS = "small.json", "small.safetensors"
PACKAGE = Path(__file__).parent
"""Where the weights lie that Patchbay brings along."""
_SEGMENT_FRAMES = 12 * SAMPLE_RATE_HZ
_STRIDE_FRAMES = 9 * SAMPLE_RATE_HZ
_LOAD_ERRORS = (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError)


def load_small(folder: Path) -> tuple[SmallNet, tuple[str, ...]]:
    """The network of `small.json` and `small.safetensors` in `folder`, ready to run, and its stems.

    Raises OSError, KeyError, TypeError, ValueError, RuntimeError or SafetensorError for files that are not such.
    """
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    stems = tuple(config["stems"])
    net = SmallNet(**config["network"])
    if net.arguments["stems"] != len(stems):
        raise ValueError("the network has another number of stems")
    tensors = load_file(folder / WEIGHTS)
    net.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in tensors.items()})
    return net.eval().requires_grad_(False), stems


class SmallSeparator:
    """The loaded network, on a GPU where there is one; stereo at 44.1 kHz."""

    sample_rate_hz = SAMPLE_RATE_HZ
    channels = 2

    def __init__(self, files: ModelFiles) -> None:
        """Raises `ModelUnavailable`."""
        if files.weights_dir is None:
            raise ModelUnavailable(f"The weights of {files.name} are not installed.")
        try:
            self._net, self.stems = load_small(files.weights_dir)
        except _LOAD_ERRORS as error:
            raise ModelUnavailable(f"The weights of {files.name} are missing or damaged.") from error
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._net.to(self._device)
        if self._device.type == "cpu":
            keep_freed_memory()

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
            masks = self.masks(features(spectrum))
            frames = samples.shape[1]
            yield np.stack([inverse_stft(spread(masks[i]) * spectrum, FFT_FRAMES, HOP_FRAMES, frames) for i in indices])

    def masks(self, seen: Plane) -> Plane:
        """Shares (stems, frames, cells) of 0 to 1 that sum to 1 over the stems, for features (4, frames, cells)."""
        with torch.inference_mode():
            scores = self._net(torch.from_numpy(seen)[None].to(self._device))
            found: Plane = torch.softmax(scores, dim=1)[0].cpu().numpy()
        return found
