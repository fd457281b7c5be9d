"""A library whose index is kept as the stream keeps it; and what ought to be found in it, by looking at everything."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from patchbay.core import layout, layout_library
from patchbay.core.search import Query, Search
from patchbay.domain.samples import Sample, SampleState
from patchbay.domain.scales import scale_class
from patchbay.ports import Delete
from tests.fakes.clock import START, FakeClock
from tests.fakes.records import FakeRecords

ADA, BOB, EVE = "ada", "bob", "eve"


class Library:
    """`samples`: all there are, by number; `search.index` has seen them as far as `follow` told it."""

    def __init__(self, records: FakeRecords | None = None) -> None:
        self.records = records or FakeRecords()
        self.clock = FakeClock()
        self.search = Search(self.records, self.clock)
        self.samples: dict[int, Sample] = {}
        self.made = self.followed = 0

    def add(self, name: str, *, owner: str = ADA, **more: Any) -> Sample:
        """A sample, ready and public unless said otherwise."""
        self.made += 1
        given = {"public": True, "state": SampleState.READY, **more}
        sample = Sample(
            id=id_of(self.made),
            number=self.made,
            tenant_id=owner,
            asset_id=f"asset-{self.made}",
            name=name,
            created_at=START,
            updated_at=START,
            **given,
        )
        return self._store(sample)

    def change(self, sample: Sample, **more: Any) -> Sample:
        return self._store(self.samples[sample.number].model_copy(update=more))

    def remove(self, sample: Sample) -> None:
        del self.samples[sample.number]
        self.records.write(Delete(layout_library.sample_key(sample.tenant_id, sample.id), None))

    def _store(self, sample: Sample) -> Sample:
        self.records.write(layout_library.put_sample(sample))
        self.samples[sample.number] = sample.model_copy(update={"version": sample.version + 1})
        return self.samples[sample.number]

    def changes(self) -> list[tuple[Sample | None, Sample | None]]:
        """Changes of samples since the last call, in order."""
        new, self.followed = self.records.changes[self.followed :], len(self.records.changes)
        of_samples = [change for change in new if any(one and one.kind == "sample" for one in change)]
        return [(_sample(old), _sample(now)) for old, now in of_samples]

    def follow(self) -> None:
        for change in self.changes():
            self.search.index(*change)

    def names(self, **asked: Any) -> list[str]:
        """Names of what is found."""
        return [sample.name for sample in self.search.samples(Query(**asked))]

    def found(self, query: Query) -> list[str]:
        return [ref.sample_id for ref in self.search.find(query)]

    def expected(self, query: Query) -> list[str]:
        """Ids of what ought to be found."""
        return [sample.id for sample in looked_through(self.samples.values(), query)]


def id_of(number: int) -> str:
    return f"{number:08x}-0000-7000-8000-000000000000"


def looked_through(samples: Iterable[Sample], query: Query) -> list[Sample]:
    """What fits a query, in its order."""
    fit = [sample for sample in samples if allowed(sample, query) and fits(sample, query)]
    keys = {
        "latest": lambda sample: sample.id,
        "oldest": lambda sample: sample.id,
        "popular": lambda sample: (sample.popularity, sample.id),
        "name": lambda sample: (plain_words(sample.name), sample.id),
    }
    fit.sort(key=keys[query.sort], reverse=query.sort in {"latest", "popular"})
    return fit[query.offset : query.offset + query.limit]


def allowed(sample: Sample, query: Query) -> bool:
    shown = sample.public and sample.state is SampleState.READY
    return shown or (not query.public_only and query.viewer == sample.tenant_id)


def fits(sample: Sample, query: Query) -> bool:
    known = plain_words(" ".join((sample.name, *sample.tags)))
    known += [a + b for a, b in re.findall(r"(?<!\S)(\w+)-(\w+)(?!\S)", plain(" ".join((sample.name, *sample.tags))))]
    asked = plain_words(query.text)
    last = asked.pop() if len("".join(asked)) > 1 else ""
    return (
        (query.owner is None or sample.tenant_id == query.owner)
        and set(asked) <= set(known)
        and any(word.startswith(last) for word in [*known, *([""] if not last else [])])
        and (not query.scale or scale_class(sample.scale) == scale_class(query.scale))
        and _within(sample.bpm, *query.bpm)
        and _within(sample.duration_s, *query.duration_s)
        and set(query.tags) <= set(sample.tags)
    )


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def plain_words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain(text))


def _within(value: float | None, low: float | None, high: float | None) -> bool:
    if value is None:
        return low is None and high is None
    return (low if low is not None else value) <= value <= (high if high is not None else value)


def _sample(stored: Any) -> Sample | None:
    return layout.entity(Sample, stored) if stored else None
