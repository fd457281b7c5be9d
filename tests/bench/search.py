"""What a page of search results costs as the library grows: 1,000, 10,000 and 100,000 samples of the same kind.

The cost is in units of reading as DynamoDB charges them, strongly consistent: every query and every item fetched by key
by its size, names of attributes included, in steps of 4 KB. The lists of the index are made when they are first read,
of the very entries that the index would write, for all of them at once would not fit into memory; the order and
the bounds of reading are those of the tests' table. Each row is the mean over several searches of one sort: units for
each sample found, in the largest library over the smallest, where fewer are found of what is rare.
"""

import math
import random
import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from patchbay.core import layout_library
from patchbay.core.search import Query, Search
from patchbay.core.search.kinds import entry_of
from patchbay.core.search.lists import MOST_READ
from patchbay.core.search.postings import KIND, word_terms
from patchbay.domain.samples import Sample, SampleState
from patchbay.ports import Key, Put, Record, Write
from tests.fakes.clock import START, FakeClock
from tests.fakes.records import FakeRecords

SIZES = (1_000, 10_000, 100_000)
PAGE = 20
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
GROWTH_TARGET = 1.3
"""How often words and facets meet is chance: two libraries of one kind differ that much."""
WRITE_TARGET = 200
WORD_COUNT, OWNER_COUNT = 1500, 400
SCALES = tuple(f"{tonic} {mode}" for tonic in ("C", "D", "E", "F", "G", "A", "B") for mode in ("Major", "Minor"))
PEAKS = tuple(round(0.5 + 0.5 * math.sin(n), 3) for n in range(200))


def rows() -> list[dict[str, Any]]:
    """One row for each sort of search; then the worst case, and what writing costs."""
    libraries = {size: Lists(size) for size in SIZES}
    made = []
    for name, asked in searches().items():
        small, middle, large = (cost(libraries[size], asked) for size in SIZES)
        units = ", ".join(f"{each[0]:.3g}" for each in (small, middle, large))
        told = f"search, {name} (pages of {large[1]:.3g}: {units} units)"
        made.append(row(told, large[0] / large[1], small[0] / small[1], "units a sample found", GROWTH_TARGET))
    made.append(worst_case(libraries[SIZES[-1]]))
    return [*made, *writing(libraries[SIZES[0]])]


def searches() -> dict[str, list[Query]]:
    """Sorts of search, some of each."""
    common, fair = [word(n) for n in range(1, 13)], [word(n) for n in range(40, 60)]
    pairs = list(zip(common[::2], common[1::2], strict=True))
    return {
        "latest": [query()],
        "page 11": [query(offset=10 * PAGE)],
        "a common word": [query(text=each) for each in common],
        "a fairly rare word": [query(text=each) for each in fair],
        "a beginning": [query(text=each[:3]) for each in common],
        "two words": [query(text=f"{one} {other}") for one, other in pairs],
        "a common and a rare word": [query(text=f"{a} {b}") for a, b in zip(common, fair, strict=False)],
        "scale": [query(scale=scale) for scale in SCALES[:6]],
        "tempo": [query(bpm=(low, low + 4.0)) for low in (92.0, 118.0, 138.0, 172.0)],
        "word, scale and tempo": [query(text=each, scale="A Minor", bpm=(110.0, 130.0)) for each in common[:6]],
        "word and length": [query(text=each, duration_s=(2.0, 10.0)) for each in common[:6]],
        "an owner's": [query(owner=owner(n)) for n in range(1, 6)],
        "word among one's own": [query(text=each, owner=owner(1), viewer=owner(1)) for each in common[:4]],
        "signed in, all and one's own": [query(viewer=owner(n)) for n in range(1, 6)],
        "most liked of a word": [query(text=each, sort="popular") for each in common],
        "by name": [query(text=each, sort="name") for each in common],
        "oldest": [query(text=each, sort="oldest") for each in common],
    }


def query(**asked: Any) -> Query:
    return Query(limit=PAGE, **asked)


class Lists(FakeRecords):
    """A library. `units` counts what reading costs, `postings` how many were read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        chance = random.Random(size)
        self.samples = [sample(number, chance) for number in range(size)]
        self.entries = [entry_of(each) for each in self.samples]
        self.members: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, entry in enumerate(self.entries):
            for term in entry.terms:
                self.members[entry.scope, term].append(number)
        self.lists: dict[str, list[tuple[str, int]]] = {}
        self.units, self.postings_read = 0, 0
        self.search = Search(self, FakeClock())

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        if not pk.startswith("TERMS#"):
            return super().query(pk, prefix=prefix, limit=limit, before=before, ascending=ascending)
        places = self._list(pk)
        low, high = 0, len(places)
        if before is not None:
            low = bisect_right(places, (before, len(self.entries))) if ascending else 0
            high = high if ascending else bisect_left(places, (before, -1))
        chosen = places[low : min(low + limit, high)] if ascending else places[max(low, high - limit) : high][::-1]
        found = [Record(pk, place, KIND, self.entries[number].body) for place, number in chosen]
        self.units += math.ceil(max(1, sum(map(item_bytes, found))) / READ_UNIT_BYTES)
        self.postings_read += len(found)
        return found

    def get(self, key: Key) -> Record | None:
        found = super().get(key)
        self.units += math.ceil(item_bytes(found) / READ_UNIT_BYTES) if found else 1
        return found

    def get_many(self, keys: Sequence[Key]) -> list[Record]:
        found = [layout_library.put_sample(self.samples[int(sample_id[:8], 16)]).record for _, sample_id in keys]
        self.units += sum(math.ceil(item_bytes(each) / READ_UNIT_BYTES) for each in found)
        return found

    def _list(self, pk: str) -> list[tuple[str, int]]:
        if pk not in self.lists:
            _, order, scope, term = pk.split("#", 3)
            members = self.members.get((scope, term), [])
            self.lists[pk] = sorted((self.entries[number].places[order], number) for number in members)
        return self.lists[pk]


def item_bytes(record: Record) -> int:
    """Size of an item: names and values of its attributes."""
    names = len("pk" + "sk" + "kind" + "version" + "body")
    return names + len((record.pk + record.sk + record.kind + record.body).encode()) + 2


def cost(library: Lists, asked: Sequence[Query]) -> tuple[float, float]:
    """Means of some searches: (read units, samples found)."""
    units, found = [], []
    for each in asked:
        before = library.units
        found.append(len(library.search.samples(each)))
        units.append(library.units - before)
    return statistics.mean(units), statistics.mean(found)


def worst_case(library: Lists) -> dict[str, Any]:
    """Two facets that much has and nothing both: a search gives up where it may read no more."""
    never = query(text="everywhere nowhere")
    halves = [n for n, entry in enumerate(library.entries) if entry.scope == "public"]
    for each, half in (("everywhere", halves[::2]), ("nowhere", halves[1::2])):
        library.members["public", word_terms(each)[-1]] = half
    before = library.postings_read
    library.search.samples(never)
    read = library.postings_read - before
    told = {"name": "search, two words that never meet, 100,000 samples: postings read", "unit": "postings"}
    return {**told, "ours": read, "target": f"<= {MOST_READ}", "ok": read <= MOST_READ}


def writing(library: Lists) -> list[dict[str, Any]]:
    """What it costs to index the samples of a library: postings and write units of a public one, at its first."""
    public = [each for each in library.samples if each.shown]
    records = Written()
    search = Search(records, FakeClock())
    for each in public:
        records.items[layout_library.sample_key(each.tenant_id, each.id)] = layout_library.put_sample(each).record
        search.index(None, each)
    postings, units = (total / len(public) for total in (records.postings, records.units))
    made = [("postings of a public sample", postings, "postings"), ("indexing a public sample", units, "write units")]
    return [
        {"name": f"search, {name}", "ours": round(ours, 1), "unit": unit, "target": limit, "ok": ours <= WRITE_TARGET}
        for name, ours, unit in made
        for limit in [f"<= {WRITE_TARGET}"]
    ]


class Written(FakeRecords):
    """Counts what writing costs, and keeps no postings."""

    def __init__(self) -> None:
        super().__init__()
        self.units = self.postings = 0

    def write(self, *writes: Write) -> None:
        puts = [write.record for write in writes if isinstance(write, Put)]
        assert len(puts) == len(writes)
        self.units += (1 + (len(puts) > 1)) * sum(math.ceil(item_bytes(put) / WRITE_UNIT_BYTES) for put in puts)
        self.postings += sum(put.kind == KIND for put in puts)
        super().write(*(write for write in writes if isinstance(write, Put) and write.record.kind != KIND))


def row(name: str, ours: float, theirs: float, unit: str, target: float) -> dict[str, Any]:
    ratio = ours / theirs
    told = {"name": name, "ours": round(ours, 2), "theirs": round(theirs, 2), "ratio": round(ratio, 3), "unit": unit}
    return {**told, "target": f"ratio <= {target}", "ok": ratio <= target}


def word(rank: int) -> str:
    """The word of a rank: syllables, so that beginnings are shared as in a language."""
    syllables = ("ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "zi")
    mixed = (rank * 7919) % (12**4)
    digits = [(mixed // 12**n) % 12 for n in range(4)]
    return "".join(syllables[digit] for digit in digits[: 2 + rank % 3])


def owner(rank: int) -> str:
    return f"0000{rank:04x}-0000-7000-8000-00000000000a"


def sample(number: int, chance: random.Random) -> Sample:
    """A sample as they are: few words and owners are frequent, most are rare (Zipf)."""
    words = [word(_zipf(chance, WORD_COUNT)) for _ in range(chance.randint(2, 4))]
    return Sample(
        id=f"{number:08x}-0000-7000-8000-000000000000",
        number=number,
        tenant_id=owner(_zipf(chance, OWNER_COUNT)),
        asset_id=f"{number:08x}-0000-7000-8000-00000000000b",
        name=" ".join(words).title(),
        public=chance.random() < 0.8,
        scale=chance.choice(SCALES),
        bpm=round(chance.gauss(chance.choice((92, 122, 140, 174)), 4), 1),
        duration_s=round(math.exp(chance.gauss(1.8, 0.9)), 3),
        tags=tuple(dict.fromkeys(word(_zipf(chance, 200)) for _ in range(chance.randint(2, 4)))),
        popularity=min(12, int(chance.expovariate(0.7))),
        state=SampleState.READY,
        peaks=PEAKS,
        preview_key="samples/" + "0" * 60,
        created_at=START,
        updated_at=START,
    )


def _zipf(chance: random.Random, count: int) -> int:
    """A rank from 1 on, the n-th with a chance of about 1 in n."""
    return min(count, int(count ** chance.random()))
