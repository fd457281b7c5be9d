"""What the training loop needs of a network: how a batch is prepared, its loss, and how it separates."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation import small_cells
from gpu_workers.separation.masking import FFT_FRAMES, HOP_FRAMES
from gpu_workers.separation.small_net import SmallNet
from gpu_workers.separation.training.loss import separation_loss

Audio = npt.NDArray[np.float32]
Arrays = dict[str, npt.NDArray[Any]]
"""A prepared batch; what crosses from the process that makes the examples to the one that trains."""
Prepare = Callable[[Audio, Audio, int], Arrays]
_EVERY_FRAME = 2
"""The loss looks at every other frame: windows overlap by three quarters, and the frames between cost as much."""


class Learner(Protocol):
    """One network and its way of learning."""

    net: nn.Module
    prepare: Prepare
    """From mixtures (batch, 2, frames), stems (batch, 4, 2, frames) and the batch's number; runs in another process."""

    def loss(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The mean loss of a prepared batch."""

    def separate(self, net: nn.Module, mixture: Audio) -> Audio:
        """Stems (4, 2, frames) of a mixture (2, frames), by `net`, which is this one's or its average."""


def prepare_masks(mixtures: Audio, stems: Audio, index: int) -> Arrays:
    """Features of all frames, and of every other frame what a masks' SI-SDR needs to know.

    With X the mixture and S a stem, both channels at once, a mask m estimates S with <mX, S> = sum m cross and
    <mX, mX> = sum m^2 power: in the spectra of overlapping windows sums are those of the signals, times a constant.
    Even and odd batches look at even and odd frames.
    """
    first = index % _EVERY_FRAME
    parts: dict[str, list[Any]] = {name: [] for name in ("features", "power", "cross", "energy")}
    for mixture, signals in zip(mixtures, stems, strict=True):
        spectrum = stft(mixture, FFT_FRAMES, HOP_FRAMES)
        parts["features"].append(small_cells.features(spectrum))
        spectrum = spectrum[:, first::_EVERY_FRAME]
        power = small_cells.power(spectrum)
        spectra = _every_other(signals.reshape(-1, signals.shape[-1]), first, spectrum.shape[1])
        spectra = spectra.reshape(len(signals), 2, *spectra.shape[1:])
        cross = small_cells.pooled((spectra * spectrum.conj()).real.sum(axis=1))
        energy = (spectra.real**2 + spectra.imag**2).sum(axis=(1, 2, 3), dtype=np.float64)
        scale = 1 / max(float(power.sum(dtype=np.float64)), 1e-12)
        for name, plane in (("power", power), ("cross", cross), ("energy", energy)):
            parts[name].append((plane * scale).astype(np.float32))
    return {"first": np.array(first), **{name: np.stack(planes) for name, planes in parts.items()}}


def _every_other(signals: Audio, first: int, count: int) -> npt.NDArray[np.complex64]:
    """Every other frame of the signals' spectra, from frame `first` on."""
    shifted = np.pad(signals, ((0, 0), (first * HOP_FRAMES, 0)))
    return stft(shifted, FFT_FRAMES, _EVERY_FRAME * HOP_FRAMES)[:, first : first + count]


class MaskLearner:
    """`SmallNet`: soft masks that sum to one, by the SI-SDR of what they let through."""

    def __init__(self, net: SmallNet) -> None:
        self.net: nn.Module = net
        self.prepare: Prepare = prepare_masks

    def loss(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """See `prepare_masks` and `separation_loss`."""
        scores = self.net(batch["features"], slice(int(batch["first"]), None, _EVERY_FRAME))
        masks = torch.softmax(scores.float(), dim=1)
        power, cross = batch["power"][:, None], batch["cross"]
        found = ((masks * cross).sum((2, 3)), (masks**2 * power).sum((2, 3)))
        untouched = (cross.sum((2, 3)), power.sum((2, 3)).expand(-1, cross.shape[1]))
        return separation_loss(found, untouched, batch["energy"])

    def separate(self, net: nn.Module, mixture: Audio) -> Audio:
        """Stems (4, 2, frames) of a mixture (2, frames) in one piece."""
        device = next(net.parameters()).device
        spectrum = stft(mixture, FFT_FRAMES, HOP_FRAMES)
        seen = torch.from_numpy(small_cells.features(spectrum))[None].to(device)
        with torch.inference_mode():
            masks = torch.softmax(net(seen).float(), dim=1)[0].cpu().numpy()
        parts = [
            inverse_stft(small_cells.spread(m) * spectrum, FFT_FRAMES, HOP_FRAMES, mixture.shape[1]) for m in masks
        ]
        return np.stack(parts)


def prepare_signals(mixtures: Audio, stems: Audio, index: int) -> Arrays:
    """The signals as they are, the mixture's standard deviation 1."""
    scale = 1 / np.maximum(mixtures.std(axis=(1, 2), keepdims=True), 1e-6)
    return {"mixtures": mixtures * scale, "stems": stems * scale[:, None]}


class DemucsLearner:
    """A demucs network on signals, by the same loss."""

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self.prepare: Prepare = prepare_signals

    def loss(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """SI-SDR of the network's signals."""
        mixtures, stems = batch["mixtures"], batch["stems"]
        found = self.net(mixtures).float()
        scale = 1 / (mixtures**2).sum((1, 2)).clamp(min=1e-12)[:, None]
        before = (mixtures[:, None] * stems).sum((2, 3)) * scale, torch.ones_like(stems[:, :, 0, 0])
        after = (found * stems).sum((2, 3)) * scale, (found**2).sum((2, 3)) * scale
        return separation_loss(after, before, (stems**2).sum((2, 3)) * scale)

    def separate(self, net: nn.Module, mixture: Audio) -> Audio:
        """Stems (4, 2, frames) of a mixture (2, frames) no longer than the network's segment."""
        scale = np.float32(max(float(mixture.std()), 1e-6))
        with torch.inference_mode():
            found = net(torch.from_numpy(mixture / scale)[None])[0].numpy()
        stems: Audio = found * scale
        return stems
