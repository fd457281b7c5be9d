"""Reading lists of the index: in one order, side by side, and no more of them than a query may cost.

A query mostly has several terms, and every sample that fits is in the list of each. One list is read and its postings
are compared, so it had better be the one with the fewest. Which that is shows in the lists themselves: of all, the one
whose next block reaches furthest is the sparsest here. It is asked again after 1, 2, 4, 8 ... blocks, for what is rare
among the latest samples may be common among the oldest.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from patchbay.core import layout
from patchbay.core.search import postings
from patchbay.core.search.postings import Posting
from patchbay.core.search.query import Choice, Wanted
from patchbay.ports import Record, Records

MOST_READ = 10_000
"""Postings that one query reads at most: beyond them it does not look."""
FIRST_BLOCK, LARGEST_BLOCK, SMALLEST_BLOCK = 32, 1000, 8


@dataclass(frozen=True, slots=True)
class Step:
    """One posting on the way; or, without one, how far the way has come."""

    place: str
    posting: Posting | None = None
    last: bool = False
    """Whether nothing is known of what comes after this place."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """All postings of some lists up to a place."""

    found: list[Record]
    reach: str | None
    """That place; None for the lists' end."""


@dataclass(slots=True)
class Reader:
    """Reads lists of one order. `left` is how many postings it may still read."""

    records: Records
    order: str
    ascending: bool
    left: int = MOST_READ

    def merged(self, wanted: Wanted, block: int) -> Iterator[Step]:
        """Postings that fit, of all scopes that the query may look in, in order."""
        ways = [self.walk(scope, choices, wanted, block) for scope, choices in wanted.scopes()]
        for step in heapq.merge(*ways, key=attrgetter("place"), reverse=not self.ascending):
            if step.posting is not None:
                yield step
            if step.last:
                return

    def walk(self, scope: str, choices: Sequence[Choice], wanted: Wanted, block: int) -> Iterator[Step]:
        """Postings of a scope that fit, in order; marks between them tell how far it has come."""
        reach: str | None = None
        chosen, rounds = choices[0], 0
        size = block if len(choices) == 1 else FIRST_BLOCK
        while self.left > 0:
            if len(choices) > 1 and rounds & (rounds - 1) == 0:
                chosen, stretch = self._sparsest(scope, choices, reach, min(size, self.left // len(choices)))
            else:
                stretch = self.stretch(scope, chosen, reach, min(size, self.left))
            for stored in stretch.found:
                posting = layout.entity(Posting, stored)
                if wanted.fits(posting):
                    yield Step(stored.sk, posting)
            if stretch.reach is None:
                return
            reach = stretch.reach
            yield Step(reach)
            size, rounds = min(2 * size, LARGEST_BLOCK), rounds + 1
        yield Step(reach if reach is not None else self._start, last=True)

    def _sparsest(self, scope: str, choices: Sequence[Choice], after: str | None, size: int) -> tuple[Choice, Stretch]:
        """Of several choices the one whose next stretch reaches furthest, and that stretch."""
        tried = [(choice, self.stretch(scope, choice, after, size)) for choice in choices]
        ends = [(choice, stretch) for choice, stretch in tried if stretch.reach is None]
        if ends:
            return min(ends, key=lambda each: len(each[1].found))
        furthest = max if self.ascending else min
        return furthest(tried, key=lambda each: each[1].reach or "")

    def stretch(self, scope: str, terms: Choice, after: str | None, size: int) -> Stretch:
        """The next postings of the lists of some terms: about `size`, all there are up to where they reach."""
        each = max(1, size) if len(terms) == 1 else max(SMALLEST_BLOCK, size // len(terms))
        parts = [self._block(postings.list_key(self.order, scope, term), after, each) for term in terms]
        if len(parts) == 1:
            return parts[0]
        ends = [part.reach for part in parts if part.reach is not None]
        reach = (min(ends) if self.ascending else max(ends)) if ends else None
        found = heapq.merge(*(part.found for part in parts), key=attrgetter("sk"), reverse=not self.ascending)
        return Stretch([stored for stored in found if reach is None or not self._past(stored.sk, reach)], reach)

    def _block(self, name: str, after: str | None, size: int) -> Stretch:
        found = self.records.query(name, limit=size, before=after, ascending=self.ascending)
        self.left -= len(found)
        return Stretch(found, found[-1].sk if len(found) == size else None)

    @property
    def _start(self) -> str:
        """A place before all others."""
        return "" if self.ascending else "\U0010ffff"

    def _past(self, place: str, other: str) -> bool:
        return place > other if self.ascending else place < other
