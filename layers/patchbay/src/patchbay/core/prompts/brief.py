"""From what a prompt asks for to parameters of the workflow `compose`."""

from collections.abc import Sequence
from typing import Any

from patchbay.catalog.composition import MIN_SECTION_S
from patchbay.core.prompts.passages import Passage
from patchbay.core.prompts.understand import Understood


def params(understood: Understood) -> dict[str, Any]:
    """The parameters that a prompt names; sections are made by `sections`, once the length is known."""
    told = {
        "duration_s": understood.duration_s,
        "genre": understood.genre,
        "tempo": understood.tempo,
        "bpm": understood.bpm,
        "key": understood.key,
        "include": list(understood.include),
        "exclude": list(understood.exclude),
        "loop": understood.loop,
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def sections(passages: Sequence[Passage], duration_s: float) -> list[dict[str, Any]]:
    """Passages laid over a length in seconds; as many of them as have room."""
    kept = list(passages[: max(1, int(duration_s / (4 * MIN_SECTION_S)))])
    total = sum(passage.length for passage in kept)
    edges = [0.0]
    for passage in kept:
        edges.append(edges[-1] + duration_s * passage.length / total)
    marks = [round(edge, 3) for edge in edges[:-1]] + [duration_s]
    return [
        {"emotion": passage.emotion, "start_s": start_s, "length_s": round(end_s - start_s, 3)}
        for passage, start_s, end_s in zip(kept, marks, marks[1:], strict=False)
    ]


def stretched(given: Sequence[dict[str, Any]], duration_s: float) -> list[dict[str, Any]]:
    """Sections as `compose` has them, made to fill another length in proportion."""
    return sections([Passage(one["emotion"], one["length_s"]) for one in given], duration_s)
