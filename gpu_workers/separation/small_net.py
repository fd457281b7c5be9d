"""The network of `patchbay-small`: a U-Net of convolutions over frames and bands, with a look along all frequencies."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from gpu_workers.separation.small_cells import CELLS, FEATURES

_JOINED = 4
"""Cells that the first convolution joins to a band, and the last one parts again."""


class SmallNet(nn.Module):
    """Scores of the stems from the features of a clip; a softmax over the stems makes masks of them.

    `widths` are the channels of the levels: the first has all frames and a band for every four cells, each further one
    half the frames and half the bands of the one before. `detail` channels lie between the last two layers.
    """

    def __init__(self, widths: Sequence[int] = (16, 48, 96, 128), stems: int = 4, detail: int = 12) -> None:
        super().__init__()
        self.arguments = {"widths": list(widths), "stems": stems, "detail": detail}
        bands = [CELLS // _JOINED >> level for level in range(len(widths))]
        steps = list(pairwise(widths))
        self.start = nn.Sequential(
            nn.Conv2d(FEATURES, widths[0], (3, 2 * _JOINED - 1), (1, _JOINED), (1, _JOINED - 1), bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        self.place = nn.ParameterList(nn.Parameter(torch.zeros(w, 1, b)) for w, b in zip(widths, bands, strict=True))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in steps)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in steps)
        self.before = nn.ModuleList(Block(w, b) for w, b in zip(widths[1:], bands[1:], strict=True))
        self.after = nn.ModuleList(Block(w, b) for w, b in zip(widths[1:-1], bands[1:-1], strict=True))
        self.deep = nn.Sequential(*(Block(widths[-1], bands[-1], 2**k) for k in range(1, 4)))
        self.last = nn.Sequential(
            nn.Conv2d(widths[0], widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.parted = nn.Conv2d(widths[0], detail * _JOINED, 1)
        self.seen = nn.Conv2d(FEATURES, detail, (1, 3), padding=(0, 1))
        self.finish = nn.Conv2d(detail, stems, 1)

    def forward(self, features: torch.Tensor, frames: slice = slice(None)) -> torch.Tensor:
        """Scores (batch, stems, frames, cells) from features (batch, 4, frames, cells), any number of frames.

        With `frames`, scores of these alone; training looks at every other frame.
        """
        count = features.shape[2]
        missing = -count % (1 << len(self.down))
        x = self._body(self.start(nn.functional.pad(features, (0, 0, 0, missing))))
        x = self.parted(x[:, :, :count][:, :, frames])
        batch, _, kept, bands = x.shape
        fine = x.view(batch, -1, _JOINED, kept, bands).permute(0, 1, 3, 4, 2).reshape(batch, -1, kept, CELLS)
        scores: torch.Tensor = self.finish(torch.relu(fine + self.seen(features[:, :, frames])))
        return scores

    def _body(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.place[0]
        kept = []
        for place, down, block in zip(self.place[1:], self.down, self.before, strict=True):
            kept.append(x)
            x = block(down(x) + place)
        x = self.deep(x)
        for level in range(len(kept) - 1, 0, -1):
            x = self.after[level - 1](self.up[level](x) + kept[level])
        out: torch.Tensor = self.last(self.up[0](x) + kept[0])
        return out


class Block(nn.Module):
    """Two convolutions over near frames and bands, then a look along all bands; each adds to what came in.

    The second is the frequency transformation of Choi et al., "Investigating U-Nets with various intermediate blocks
    for spectrogram-based singing voice separation", ISMIR 2020.
    """

    def __init__(self, width: int, bands: int, dilation: int = 1) -> None:
        super().__init__()
        self.near = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=(dilation, 1), dilation=(dilation, 1), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.along = nn.Sequential(
            nn.Linear(bands, bands // 4, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.Linear(bands // 4, bands)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (batch, width, frames, bands) in and out."""
        x = x + self.near(x)
        out: torch.Tensor = x + self.along(x)
        return out
