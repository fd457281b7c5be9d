"""A loss for separation: the SI-SDR of each stem, with an eye to silent stems and to stems made worse."""

import torch

_SILENT = 1e-4
"""Share of the mixture's energy below which a stem counts as silent: -40 dB."""
_BEST = 1e-3
"""SI-SDR is held to 30 dB, that nothing is spent on what nobody hears."""
_WORSE_WEIGHT = 1.0
"""What a dB below the mixture costs beyond the dB itself."""
_LEAK_WEIGHT = 0.3
"""What a dB of sound in a stem that should be silent costs."""

Products = tuple[torch.Tensor, torch.Tensor]
"""<estimate, stem> and |estimate|^2, (batch, stems), as shares of the mixture's energy."""


def si_sdr_db(products: Products, energy: torch.Tensor) -> torch.Tensor:
    """Scale-invariant SDR (Le Roux et al., ICASSP 2019, equation 1) in dB, held to 30, from inner products alone."""
    along, total = products
    target = along**2 / energy.clamp(min=_SILENT * 1e-2)
    noise = (total - target).clamp(min=0) + _BEST * target
    return 10 * torch.log10((target + 1e-9) / (noise + 1e-9))


def separation_loss(found: Products, untouched: Products, energy: torch.Tensor) -> torch.Tensor:
    """Mean over all stems, in dB: less SI-SDR, and more for a stem worse than the `untouched` mixture.

    A silent stem has no SI-SDR; what is put into it counts instead, in dB below the mixture, down to -30.
    """
    gain_db = si_sdr_db(found, energy) - si_sdr_db(untouched, energy)
    worse_db = torch.nn.functional.softplus(-2 * gain_db) / 2
    leak_db = 10 * torch.log10(found[1] + 1e-3)
    return torch.where(energy > _SILENT, _WORSE_WEIGHT * worse_db - gain_db, _LEAK_WEIGHT * leak_db).mean()
