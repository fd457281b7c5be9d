"""The four stems that every piece has, whatever plays in it, and who is heard in which section."""

from collections.abc import Mapping
from typing import Final

from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.genres import genre_named
from gpu_workers.composition.score import Part, Score, Section
from patchbay.catalog.composition import PARTS

_OF_STYLE: Final = {
    "drums": "percussion", "tabla": "percussion", "perc": "percussion", "riser": "percussion", "impact": "percussion",
    "texture": "percussion", "bass": "bass", "melody": "melody", "raga": "melody", "counter": "melody",
}  # fmt: skip
_OF_FAMILY: Final = {
    "drums": "percussion", "percussion": "percussion", "tabla": "percussion", "riser": "percussion",
    "impact": "percussion", "texture": "percussion", "bass": "bass", "lead": "melody", "raga": "melody",
}  # fmt: skip
_HEARD_BEATS = 1.0
"""How much of a section a note that began before it must last into to count as heard in it."""


def grouped(score: Score) -> Mapping[str, tuple[Part, ...]]:
    """The parts of each stem, in the order of the catalogue; a stem may have none."""
    styles = {layer.role: layer.style for layer in genre_named(score.genre).layers}
    groups = {part.name: _group(part, styles) for part in score.parts}
    return {name: tuple(part for part in score.parts if groups[part.name] == name) for name in PARTS}


def together(score: Score) -> list[list[str]]:
    """The names of the parts of each stem, as the renderer wants them."""
    return [[part.name for part in parts] for parts in grouped(score).values()]


def _group(part: Part, styles: Mapping[str, str]) -> str:
    """By what it does in its genre; where it was added to it, by what its instrument usually does."""
    role = part.name.removesuffix(f"_{part.instrument}")
    if role in styles:
        return _OF_STYLE.get(styles[role], "chords")
    return _OF_FAMILY.get(FAMILY[part.instrument], "chords")


def heard(score: Score) -> list[list[str]]:
    """For each section, `<stem>-<instrument>` of all that play in it."""
    groups = grouped(score)
    return [
        list(
            dict.fromkeys(f"{name}-{part.instrument}" for name in PARTS for part in groups[name] if _in(part, section))
        )
        for section in score.sections
    ]


def _in(part: Part, section: Section) -> bool:
    start, end = section.start_beats, section.start_beats + section.duration_beats
    return any(
        start - 1e-6 <= note.start_beats < end - 1e-6
        or (note.start_beats < start and min(note.end_beats, end) - start >= min(_HEARD_BEATS, end - start))
        for note in part.notes
    )
