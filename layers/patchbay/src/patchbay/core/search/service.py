"""Searching the samples and projects of everybody, and keeping the index that makes it cheap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patchbay.core import layout
from patchbay.core.search import postings
from patchbay.core.search.index import Index
from patchbay.core.search.kinds import PROJECTS, SAMPLES, F, Kind, kind_of
from patchbay.core.search.lists import LARGEST_BLOCK, Reader, Step
from patchbay.core.search.query import Query, Wanted, wanted
from patchbay.core.search.trends import Explorer
from patchbay.domain.projects import Project
from patchbay.domain.samples import Sample
from patchbay.ports import Clock, Records


@dataclass(frozen=True, slots=True)
class SampleRef:
    """Which sample was found."""

    tenant_id: str
    sample_id: str


@dataclass(frozen=True, slots=True)
class Search:
    """The search. What a page costs depends on the page and on how much of what is read fits the query, which is a
    matter of proportions and not of how many things there are; beyond `lists.MOST_READ` postings no query looks. The
    index follows the things within about a second.
    """

    records: Records
    clock: Clock

    def find(self, query: Query) -> list[SampleRef]:
        """Samples that fit, in order. Raises `InvalidInput`, whose field is one of the query's."""
        return [SampleRef(sample.tenant_id, sample.id) for sample in self.samples(query)]

    def samples(self, query: Query) -> list[Sample]:
        """The samples themselves, as they are now: each was looked at again, so that none is told to anybody who may
        not find it, whatever the index still says. Raises `InvalidInput`.
        """
        return self._found(query, SAMPLES)

    def projects(self, query: Query) -> list[Project]:
        """Projects that fit, as they are now, like `samples`. Neither tags nor scale fit any."""
        return self._found(query, PROJECTS)

    def _found(self, query: Query, kind: Kind[F]) -> list[F]:
        sought = wanted(query, kind)
        if sought.nothing:
            return []
        reader = Reader(self.records, sought.order, sought.ascending)
        block = min(query.offset + query.limit, LARGEST_BLOCK)
        page: list[F] = []
        waiting: list[Step] = []
        for step in _after(query.offset, reader.merged(sought, block)):
            waiting.append(step)
            if len(page) + len(waiting) == query.limit:
                page += self._as_they_are(waiting, sought, kind)
                waiting = []
                if len(page) == query.limit:
                    return page
        return page + self._as_they_are(waiting, sought, kind)

    def index(self, old: Sample | Project | None, new: Sample | Project | None) -> bool:
        """Make the index fit a thing that changed, was made or is gone. Raises `Unavailable`.

        False if there was nothing to do: then it was not looked at how the thing is by now.
        """
        thing = new or old
        if thing is None:
            return False
        hidden = not thing.visible_to(thing.tenant_id)
        if thing is new and hidden and new.version == 1:
            return False  # it is being made: what is new and hidden has never been in the index
        self._index.refresh(kind_of(thing), thing.tenant_id, thing.id)
        return True

    def rebuild(self, tenant_id: str) -> int:
        """Write the index of all that a tenant has anew. Returns of how many things. Raises `Unavailable`."""
        return self._index.rebuild(tenant_id)

    def owners(self) -> Iterator[str]:
        """Tenants who have, or had, something in the index."""
        return self._index.owners()

    def explore(self, limit: int) -> list[tuple[str, int]]:
        """(tag, count) of the tags in fashion: see `Explorer.tags`."""
        return Explorer(self.records, self.clock).tags(limit)

    @property
    def _index(self) -> Index:
        return Index(self.records, self.clock)

    def _as_they_are(self, steps: Sequence[Step], sought: Wanted, kind: Kind[F]) -> list[F]:
        keys = [kind.key(step.posting.owner, postings.id_at(step.place)) for step in steps if step.posting]
        found = [layout.entity(kind.model, stored) for stored in (self.records.get_many(keys) if keys else ())]
        return [thing for thing in found if sought.fits_now(thing)]


def _after(offset: int, steps: Iterator[Step]) -> Iterator[Step]:
    """All but the first `offset` steps, each thing once: while it moves from list to list it can be in two."""
    seen: set[str] = set()
    for step in steps:
        thing_id = postings.id_at(step.place)
        if thing_id not in seen:
            seen.add(thing_id)
            if len(seen) > offset:
                yield step
