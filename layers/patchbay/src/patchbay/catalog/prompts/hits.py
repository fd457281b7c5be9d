"""Phrases of the vocabulary in a prompt, and which of them the prompt refuses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from patchbay.catalog.prompts.words import LONGEST, Kind, Meaning, listed, vocabulary

_TOKEN: Final = re.compile(r"[^\W_]+(?:&[^\W_]+)?|[&/.,;:!?]")
_NEGATORS: Final = listed(
    "no not without minus except excluding exclude avoid avoiding never nothing dont doesnt isnt shouldnt skip remove"
    " cannot cant nor neither lacking sans w/o"
)
_FILLERS: Final = listed(
    "any the a an too very so use using include including have having want to be need add much many that all kind of"
    " overly really make it loud heavy real live sounding please put play playing featuring is be even ever"
)
_ONLY: Final = listed("only just solely solo unaccompanied")
_AFTER: Final = listed("only solo alone")
_TAKING_TURNS: Final = frozenset({"or", "nor"})
_JOINING: Final = frozenset({"or", "nor", "and", "&", "/"})
_SUFFIX: Final = "free"


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that is known: tokens `start` to `end` (exclusive), and what it says."""

    start: int
    end: int
    words: str
    meanings: tuple[Meaning, ...]
    refused: bool = False
    only: bool = False
    """Whether nothing else than this is to play."""

    def says(self, kind: Kind) -> tuple[Meaning, ...]:
        """What it says of one kind of thing."""
        return tuple(meaning for meaning in self.meanings if meaning.kind == kind)


def tokens(text: str) -> list[str]:
    """Words and punctuation marks of a plain prompt."""
    return _TOKEN.findall(text)


def find(words: Sequence[str]) -> list[Hit]:
    """All known phrases, the longest at each place, with what is refused marked."""
    hits = list(_known(words))
    at = {hit.start: number for number, hit in enumerate(hits)}
    refused = {number for start in _negators(words) for number in _refused(words, hits, at, start)}
    refused |= {number for number, hit in enumerate(hits) if words[hit.end : hit.end + 1] == [_SUFFIX]}
    marked = [replace(hit, refused=True) if number in refused else hit for number, hit in enumerate(hits)]
    return [_alone(words, hit) for hit in marked]


def _known(words: Sequence[str]) -> Iterator[Hit]:
    start = 0
    while start < len(words):
        hit = _at(words, start)
        if hit is not None:
            yield hit
        start = hit.end if hit else start + 1


def _at(words: Sequence[str], start: int) -> Hit | None:
    for end in range(min(start + LONGEST, len(words)), start, -1):
        phrase = tuple(words[start:end])
        for form in (phrase, *(((*phrase[:-1], last)) for last in _singulars(phrase[-1]))):
            if found := vocabulary().get(form):
                return Hit(start, end, " ".join(phrase), found)
    return None


def _singulars(word: str) -> list[str]:
    if len(word) < 4 or not word.endswith("s"):
        return []
    return [word[:-1], word[:-2]] if word.endswith("es") else [word[:-1]]


def _negators(words: Sequence[str]) -> Iterator[int]:
    """Where negations begin: the place after the word that negates."""
    for number, word in enumerate(words):
        following = words[number + 1 : number + 2]
        if word in _NEGATORS and following not in (["only"], ["just"], ["but"], ["except"]):
            yield number + 1


def _refused(words: Sequence[str], hits: Sequence[Hit], at: dict[int, int], start: int) -> list[int]:
    """Numbers of the hits that a negation before token `start` is about: the next, and what is listed with it."""
    first = _next(words, at, start)
    if first is None:
        return []
    listed = [first]
    coloured = at.get(hits[first].end)
    if coloured is not None and hits[first].says("emotion") and hits[coloured].says("instrument"):
        listed.append(coloured)  # "no angry drums" is about the drums
    kept, past_comma = len(listed), False
    kinds = {meaning.kind for meaning in hits[listed[-1]].meanings}
    while True:
        end = hits[listed[-1]].end
        joined = words[end : end + 1]
        if not joined or joined[0] not in _JOINING | {","}:
            return listed[:kept]
        place = end + 2 if joined == [","] and words[end + 1 : end + 2] and words[end + 1] in _JOINING else end + 1
        following = _next(words, at, place)
        if following is None or not kinds & {meaning.kind for meaning in hits[following].meanings}:
            return listed[:kept]
        listed.append(following)
        # A comma goes on with the list only if the list ends in "or": "no drums, piano" asks for the piano.
        past_comma = past_comma or joined == [","]
        if not past_comma or words[place - 1] in _TAKING_TURNS:
            kept = len(listed)


def _next(words: Sequence[str], at: dict[int, int], start: int) -> int | None:
    """The hit at token `start`, or after words that only fill."""
    while start < len(words) and start not in at and words[start] in _FILLERS:
        start += 1
    return at.get(start)


def _alone(words: Sequence[str], hit: Hit) -> Hit:
    """Marked, if nothing but it is to play."""
    if hit.refused or not hit.says("instrument"):
        return hit
    before = hit.start - 1
    while before >= 0 and words[before] in {"a", "an", "the", "one", "1"}:
        before -= 1
    nothing_but = before >= 1 and words[before] in {"but", "except"} and words[before - 1] == "nothing"
    alone = (before >= 0 and words[before] in _ONLY) or (hit.end < len(words) and words[hit.end] in _AFTER)
    return replace(hit, only=True) if alone or nothing_but else hit
