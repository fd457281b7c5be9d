"""What clients did, and how long it took."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """One request. `fault` says what was wrong with it; empty if nothing was."""

    dialect: str
    what: str
    at_s: float
    """Since the load began."""
    took_s: float
    fault: str = ""


@dataclass
class Journal:
    """All of a load, as it goes."""

    began: float = field(default_factory=time.monotonic)
    calls: list[Call] = field(default_factory=list)
    ordered: dict[str, str] = field(default_factory=dict)
    """Job -> dialect."""
    ended: dict[str, str] = field(default_factory=dict)
    """Job -> how."""
    reports_wanted: set[str] = field(default_factory=set)
    """Jobs whose end is to be reported to the receiver."""

    @contextmanager
    def call(self, dialect: str, what: str) -> Iterator[None]:
        """Time what is done inside. An exception is a fault, and goes on."""
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            self._note(dialect, what, began, f"{type(error).__name__}: {error}"[:300])
            raise
        self._note(dialect, what, began, "")

    def elapsed_s(self) -> float:
        """Since the load began."""
        return time.monotonic() - self.began

    def _note(self, dialect: str, what: str, began: float, fault: str) -> None:
        now = time.monotonic()
        self.calls.append(Call(dialect, what, began - self.began, now - began, fault))

    @property
    def faults(self) -> list[Call]:
        """Calls that went wrong."""
        return [call for call in self.calls if call.fault]

    def lost(self) -> dict[str, str]:
        """Jobs that were ordered and never ended well, by id."""
        return {
            job_id: self.ended.get(job_id, "never ended")
            for job_id in self.ordered
            if self.ended.get(job_id) not in {"succeeded", "cancelled"}
        }

    def by_operation(self) -> dict[tuple[str, str], list[float]]:
        """(dialect, operation) -> seconds, of calls that went well."""
        found: dict[tuple[str, str], list[float]] = defaultdict(list)
        for call in self.calls:
            if not call.fault:
                found[call.dialect, call.what].append(call.took_s)
        return dict(sorted(found.items()))

    def write(self, path: Path) -> None:
        """All calls, a line each."""
        path.write_text("".join(json.dumps(asdict(call)) + "\n" for call in self.calls))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values are not above (nearest rank); NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
