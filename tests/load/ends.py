"""How many jobs of one tenant may end in a second: all of them add to the one record that its budgets are held to.

`python -m tests.load.ends` prints the table of docs/scale.md; a test holds the page to it. Simulated, not measured: of
two transactions on one item DynamoDB refuses the one that comes while the other is under way (DynamoDB guide,
"Transaction conflict handling"), and who is refused tries again as `core.store.attempts` has it. How long a transaction
takes is assumed; each from half as long to half as long again.
"""

import heapq
import random
from dataclasses import dataclass
from itertools import count

from patchbay.core import store

TAKES_S = (0.01, 0.02)
RATES = (10, 20, 40)
"""Ends a second."""
READ_S = 0.01
"""What is read anew before each try."""
SIMULATED_S = 1000.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of all ends."""

    given_up: float
    """Share of those that lost every race. The state machine has them done again, from the beginning."""
    tries: float
    """Of one, on the average."""
    p99_s: float
    """How long the slowest of a hundred took."""


def simulated(rate: float, takes_s: float, *, seconds: float = SIMULATED_S, seed: int = 1) -> Ended:
    """Ends at random moments, `rate` a second. The same figures whenever it is run, as pauses are random too."""
    before = random.getstate()
    random.seed(seed)
    try:
        return _simulated(rate, takes_s, seconds)
    finally:
        random.setstate(before)


def _simulated(rate: float, takes_s: float, seconds: float) -> Ended:
    at_s, free_s, tries, lost = 0.0, 0.0, 0, 0
    took_s: list[float] = []
    arrivals: list[tuple[float, int, float, list[float]]] = []
    """When a try begins, a number that no other has, when the first began, what is left of pauses."""
    numbers = count()
    while (at_s := at_s + random.expovariate(rate)) < seconds:
        pauses: list[float] = []
        for number in store.attempts(pauses.append):
            assert number == len(pauses)
        arrivals.append((at_s, next(numbers), at_s, pauses))
    heapq.heapify(arrivals)
    total = len(arrivals)
    while arrivals:
        at_s, number, first_s, pauses = heapq.heappop(arrivals)
        tries += 1
        needs_s = takes_s * random.uniform(0.5, 1.5)
        if at_s >= free_s:
            free_s = at_s + needs_s
            took_s.append(free_s - first_s)
        elif pauses:
            again = at_s + needs_s + pauses[0] + READ_S
            heapq.heappush(arrivals, (again, number, first_s, pauses[1:]))
        else:
            lost += 1
    return Ended(lost / total, tries / total, sorted(took_s)[int(0.99 * len(took_s))])


def table() -> list[str]:
    """The page's table."""
    lines = ["| a transaction takes | ends a second | tries of one | p99 | lose all of them |", "| --- " * 5 + "|"]
    for takes_s in TAKES_S:
        for rate in RATES:
            found = simulated(rate, takes_s)
            lost = f"{100 * found.given_up:.1g} %" if found.given_up else "none"
            lines.append(f"| {takes_s * 1000:.0f} ms | {rate} | {found.tries:.1f} | {found.p99_s:.1f} s | {lost} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
