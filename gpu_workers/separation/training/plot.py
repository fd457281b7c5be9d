"""The course of a training as a picture: held-out SI-SDR by step."""

from collections.abc import Sequence
from pathlib import Path

from patchbay.catalog.models import FOUR_STEMS


def draw(history: Sequence[dict[str, float]], path: Path) -> None:
    """Mean gain of all stems and of each over the steps, and the share made worse below it."""
    from matplotlib.figure import Figure

    measured = [entry for entry in history if "mean_db" in entry]
    steps = [entry["step"] for entry in measured]
    figure = Figure(figsize=(8, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot(steps, [entry["mean_db"] for entry in measured], "k", label="all")
    for name in FOUR_STEMS:
        upper.plot(steps, [entry.get(f"{name}_db", float("nan")) for entry in measured], label=name, alpha=0.7)
    upper.set_ylabel("held-out SI-SDR gain, dB")
    upper.legend(ncols=5, loc="lower right")
    lower.plot(steps, [100 * entry["worse"] for entry in measured], "k")
    lower.set_ylabel("made worse, %")
    lower.set_xlabel("steps")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
