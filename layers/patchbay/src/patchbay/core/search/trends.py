"""Tags in fashion: those of the latest public samples."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.core import layout, store
from patchbay.core.search import kinds, postings
from patchbay.core.search.postings import Posting
from patchbay.domain.base import Entity
from patchbay.domain.errors import InvalidInput
from patchbay.ports import Clock, Records, WriteConflict

LATEST = 1000
"""Samples that are counted."""
OF_ONE_OWNER = 20
"""Samples of one owner that count for a tag: nobody makes a fashion alone."""
LASTS = timedelta(minutes=10)
MOST = 100
KEY = "TRENDS", postings.PUBLIC


class Trends(Entity):
    """The tags as they were counted last."""

    at: datetime
    tags: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Explorer:
    """Counts tags, every `LASTS` at most."""

    records: Records
    clock: Clock

    def tags(self, limit: int) -> list[tuple[str, int]]:
        """(tag, how many of the `LATEST` public samples have it), the most frequent first.

        Of one owner at most `OF_ONE_OWNER` count for a tag. Raises `InvalidInput`.
        """
        if not 0 < limit <= MOST:
            raise InvalidInput(f"1 to {MOST} tags can be asked for", field="limit")
        now = self.clock.now()
        known = store.load(self.records, Trends, KEY)
        if known is None or not now - LASTS < known.at <= now:
            known = Trends(version=known.version if known else 0, at=now, tags=self._counted())
            with suppress(WriteConflict):  # somebody else has counted the same
                self.records.write(layout.put(KEY, "trends", known))
        return list(known.tags[:limit])

    def _counted(self) -> tuple[tuple[str, int], ...]:
        latest = postings.list_key(kinds.TIME, postings.PUBLIC, postings.EVERYTHING)
        of_owners: Counter[tuple[str, str]] = Counter()
        for stored in self.records.query(latest, limit=LATEST):
            posting = layout.entity(Posting, stored)
            of_owners.update((tag, posting.owner) for tag in posting.tags)
        counts: Counter[str] = Counter()
        for (tag, _), count in of_owners.items():
            counts[tag] += min(count, OF_ONE_OWNER)
        return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST])
