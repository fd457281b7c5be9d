"""A tiny network of patchbay-small's kind, on disk, and tones to feed it with."""

from pathlib import Path

import numpy as np
import torch

from gpu_workers.separation.small_net import SmallNet
from gpu_workers.separation.training.export import export
from gpu_workers.separation.training.learners import Audio

WIDTHS = (4, 6, 8)


def tiny_net(seed: int = 0) -> SmallNet:
    """Random weights that do something to every feature."""
    torch.manual_seed(seed)
    return SmallNet(WIDTHS, detail=4).eval()


def save_tiny(folder: Path, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    export(tiny_net(seed), {"steps": 0}, folder)
    return folder


class Tones:
    """Examples of four sounds that no two have a frequency in common: a source for the training loop."""

    def __init__(self, frames: int = 31 * 1024, silent: int | None = None) -> None:
        self.frames, self.silent = frames, silent

    def batch(self, index: int, size: int) -> tuple[Audio, Audio]:
        rng = np.random.default_rng(index)
        t = np.arange(self.frames) / 44_100
        stems = np.zeros((size, 4, 2, self.frames), np.float32)
        for clip in range(size):
            for stem, hz in enumerate((900.0, 6000.0, 90.0, 300.0)):
                tone = np.sin(2 * np.pi * hz * rng.uniform(0.9, 1.1) * t) * rng.uniform(0.05, 0.2)
                stems[clip, stem] = tone * np.array([[1.0], [rng.uniform(0.3, 1.0)]])
            if self.silent is not None:
                stems[clip, self.silent] = 0.0
        return stems.sum(axis=1), stems
