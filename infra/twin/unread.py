"""Changes of tables that no Lambda has read yet: MiniStack forgets them at a stop, but not how far Lambdas had read.

After its next start the stream would count from nothing again, and what comes first be taken for read. So the changes
are saved with the rest of the state, and the stream goes on at the number where it was.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

Scoped = tuple[str, str, str]
"""Account, region, and a name within them."""
Saved = list[tuple[list[str], int, list[Any]]]


@dataclass(frozen=True)
class Streams:
    """The emulator's own dictionaries, by account, region and name."""

    records: MutableMapping[Scoped, list[Any]]
    """Table -> changes, oldest first."""
    trimmed: MutableMapping[Scoped, int]
    """Table -> number of the first of them."""
    mappings: Mapping[Scoped, Mapping[str, Any]]
    """Event source mapping -> what it reads."""
    positions: Mapping[Scoped, int]
    """Event source mapping -> number of the change that it reads next."""

    def unread(self) -> Saved:
        """For each table with readers: its name, the number of the first change that one has yet to read, and all
        changes from there on.
        """
        found: Saved = []
        for table, position in self._read_up_to().items():
            first = max(position, self.trimmed.get(table, 0))
            found.append((list(table), first, self.records.get(table, [])[first - self.trimmed.get(table, 0) :]))
        return found

    def restore(self, saved: Saved) -> None:
        """Go on where the state was saved; a table that was not saved so goes on where its readers are."""
        known = {(name[0], name[1], name[2]): (first, changes) for name, first, changes in saved}
        for table, position in self._read_up_to().items():
            first, changes = known.get(table, (position, []))
            self.trimmed[table] = first
            self.records[table] = [*changes, *self.records.get(table, [])]

    def _read_up_to(self) -> dict[Scoped, int]:
        """Table -> number of the change that its slowest reader reads next."""
        slowest: dict[Scoped, int] = {}
        for (account, region, name), position in list(self.positions.items()):
            source, stream, _ = (
                self.mappings.get((account, region, name), {}).get("EventSourceArn", "").partition("/stream/")
            )
            if stream:
                table = (account, region, source.rpartition("/")[2])
                slowest[table] = min(position, slowest.get(table, position))
        return slowest
