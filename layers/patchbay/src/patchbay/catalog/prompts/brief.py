"""From what a prompt asks for to parameters of the workflow `compose`."""

from collections.abc import Sequence
from typing import Any

from patchbay.catalog.composition import MIN_SECTION_S, usual_genre, usual_tempo
from patchbay.catalog.prompts.passages import Passage
from patchbay.catalog.prompts.understand import Understood


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


def composition(understood: Understood, duration_s: float) -> dict[str, Any]:
    """All parameters that a prompt gives to a piece of that length; what it does not say is as usual with its mood."""
    told = params(understood) | {"duration_s": duration_s}
    told.setdefault("genre", usual_genre(understood.emotions[0] if understood.passages else None))
    if understood.passages:
        told["sections"] = sections(understood.passages, duration_s)
        if not {"tempo", "bpm"} & set(told):
            told["tempo"] = usual_tempo(max(understood.passages, key=lambda passage: passage.length).emotion)
    return told


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
