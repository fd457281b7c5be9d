"""`python -m tests.bench [MODULE ...]`: run the benchmarks, print a table, write bench.json.

A benchmark is a module of this folder with `rows()`. What it compares, it measures in one run on one machine and gives
as a ratio, for times alone say little about another machine.
"""

import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from rich.console import Console
from rich.table import Table

RESULT = Path("bench.json")


class Row(TypedDict):
    """One line of the table."""

    name: str
    ours: float
    theirs: NotRequired[float | None]
    """What it is compared with; None where there is only a limit to keep."""
    ratio: NotRequired[float | None]
    unit: str
    target: str
    """What must hold, in words: "ratio >= 1.5"."""
    ok: bool


def modules(wanted: Iterable[str] = ()) -> list[str]:
    """Names of the benchmarks, or of those wanted."""
    here = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("_")]
    unknown = set(wanted) - set(here)
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(here)}")
    found = [name for name in here if hasattr(importlib.import_module(f"tests.bench.{name}"), "rows")]
    return [name for name in found if not wanted or name in set(wanted)]


def run(name: str, rows: Callable[[], list[Row]], say: Callable[[str], None]) -> dict[str, Any]:
    """Run one benchmark; what it raises is a result too, so that the others still run."""
    began = time.monotonic()
    result: dict[str, Any] = {"module": name, "rows": [], "error": None}
    try:
        result["rows"] = rows()
    except Exception as error:  # noqa: BLE001 - told in the table
        result["error"] = f"{type(error).__name__}: {error}"
    result["took_s"] = round(time.monotonic() - began, 1)
    say(f"{name}: {result['error'] or 'done'} ({result['took_s']} s)")
    return result


def table(results: list[dict[str, Any]]) -> Table:
    """The results, for reading."""
    drawn = Table("Benchmark", title="Patchbay benchmarks", title_justify="left", header_style="bold")
    for heading in ("Ours", "Theirs", "Ratio"):
        drawn.add_column(heading, justify="right")
    for heading in ("Unit", "Target", ""):
        drawn.add_column(heading)
    for result in results:
        for row in result["rows"]:
            mark = "[green]ok[/]" if row["ok"] else "[red]missed[/]"
            numbers = [_number(row.get(column)) for column in ("ours", "theirs", "ratio")]
            drawn.add_row(row["name"], *numbers, row["unit"], row["target"], mark)
        if result["error"]:
            drawn.add_row(result["module"], "", "", "", "", result["error"], "[red]failed[/]")
    return drawn


def main(arguments: list[str]) -> int:
    """Run, print, write. Returns 1 where a target was missed."""
    console = Console()
    names = modules(arguments)
    results = [
        run(name, importlib.import_module(f"tests.bench.{name}").rows, lambda text: console.print(text, style="dim"))
        for name in names
    ]
    console.print(table(results))
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    document = {"written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **machine, "results": results}
    RESULT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    console.print(f"written to {RESULT}")
    met = all(row["ok"] for result in results for row in result["rows"])
    return 0 if met and not any(result["error"] for result in results) else 1


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
