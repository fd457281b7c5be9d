"""What came of a load: tables for people, JSON for programs, a picture."""

import itertools
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.load.growth import Growth
from tests.load.journal import Journal, percentile

WINDOW_S = 30.0
MOST_GROWTH_MIB = 60.0
"""A minute, of any part's memory: what is kept on disk is not counted."""
MOST_FILES = 30.0
"""A minute, of any part's open files."""


@dataclass(frozen=True)
class Outcome:
    """A load that is over."""

    journal: Journal
    growth: Growth
    clients: int
    lasted_s: float
    reports: Counter[str]
    """Job -> how often its end was reported."""

    def verdict(self) -> list[str]:
        """What is wrong; empty if nothing is."""
        wrong = [f"{call.dialect}, {call.what}: {call.fault}" for call in self.journal.faults]
        wrong += [
            f"job {job_id} ({self.journal.ordered[job_id]}): {how}" for job_id, how in self.journal.lost().items()
        ]
        wanted = self.journal.reports_wanted & self.journal.ended.keys()
        wrong += [
            f"job {job_id}: reported {self.reports[job_id]} times" for job_id in wanted if self.reports[job_id] != 1
        ]
        for name, slope in self.growth.slopes().items():
            most = MOST_FILES if name.endswith("files") else MOST_GROWTH_MIB
            if not name.startswith(("data", "others")) and slope > most:
                wrong.append(f"{name} grow by {slope:.0f} a minute")
        return wrong

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        told = {
            f"{dialect}: {what}": {
                "count": len(times),
                **{f"p{share * 100:g}_ms": round(percentile(times, share) * 1000, 1) for share in (0.5, 0.95, 0.99)},
                "max_ms": round(max(times) * 1000, 1),
            }
            for (dialect, what), times in self.journal.by_operation().items()
        }
        return {
            "clients": self.clients,
            "lasted_s": round(self.lasted_s, 1),
            "load_average": os.getloadavg()[0],
            "requests": len(self.journal.calls),
            "requests_per_s": round(len(self.journal.calls) / self.lasted_s, 1),
            "failed": len(self.journal.faults),
            "jobs": len(self.journal.ordered),
            "jobs_lost": len(self.journal.lost()),
            "reports_wanted": len(self.journal.reports_wanted),
            "reports": sum(self.reports.values()),
            "growth_per_minute": {name: round(slope, 2) for name, slope in self.growth.slopes().items()},
            "operations": told,
        }

    def write(self, folder: Path) -> None:
        """All of it into a folder: `load.json`, `calls.jsonl`, `load.png`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "load.json").write_text(json.dumps(self.as_dict(), indent=1) + "\n")
        self.journal.write(folder / "calls.jsonl")
        _draw(self, folder / "load.png")

    def print(self) -> None:
        """For people."""
        from rich.console import Console
        from rich.table import Table

        told = self.as_dict()
        table = Table("Dialect", "Operation", "Count", "p50", "p95", "p99", "max", header_style="bold")
        for column in table.columns[2:]:
            column.justify = "right"
        for name, figures in told["operations"].items():
            dialect, what = name.split(": ", 1)
            times = [f"{figures[key] / 1000:.3f}" for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms")]
            table.add_row(dialect, what, str(figures["count"]), *times)
        out = Console()
        out.print(table)
        out.print(
            f"{told['clients']} clients for {told['lasted_s']:.0f} s: {told['requests']} requests "
            f"({told['requests_per_s']} a second), {told['failed']} failed; {told['jobs']} jobs, "
            f"{told['jobs_lost']} lost; {told['reports']} of {told['reports_wanted']} reports; "
            f"load average {told['load_average']:.1f}"
        )
        for name, slope in told["growth_per_minute"].items():
            out.print(f"  {name:<20} {slope:+9.2f} a minute", highlight=False)
        for line in (wrong := self.verdict())[:20]:
            out.print(f"[red]{line}[/]", markup=True, highlight=False)
        out.print(f"[red]{len(wrong)} things are wrong[/]" if wrong else "[green]nothing failed, nothing was lost[/]")


def _draw(outcome: Outcome, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    calls = outcome.journal.calls
    figure, (latency, rate, memory) = plt.subplots(3, 1, figsize=(11, 10), sharex=True, layout="constrained")
    edges = np.arange(0, outcome.lasted_s + WINDOW_S, WINDOW_S)
    middle = (edges[:-1] + edges[1:]) / 2
    for dialect in sorted({call.dialect for call in calls}):
        some = [call for call in calls if call.dialect == dialect and "wait" not in call.what]
        parts = [[c.took_s for c in some if lo <= c.at_s < hi] for lo, hi in itertools.pairwise(edges)]
        latency.plot(middle, [percentile(part, 0.95) if part else np.nan for part in parts], "o-", ms=3, label=dialect)
        rate.plot(middle, [len(part) / WINDOW_S for part in parts], "o-", ms=3, label=dialect)
    faults = [call.at_s for call in outcome.journal.faults]
    latency.plot(faults, [0.0] * len(faults), "rx", label=f"{len(faults)} failed")
    latency.set(ylabel="p95, s", title=f"{outcome.clients} clients, {len(calls)} requests", ylim=(0, None))
    rate.set(ylabel="requests a second")
    for name, values in sorted(outcome.growth.figures.items()):
        if name.endswith("MiB") and not name.startswith("data"):
            memory.plot(outcome.growth.at_s, values, label=name.removesuffix(" MiB"))
    memory.set(ylabel="memory, MiB", xlabel="s", ylim=(0, None))
    for axes in (latency, rate, memory):
        axes.grid(alpha=0.3)
        axes.legend(ncols=4, fontsize=8, loc="upper left")
    figure.savefig(path, dpi=110)
    plt.close(figure)
