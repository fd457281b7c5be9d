"""What the search index holds: of each thing one posting in the list of each of its terms, in each order.

Things are samples or projects (`kinds`), each kind in orders and so in lists of its own. A list is a partition, its
order the sort key. Lists of the public have what everybody may find; lists of a tenant have what only that tenant may.
A thing is in one of the two sorts of lists, never in both.

Terms are beginnings of words and facets:

| term | of |
| --- | --- |
| `*` | every thing |
| `o:<tenant>` | things of an owner |
| `w:ho`, `w:hous` | things known by a word that begins so: 2, 4, 6 and 8 characters, and words of one |
| `s:9-minor` | samples of a scale, whatever its name |
| `b:15` | things of a tempo, in steps of `BPM_STEP` |
| `d:4` | things of a length, in octaves of seconds |

A longer or shorter beginning, a whole word, or several terms at once are found by reading one list and comparing each
posting, which has in its body all that a query can ask for.
"""

from collections.abc import Iterator

from patchbay.domain.base import Entity, Part
from patchbay.ports import Key, Record

KIND = "posting"
PUBLIC = "public"
EVERYTHING = "*"
BEGINNINGS = (2, 4, 6, 8)
BPM_STEP, SLOWEST, FASTEST = 8, 7, 25
"""Tempos below 64 and from 200 on are one step each: few are there."""
LONGEST = 12
ID_CHARS = 36


class Posting(Entity):
    """A thing, as far as queries ask."""

    owner: str
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    scale: str = ""
    bpm: float | None = None
    duration_s: float | None = None


class Entry(Part):
    """All postings of one thing: they have one body, and differ by list."""

    scope: str
    terms: tuple[str, ...]
    places: dict[str, str]
    """Order -> sort key in lists of that order."""
    body: str

    def all_keys(self) -> list[Key]:
        """Where the postings are."""
        return [
            (list_key(order, self.scope, term), place) for order, place in self.places.items() for term in self.terms
        ]

    def records(self) -> Iterator[Record]:
        """The postings themselves."""
        return (Record(*key, KIND, self.body) for key in self.all_keys())


def entry(posting: Posting, places: dict[str, str], *, shown: bool) -> Entry:
    """All postings of a thing that has these places, and that everybody may find or its owner alone."""
    facets = [EVERYTHING, *([owner_term(posting.owner)] if shown else [])]
    facets += [scale_term(posting.scale)] if posting.scale else []
    facets += [bpm_term(bpm_step(posting.bpm))] if posting.bpm is not None else []
    facets += [duration_term(duration_octave(posting.duration_s))] if posting.duration_s is not None else []
    beginnings = dict.fromkeys(term for word in posting.words for term in word_terms(word))
    return Entry(
        scope=PUBLIC if shown else posting.owner,
        terms=(*facets, *beginnings),
        places=places,
        body=posting.model_dump_json(exclude={"version"}, exclude_defaults=True),
    )


def list_key(order: str, scope: str, term: str) -> str:
    """Partition of a list. Order and scope have no `#`, so that no term can reach another scope's lists."""
    return f"TERMS#{order}#{scope}#{term}"


def id_at(place: str) -> str:
    """The id of the thing at a place."""
    return place[-ID_CHARS:]


def word_terms(word: str) -> list[str]:
    """Terms of the lists that a thing with this word is in."""
    return [f"w:{word[:n]}" for n in BEGINNINGS if n <= len(word)] or [f"w:{word}"]


def owner_term(tenant_id: str) -> str:
    """Term of an owner's things."""
    return f"o:{tenant_id}"


def scale_term(scale: str) -> str:
    """Term of a class of scales."""
    return f"s:{scale}"


def bpm_term(step: int) -> str:
    """Term of a step of tempos."""
    return f"b:{step}"


def duration_term(octave: int) -> str:
    """Term of an octave of lengths."""
    return f"d:{octave}"


def bpm_step(bpm: float) -> int:
    """The step that a tempo is in."""
    return min(max(int(min(bpm, 1e6) // BPM_STEP), SLOWEST), FASTEST)


def duration_octave(duration_s: float) -> int:
    """The octave that a length is in: below 1 s, below 2 s, below 4 s, ..."""
    return min(int(min(max(duration_s, 0.0), 1e6)).bit_length(), LONGEST)
