"""The rule's table by gradient ascent on SI-SDR, from `Points` alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gpu_workers.separation.cues import band_shares
from gpu_workers.separation.fitting.points import STEMS, Points, sampled_bins
from gpu_workers.separation.masking import FFT_FRAMES, SAMPLE_RATE_HZ

Table = npt.NDArray[np.float32]
"""Shape (bands, stems, cues)."""

_SONGS_A_STEP = 8


@dataclass(frozen=True)
class Settings:
    """How the fit goes; chosen on generators left out (see `__main__`)."""

    bands_hz: tuple[int, ...] = (50, 100, 200, 400, 800, 1600, 3200, 6400, 12800)
    steps: int = 300
    rate: float = 0.1
    worse_weight: float = 1.0
    """What a dB below the mixture costs beyond the dB itself."""
    shrink: float = 3e-2
    """Cost of the mean square of the table."""
    smooth: float = 1e-2
    """Cost of the mean squared difference between neighbouring bands."""


def fit(songs: Sequence[Points], settings: Settings, seed: int = 0, say: Callable[[str], None] | None = None) -> Table:
    """The table (bands, stems, cues) that raises the mean SI-SDR of the songs' stems."""
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    shares = shares_of(settings.bands_hz)
    table = torch.zeros(len(settings.bands_hz), len(STEMS), songs[0].cues.shape[-1], requires_grad=True)
    optimiser = torch.optim.Adam([table], lr=settings.rate)
    falling = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=settings.steps, pct_start=0.1)
    for step in range(settings.steps):
        chosen = torch.randperm(len(songs), generator=order)[:_SONGS_A_STEP].tolist()
        found = torch.cat([gains_db(table, shares, songs[i]) for i in chosen])
        below = torch.nn.functional.softplus(-2.0 * found) / 2.0
        cost = -found.mean() + settings.worse_weight * below.mean()
        cost = cost + settings.shrink * (table**2).sum() / len(settings.bands_hz)
        cost = cost + settings.smooth * (table.diff(dim=0) ** 2).sum() / len(settings.bands_hz)
        optimiser.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
        if say and step % 100 == 99:
            say(f"step {step + 1}: cost {cost.item():.2f}")
    return table.detach().numpy()


def shares_of(bands_hz: Sequence[float]) -> torch.Tensor:
    """(bins, bands) at the bins of the points."""
    shares = band_shares(FFT_FRAMES // 2 + 1, SAMPLE_RATE_HZ / FFT_FRAMES, np.array(bands_hz, np.float32))
    return torch.from_numpy(shares[sampled_bins()[0]])


def gains_db(table: torch.Tensor, shares: torch.Tensor, song: Points) -> torch.Tensor:
    """SI-SDR of each stem that is not silent, less that of the mixture, both on the points alone."""
    rules = torch.einsum("fb,bsk->fks", shares, table)
    masks = torch.softmax(torch.bmm(torch.from_numpy(song.cues).float(), rules), dim=-1)
    power, energy = torch.from_numpy(song.power), torch.from_numpy(song.energy)
    cross = torch.from_numpy(song.cross)
    along = torch.einsum("fts,sft->s", masks, cross)
    total = torch.einsum("fts,ft->s", masks**2, power)
    heard = energy > 1e-6
    after = _si_sdr_db(along, total, energy)
    before = _si_sdr_db(cross.sum((1, 2)), power.sum().expand(len(energy)), energy)
    return (after - before)[heard]


def measure(table: Table, bands_hz: Sequence[float], songs: Sequence[Points]) -> list[npt.NDArray[np.float32]]:
    """The gains in dB, for each stem those of the songs that have it."""
    shares = shares_of(bands_hz)
    found: list[list[float]] = [[] for _ in STEMS]
    for song in songs:
        heard = np.flatnonzero(song.energy > 1e-6)
        for stem, gain in zip(heard, gains_db(torch.from_numpy(table), shares, song).tolist(), strict=True):
            found[stem].append(gain)
    return [np.array(gains, np.float32) for gains in found]


def _si_sdr_db(along: torch.Tensor, total: torch.Tensor, energy: torch.Tensor) -> torch.Tensor:
    """From <estimate, stem>, |estimate|^2 and |stem|^2: target over the rest."""
    target = along**2 / energy.clamp(min=1e-9)
    return 10.0 * torch.log10((target + 1e-9) / (total - target).clamp(min=1e-9))
