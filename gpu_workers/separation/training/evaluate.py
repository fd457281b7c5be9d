"""How much nearer to the true stems a separation comes than the mixture is."""

from collections.abc import Callable, Iterable

import numpy as np

from gpu_workers.audio.metrics import si_sdr
from gpu_workers.separation.training.learners import Audio
from patchbay.catalog.models import FOUR_STEMS

Gains = dict[str, list[float]]
"""SI-SDR of the stems less that of the mixture taken for them, dB, by stem."""

_HEARD_DB = -40.0
"""A stem this far below its mixture, or more, counts as silent and is left out."""
_BOUND_DB = 30.0
"""SI-SDR counts within these bounds: where a stem is alone the mixture's would have none."""


def gains_db(separate: Callable[[Audio], Audio], examples: Iterable[tuple[Audio, Audio]]) -> Gains:
    """Gains over `examples` of (mixture (2, frames), stems (4, 2, frames)); silent stems are left out."""
    found: Gains = {name: [] for name in FOUR_STEMS}
    for mixture, stems in examples:
        estimates = separate(mixture)
        for name, true, estimate in zip(FOUR_STEMS, stems, estimates, strict=True):
            if 10 * np.log10((true**2).sum() / max((mixture**2).sum(), 1e-12) + 1e-12) > _HEARD_DB:
                after_db, before_db = si_sdr(true, estimate), si_sdr(true, mixture)
                found[name].append(float(np.clip(after_db, -_BOUND_DB, _BOUND_DB) - min(before_db, _BOUND_DB)))
    return found


def summary(gains: Gains) -> dict[str, float]:
    """Mean and median of all and each stem's mean, dB, and the share of stems made worse."""
    together = np.concatenate([np.array(each) for each in gains.values()])
    if not len(together):
        return {}
    return {
        "mean_db": float(together.mean()),
        "median_db": float(np.median(together)),
        "worse": float((together < 0).mean()),
        **{f"{name}_db": float(np.mean(each)) for name, each in gains.items() if each},
    }
