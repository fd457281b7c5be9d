"""The generators as users see them: searched, sorted, liked, tagged, used.

Tags that a user gives are his own notes: he finds by them, nobody else is shown them. Likes and uses are everybody's,
and what popularity goes by.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from patchbay.catalog.generators import Generator, find, offered
from patchbay.catalog.models import Shelf
from patchbay.core import layout, layout_models, store
from patchbay.core.layout_models import TAGS, USES, Tagged, Used
from patchbay.core.marks import mark
from patchbay.core.search.words import words
from patchbay.domain.errors import InvalidInput, NotFound, Unavailable
from patchbay.domain.samples import tidy_tags
from patchbay.ports import Add, Clock, Records, Write, WriteConflict

Sort = Literal["latest", "oldest", "popular", "random", "recently_used"]
MAX_TAGS = 20
"""Of one user on one generator."""
_OPINIONS = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which generators a list is about, and in what order; empty means all."""

    text: str = ""
    """Words, or beginnings of such, of name, description, category and tags; all have to be there."""
    category: str = ""
    tag: str = ""
    sort: Sort = "latest"


@dataclass(frozen=True, slots=True)
class Shown:
    """A generator as somebody sees it."""

    generator: Generator
    tags: tuple[str, ...]
    """The catalogue's, then the viewer's own."""
    likes: int
    liked: bool


@dataclass(frozen=True, slots=True)
class _Opinions:
    """What a user thinks of the generators, by number."""

    tags: dict[int, tuple[str, ...]]
    used: dict[int, datetime]

    def tags_of(self, found: Generator) -> tuple[str, ...]:
        """The catalogue's tags and his own."""
        return tuple(dict.fromkeys((*found.tags, *self.tags.get(found.number, ()))))


@dataclass(frozen=True, slots=True)
class Models:
    """The generators that run here."""

    records: Records
    clock: Clock
    shelf: Shelf
    pause: Callable[[float], None] = time.sleep

    def find(self, wanted: Wanted, viewer: str | None, *, limit: int, offset: int = 0) -> list[Shown]:
        """Generators that fit, as a user or somebody nobody knows sees them."""
        opinions = self._opinions(viewer)
        chosen = [found for found in offered(self.shelf) if _fits(wanted, found, opinions.tags_of(found))]
        ordered = self._sorted(chosen, wanted.sort, opinions)
        return self._shown(ordered[offset : offset + limit], viewer, opinions)

    def get(self, number: int, viewer: str | None) -> Shown:
        """A generator. Raises `NotFound`."""
        return self._shown([self.generator(number)], viewer, self._opinions(viewer))[0]

    def generator(self, number: int) -> Generator:
        """The generator of a number. Raises `NotFound` for one that is not installed here."""
        found = find(self.shelf, number)
        if found is None:
            raise NotFound(f"there is no model {number} here")
        return found

    def tags(self, viewer: str | None) -> list[tuple[str, int]]:
        """Every tag that a user finds generators by, and how many have it, the most used first."""
        opinions = self._opinions(viewer)
        counted = Counter(tag for found in offered(self.shelf) for tag in opinions.tags_of(found))
        return sorted(counted.items(), key=lambda item: (-item[1], item[0]))

    def like(self, viewer: str, number: int) -> int:
        """Like a generator; how many do now. Raises `NotFound`. Repeating it changes nothing."""
        return self._mark(viewer, number, wanted=True)

    def unlike(self, viewer: str, number: int) -> int:
        """Like it no more; how many do now. Raises `NotFound`. Repeating it changes nothing."""
        return self._mark(viewer, number, wanted=False)

    def tag(self, viewer: str, number: int, tag: str) -> tuple[str, ...]:
        """Note a tag; the generator's tags then. Raises `NotFound`, `InvalidInput`. Repeating it changes nothing."""
        return self._tag(viewer, number, tag, wanted=True)

    def untag(self, viewer: str, number: int, tag: str) -> tuple[str, ...]:
        """Take one's own tag away; the generator's tags then. Raises as `tag`. Repeating it changes nothing."""
        return self._tag(viewer, number, tag, wanted=False)

    def using(self, tenant_id: str, number: int) -> list[Write]:
        """What notes a use; it belongs into the transaction that orders the work."""
        key = layout_models.opinion_key(tenant_id, USES, number)
        before = store.load(self.records, Used, key)
        used = Used(version=before.version if before else 0, at=self.clock.now())
        counter = random.choice(layout_models.uses_keys(number))  # noqa: S311 - spreads rivals, keeps no secret
        return [layout_models.put_opinion(tenant_id, USES, number, used), Add(counter, 1)]

    def _sorted(self, found: Sequence[Generator], sort: Sort, opinions: _Opinions) -> list[Generator]:
        """In the order that is asked for; of those that are alike, the one with the lower number first."""
        match sort:
            case "oldest":
                return sorted(found, key=lambda each: (each.added, each.number))
            case "random":
                return random.sample(list(found), len(found))
            case "popular":
                likes, uses = self._likes(found), self._uses(found)
                return sorted(found, key=lambda each: (-likes[each.number], -uses[each.number], each.number))
            case "recently_used":
                used = sorted(
                    (each for each in found if each.number in opinions.used),
                    key=lambda each: opinions.used[each.number],
                    reverse=True,
                )
                return used + [each for each in _latest(found) if each.number not in opinions.used]
        return _latest(found)

    def _shown(self, found: Sequence[Generator], viewer: str | None, opinions: _Opinions) -> list[Shown]:
        likes, liked = self._likes(found), self._liked(viewer, found)
        return [Shown(each, opinions.tags_of(each), likes[each.number], each.number in liked) for each in found]

    def _likes(self, found: Sequence[Generator]) -> dict[int, int]:
        numbers = [each.number for each in found]
        counts = self.records.counts([layout_models.likes_key(number) for number in numbers]) if numbers else []
        return dict(zip(numbers, counts, strict=True))

    def _uses(self, found: Sequence[Generator]) -> dict[int, int]:
        keys = {each.number: layout_models.uses_keys(each.number) for each in found}
        every = [key for shards in keys.values() for key in shards]
        counts = dict(zip(every, self.records.counts(every), strict=True)) if every else {}
        return {number: sum(counts[key] for key in shards) for number, shards in keys.items()}

    def _liked(self, viewer: str | None, found: Sequence[Generator]) -> set[int]:
        if viewer is None or not found:
            return set()
        keys = [layout_models.like_key(viewer, each.number) for each in found]
        return {layout_models.number_of(stored.sk) for stored in self.records.get_many(keys)}

    def _opinions(self, viewer: str | None) -> _Opinions:
        opinions = _Opinions({}, {})
        if viewer is None:
            return opinions
        partition = layout_models.opinion_key(viewer, TAGS, 0)[0]
        for stored in self.records.query(partition, limit=_OPINIONS):
            number = layout_models.number_of(stored.sk)
            if stored.sk.startswith(TAGS):
                opinions.tags[number] = layout.entity(Tagged, stored).tags
            else:
                opinions.used[number] = layout.entity(Used, stored).at
        return opinions

    def _mark(self, viewer: str, number: int, *, wanted: bool) -> int:
        found = self.generator(number)
        key, counter = layout_models.like_key(viewer, number), layout_models.likes_key(number)
        mark(self.records, key, counter, "like", wanted=wanted, pause=self.pause)
        return self._likes([found])[number]

    def _tag(self, viewer: str, number: int, text: str, *, wanted: bool) -> tuple[str, ...]:
        found, tag = self.generator(number), _tidy(text)
        key = layout_models.opinion_key(viewer, TAGS, number)
        for _ in store.attempts(self.pause):
            mine = store.load(self.records, Tagged, key) or Tagged()
            others = tuple(each for each in mine.tags if each != tag)
            if (tag in mine.tags) is not wanted and not (wanted and tag in found.tags):
                if wanted and len(others) >= MAX_TAGS:
                    raise InvalidInput(f"you have given this model {MAX_TAGS} tags; take one away first", field="tag")
                mine = mine.model_copy(update={"tags": (*others, tag) if wanted else others})
                try:
                    self.records.write(layout_models.put_opinion(viewer, TAGS, number, mine))
                except WriteConflict:
                    continue
            return tuple(dict.fromkeys((*found.tags, *mine.tags)))
        raise Unavailable("too many changes at once; try again")


def _latest(found: Sequence[Generator]) -> list[Generator]:
    return sorted(found, key=lambda each: (-each.added.toordinal(), each.number))


def _fits(wanted: Wanted, found: Generator, tags: Sequence[str]) -> bool:
    if wanted.category not in {"", found.category}:
        return False
    if wanted.tag and wanted.tag.strip().lstrip("#").lower() not in tags:
        return False
    known = words(" ".join([found.name, found.description, found.category.replace("_", " "), *tags]))
    return all(any(word.startswith(asked) for word in known) for asked in words(wanted.text))


def _tidy(text: str) -> str:
    try:
        (tag,) = tidy_tags([text])
    except InvalidInput as error:
        raise InvalidInput(str(error), field="tag") from None
    return tag
