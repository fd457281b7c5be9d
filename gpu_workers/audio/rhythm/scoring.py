"""Which way of counting is right, and where bars begin: two small scorers with fitted coefficients.

`rhythm.json` holds them; `tests.bench.truth.fit_rhythm` fits them to pieces whose beats are known.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from gpu_workers.audio.rhythm.cues import Counted, Row, bar_cues

METERS = (3, 4)
_CLIP = 4.0
"""Standard deviations beyond which a cue counts no more: what was never seen must not decide."""


@dataclass(frozen=True)
class Bars:
    """Log-odds of the first beat of the bar being at each place."""

    by_meter: tuple[Row, ...]
    """For each of `METERS` as many numbers as the bar has beats."""

    @property
    def best(self) -> tuple[int, int]:
        """The metre and the place that are likeliest."""
        tops = [float(row.max()) for row in self.by_meter]
        which = int(np.argmax(tops))
        return METERS[which], int(np.argmax(self.by_meter[which]))


@dataclass(frozen=True)
class Scorer:
    """The coefficients. Names say what they multiply."""

    mean: Row
    spread: Row
    bars: tuple[Row, ...]
    meter: Row
    """Of the cues, for three beats in a bar against four; the last is a constant."""
    bar_mean: Row
    bar_spread: Row
    inwards: Row
    """(cues and 8 of the bars, hidden)."""
    bias: Row
    outwards: Row
    direct: Row

    def bars_of(self, cues: Row, three: Row, four: Row) -> Bars:
        """Log-odds of each first beat. `three` and `four`: `bar_cues` for 3 and 4 beats in a bar."""
        odds = float(self._standard(cues) @ self.meter[:-1] + self.meter[-1])
        return Bars((three @ self.bars[0] + odds, four @ self.bars[1]))

    def score(self, cues: Row, bars: Bars) -> float:
        """How likely this way of counting is, as a logarithm without a constant."""
        about_bars = (summary(bars) - self.bar_mean) / self.bar_spread
        x = np.concatenate((self._standard(cues), np.clip(about_bars, -_CLIP, _CLIP)))
        return float(np.tanh(x @ self.inwards + self.bias) @ self.outwards + x @ self.direct)

    def _standard(self, cues: Row) -> Row:
        return np.clip((cues - self.mean) / self.spread, -_CLIP, _CLIP)


def summary(bars: Bars) -> Row:
    """Eight numbers on how clearly there are bars: sorted log-odds of each metre about their mean, and the metre's."""
    rows = [np.sort(row)[::-1] - row.mean() for row in bars.by_meter]
    return np.concatenate((*rows, [float(bars.by_meter[0].mean() - bars.by_meter[1].mean())]))


def first_beats(count: Counted) -> tuple[Row, Row]:
    """`bar_cues` for each of `METERS`."""
    return bar_cues(count, METERS[0]), bar_cues(count, METERS[1])


@cache
def scorer() -> Scorer:
    """The scorer of `rhythm.json`, read once."""
    table = json.loads((Path(__file__).parent / "rhythm.json").read_text(encoding="utf-8"))
    arrays = {name: np.array(values, np.float64) for name, values in table["coefficients"].items() if name != "bars"}
    bars = tuple(np.array(row, np.float64) for row in table["coefficients"]["bars"])
    return Scorer(bars=bars, **arrays)
