"""What can be searched for, what fits it, and which lists have all that does."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from patchbay.core.search import postings
from patchbay.core.search.kinds import SAMPLES, Kind
from patchbay.core.search.postings import Posting
from patchbay.core.search.words import words
from patchbay.domain.errors import InvalidInput
from patchbay.domain.projects import Project
from patchbay.domain.samples import Sample, tidy_tags
from patchbay.domain.scales import normal_scale, scale_class

MAX_PAGE = 100
MAX_OFFSET = 5_000
MAX_TEXT_CHARS = 200
MAX_WORDS = 16
MOST_CHOICES = 6
MOST_UNITED = 8
"""Lists that are read side by side for a range; a wider range holds so much that another list does as well."""
Sort = Literal["latest", "oldest", "popular", "name"]
Range = tuple[float | None, float | None]
"""(smallest, greatest), both included; None for no bound."""
Choice = tuple[str, ...]
"""Terms whose lists together have every sample that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search. Whatever is left out does not matter."""

    text: str = ""
    """Words of name and tags, all of which must be there; the last may be a beginning, but not one letter alone."""
    owner: str | None = None
    """Tenant id."""
    public_only: bool = False
    """Leave out what only the viewer may find."""
    viewer: str | None = None
    """Tenant id of who asks, None for somebody nobody knows."""
    scale: str = ""
    bpm: Range = (None, None)
    duration_s: Range = (None, None)
    tags: tuple[str, ...] = ()
    """All of which it must have."""
    sort: Sort = "latest"
    """`popular` is by powers of two of the likes, then latest first; `name` without case and accents: samples only."""
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query as it is carried out."""

    kind: Kind[Any]
    whole: tuple[str, ...]
    beginning: str
    tags: tuple[str, ...]
    scale: str
    bpm: Range
    duration_s: Range
    owner: str | None
    viewer: str | None
    public_only: bool
    order: str
    ascending: bool
    nothing: bool
    """Whether it is known without looking that nothing fits."""

    def fits(self, posting: Posting) -> bool:
        """Whether a thing is wanted, as far as its posting tells."""
        return (
            (self.owner is None or posting.owner == self.owner)
            and (not self.scale or posting.scale == self.scale)
            and _within(posting.bpm, self.bpm)
            and _within(posting.duration_s, self.duration_s)
            and all(word in posting.words for word in self.whole)
            and (not self.beginning or _begins(posting.words, self.beginning))
            and all(tag in posting.tags for tag in self.tags)
        )

    def fits_now(self, thing: Sample | Project) -> bool:
        """Whether a thing as it is now is wanted, and may be found by who asks."""
        allowed = thing.shown if self.public_only else thing.visible_to(self.viewer)
        return allowed and self.fits(self.kind.posting(thing))

    def scopes(self) -> list[tuple[str, list[Choice]]]:
        """(scope, choices of lists) to look in: for what everybody may find, and for what only the viewer may."""
        choices = self._choices()
        owned = [(postings.owner_term(self.owner),)] if self.owner is not None else []
        found = [(postings.PUBLIC, [*owned, *choices] or [(postings.EVERYTHING,)])]
        if self.viewer is not None and not self.public_only and self.owner in {None, self.viewer}:
            found.append((self.viewer, choices or [(postings.EVERYTHING,)]))
        return found

    def _choices(self) -> list[Choice]:
        """Ways to find it, any of which would do; what most probably is rare comes first."""
        beginnings = [self.beginning] if len(self.beginning) > 1 else []  # one letter begins half of what there is
        rare_first = sorted([*self.whole, *beginnings], key=len, reverse=True)
        found: list[Choice] = [(postings.word_terms(word)[-1],) for word in rare_first]
        if self.scale:
            found.append((postings.scale_term(self.scale),))
        found += _united(self.bpm, postings.bpm_step, postings.bpm_term, postings.SLOWEST, postings.FASTEST)
        found += _united(self.duration_s, postings.duration_octave, postings.duration_term, 0, postings.LONGEST)
        return list(dict.fromkeys(found))[:MOST_CHOICES]


def wanted(query: Query, kind: Kind[Any] = SAMPLES) -> Wanted:
    """A query for things of a kind, checked. Raises `InvalidInput`."""
    if not 0 < query.limit <= MAX_PAGE:
        raise InvalidInput(f"a page has 1 to {MAX_PAGE} {kind.name}s", field="limit")
    if not 0 <= query.offset <= MAX_OFFSET:
        raise InvalidInput(f"an offset is 0 to {MAX_OFFSET}; search for less", field="offset")
    if query.sort not in kind.orders:
        raise InvalidInput(f"{kind.name}s are sorted by {', '.join(kind.orders)}", field="sort")
    if len(query.text) > MAX_TEXT_CHARS:
        raise InvalidInput(f"a search has at most {MAX_TEXT_CHARS} characters", field="text")
    asked = words(query.text)
    if len(asked) > MAX_WORDS:
        raise InvalidInput(f"a search has at most {MAX_WORDS} words", field="text")
    order, ascending = kind.orders[query.sort]
    *whole, last = asked or [""]
    alone = len(last) == 1 and not whole  # too short to be the beginning of what is meant
    tags = tidy_tags(query.tags)
    return Wanted(
        kind=kind,
        whole=(*whole, *([last] if alone else []), *(word for tag in tags for word in words(tag))),
        beginning="" if alone else last,
        tags=tags,
        scale=scale_class(normal_scale(query.scale)),
        bpm=_range(query.bpm, "bpm"),
        duration_s=_range(query.duration_s, "duration_s"),
        owner=query.owner,
        viewer=query.viewer,
        public_only=query.public_only,
        order=order,
        ascending=ascending,
        nothing=bool(query.text.strip()) and not asked,
    )


def _range(given: Range, field: str) -> Range:
    low, high = given
    if any(bound is not None and not math.isfinite(bound) for bound in given):
        raise InvalidInput("a bound is a finite number", field=field)
    if low is not None and high is not None and low > high:
        raise InvalidInput("the lower bound is above the upper one", field=field)
    return given


def _united(
    given: Range, step_of: Callable[[float], int], term_of: Callable[[int], str], least: int, most: int
) -> Sequence[Choice]:
    """The lists of a range, if they are not too many."""
    low, high = given
    if low is None and high is None:
        return []
    first = least if low is None else step_of(low)
    last = most if high is None else step_of(high)
    return [tuple(term_of(step) for step in range(first, last + 1))] if last - first < MOST_UNITED else []


def _within(value: float | None, allowed: Range) -> bool:
    low, high = allowed
    if value is None:
        return low is None and high is None
    return (low is None or low <= value) and (high is None or value <= high)


def _begins(known: Sequence[str], beginning: str) -> bool:
    return any(word.startswith(beginning) for word in known)
