"""How a prompt wants the mood to go: one emotion, or several one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from patchbay.catalog.composition import MAX_SECTIONS
from patchbay.catalog.prompts.hits import Hit
from patchbay.catalog.prompts.words import Meaning, listed

_NEXT: Final = listed(
    "then into becomes becoming turns turning transitions transitioning transition followed before shifts shifting"
    " evolves evolving later builds building afterwards next morphs fades until grows growing"
)
_FIRST: Final = listed("start starts starting begin begins beginning first opens opening")
_LAST: Final = listed("end ends ending finally finish finishes finishing concludes concluding closes closing")
_GOING: Final = listed("from build builds building turn turns go goes going transition transitions move moves")
_ORDER: Final = {"intro": -1, "outro": 1}
_LENGTHS: Final = {"intro": 0.5, "outro": 0.5, "build": 0.75, "breakdown": 0.75, "bridge": 0.75, "drop": 1.25}
_AROUND: Final = frozenset({"intro", "outro", "build", "breakdown", "bridge"})
"""Parts that stand around a main part."""
_NEAR, _FAR = 2, 3
"""How many tokens may lie between a mood and the part of the form that it is of: "calm intro", "intro that is calm"."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of the piece: its emotion, and its length relative to the others."""

    emotion: str
    length: float = 1.0


@dataclass(slots=True)
class _Group:
    """Moods of one stretch, as (emotion, weight)."""

    order: int = 0
    label: str = ""
    begun: int = 0
    moods: list[tuple[str, int]] = field(default_factory=list)

    @property
    def emotion(self) -> str:
        weight = max(weight for _, weight in self.moods)
        return next(emotion for emotion, found in self.moods if found == weight)


def read(words: Sequence[str], hits: Sequence[Hit], usual: str | None) -> tuple[Passage, ...]:
    """The passages in their order; none where no mood is told. `usual` is what an unnamed main part feels like."""
    groups = [group for group in _groups(words, hits) if group.moods]
    groups.sort(key=lambda group: group.order)
    if groups and usual and all(group.label in _AROUND for group in groups):
        before = sum(1 for group in groups if group.label != "outro")
        groups.insert(before, _Group(moods=[(usual, 1)]))
    passages: list[Passage] = []
    for group in groups:
        passage = Passage(group.emotion, _LENGTHS.get(group.label, 1.0))
        if passages and passages[-1].emotion == passage.emotion:
            passages[-1] = Passage(passage.emotion, passages[-1].length + passage.length)
        else:
            passages.append(passage)
    return tuple(passages[:MAX_SECTIONS])


def _groups(words: Sequence[str], hits: Sequence[Hit]) -> list[_Group]:
    by_start = {hit.start: hit for hit in hits if not hit.refused}
    groups = [_Group()]
    going = False
    bound: set[int] = set()
    for place, word in enumerate(words):
        going = going or word in _GOING
        order = _order(word, going=going, told=bool(groups[-1].moods))
        if order is not None and place not in by_start:
            groups.append(_Group(order))
        hit = by_start.get(place)
        if hit is None:
            continue
        if place in bound:
            continue
        part, moods = hit.says("structure"), _moods(hit)
        if part:
            groups.append(_Group(_ORDER.get(part[0].value, 0), part[0].value, hit.end))
        if moods:
            _add(groups, moods, hit, by_start, bound)
    return groups


def _moods(hit: Hit) -> list[tuple[str, int]]:
    return [_told(meaning) for meaning in hit.says("emotion")]


def _told(meaning: Meaning) -> tuple[str, int]:
    return meaning.value, meaning.weight


def _order(word: str, *, going: bool, told: bool) -> int | None:
    """The order of the stretch that a word begins; None if it begins none."""
    if word in _FIRST:
        return -1
    if word in _LAST:
        return 1
    return 0 if word in _NEXT or (word == "to" and going and told) else None


def _add(
    groups: list[_Group], moods: list[tuple[str, int]], hit: Hit, by_start: dict[int, Hit], bound: set[int]
) -> None:
    """Put moods where they belong: to the part of the form that they stand at, or to the stretch that is under way."""
    following = next((by_start[at] for at in range(hit.end, hit.end + _NEAR + 1) if at in by_start), None)
    part = following.says("structure") if following else ()
    if following and part and not hit.says("structure"):
        bound.add(following.start)
        label = part[0].value
        groups += [_Group(_ORDER.get(label, 0), label, moods=moods), _Group()]
        return
    current = groups[-1]
    strayed = current.label and not current.moods and hit.start - current.begun > _FAR
    if strayed and not hit.says("structure"):
        groups.append(_Group())
    groups[-1].moods += moods
