"""The workflow `compose`: what it takes, and what it makes."""

from typing import Any

import pytest

from patchbay.catalog import workflows
from patchbay.catalog.composition import FACTS, GENRES, INSTRUMENTS, MAX_SECTIONS, PARTS
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflows.compose import NOTES
from patchbay.domain.errors import InvalidInput

WORKFLOW = workflows.get("compose")
SHELF = Shelf(())


def section(start_s: float, length_s: float, emotion: str = "happy") -> dict[str, Any]:
    return {"emotion": emotion, "start_s": start_s, "length_s": length_s}


def outputs(**params: Any) -> tuple[str, ...]:
    return WORKFLOW.outputs(WORKFLOW.parse(params), SHELF)


def step(**params: Any) -> dict[str, Any]:
    (only,) = WORKFLOW.plan(WORKFLOW.parse(params), SHELF)
    assert (only.engine, only.compute, only.after) == ("composition", "cpu", None)
    return dict(only.params)


def test_it_needs_no_input() -> None:
    assert WORKFLOW.input == "none"


def test_outputs() -> None:
    assert outputs() == ("track.mp3", *NOTES)
    assert outputs(formats=["wav", "mp3"])[:2] == ("track.wav", "track.mp3")
    assert outputs(stems=True, formats=["wav"])[1:5] == tuple(f"stem-{part}.wav" for part in PARTS)
    two = {"duration_s": 20, "sections": [section(0, 8), section(8, 12, "sad")]}
    assert outputs(sections_audio=True, versions=2, **two)[1:-6] == (
        "section-0-0.mp3",
        "preview-0-0.mp3",
        "section-0-1.mp3",
        "preview-0-1.mp3",
        "section-1-0.mp3",
        "preview-1-0.mp3",
        "section-1-1.mp3",
        "preview-1-1.mp3",
    )
    assert outputs(section_stems=True)[1:5] == tuple(f"stem-0-0-{part}.mp3" for part in PARTS)
    everything = {"stems": True, "sections_audio": True, "section_stems": True, "versions": 4, **two}
    made = outputs(formats=["mp3", "wav"], **everything)
    assert len(set(made)) == len(made) == 2 + 8 + 16 + 32 + len(NOTES)


def test_the_engine_is_told_everything_but_the_title() -> None:
    told = step(title="T", genre="pop", versions=2)
    assert "title" not in told
    assert told["sections"] == [section(0.0, 60.0)]
    assert (told["choice"], told["bpm"], told["seed"]) == ([0], None, 0)
    spelt_out = step(genre="pop", versions=2, sections=[section(0, 60)], choice=[0], tempo="medium")
    assert told == spelt_out, "the same wish is the same computation"


@pytest.mark.parametrize("genre", GENRES)
def test_a_piece_without_sections_feels_as_its_genre_does(genre: str) -> None:
    assert step(genre=genre)["sections"][0]["emotion"] == FACTS[genre].emotion


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"genre": "polka"}, "genre", "indian"),
        ({"tempo": "warp"}, "tempo", "slow"),
        ({"duration_s": 0}, "duration_s", "5"),
        ({"duration_s": 4.9}, "duration_s", "5"),
        ({"duration_s": 900.1}, "duration_s", "900"),
        ({"duration_s": float("inf")}, "duration_s", ""),
        ({"duration_s": float("nan")}, "duration_s", ""),
        ({"bpm": 10}, "bpm", "30"),
        ({"bpm": 1000}, "bpm", "300"),
        ({"seed": -1}, "seed", ""),
        ({"seed": 2**31}, "seed", ""),
        ({"versions": 0}, "versions", ""),
        ({"versions": 5}, "versions", ""),
        ({"choice": [0, 0]}, "choice", "each of the 1 sections"),
        ({"choice": [1]}, "choice", "only 1 versions"),
        ({"choice": [7]}, "choice.0", ""),
        ({"key": "H minor"}, "key", "is no key"),
        ({"key": "A locrian"}, "key", "dorian"),
        ({"include": ["kazoo"]}, "include", "there is no instrument 'kazoo'; there are:"),
        ({"exclude": ["kazoo"]}, "exclude", "kazoo"),
        ({"include": ["piano"], "exclude": ["piano"]}, "exclude", "both asked for and refused"),
        ({"exclude": list(INSTRUMENTS)}, "exclude", "no instrument is left"),
        ({"genre": "indie", "exclude": list(FACTS["indie"].band)}, "exclude", "no instrument is left"),
        ({"formats": []}, "formats", ""),
        ({"formats": ["mp3", "mp3"]}, "formats", "twice"),
        ({"formats": ["exe"]}, "formats.0", ""),
        ({"sections": [section(0, 0)]}, "sections.0.length_s", ""),
        ({"sections": [section(0, -5)]}, "sections.0.length_s", ""),
        ({"sections": [section(0, 1e9)]}, "sections.0.length_s", ""),
        ({"sections": [section(0, 60, "bored")]}, "sections.0.emotion", "calm"),
        ({"sections": [section(0, 30), section(20, 40)]}, "sections.1.start_s", "before 30 s"),
        ({"sections": [section(0, 30), section(31, 29)]}, "sections.1.start_s", "nothing covers"),
        ({"sections": [section(1, 59)]}, "sections.0.start_s", "from 0 s to 1 s"),
        ({"sections": [section(0, 59)]}, "sections.0.length_s", "end at 59 s"),
        ({"sections": [section(0, 61)]}, "sections.0.length_s", "end at 61 s"),
        ({"sections": [section(30, 30), section(0, 30)]}, "sections.0.start_s", "nothing covers"),
        ({"sections": [section(n, 1) for n in range(MAX_SECTIONS + 1)]}, "sections", ""),
        (
            {
                "sections": [section(n, 1) for n in range(56)],
                "duration_s": 56,
                "versions": 4,
                "sections_audio": True,
                "section_stems": True,
            },
            "section_stems",
            "these are 1348 files, and 900 go into one job: take fewer versions",
        ),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as told:
        WORKFLOW.parse(given)
    assert told.value.field == field
    assert words in str(told.value)


@pytest.mark.parametrize("key", ["A minor", "Bb", "F# dorian", "C", "Eb lydian"])
def test_keys(key: str) -> None:
    from gpu_workers.composition.theory import parse_key

    assert step(key=key)["key"] == key
    parse_key(key)


def test_rounding_of_a_seam_is_forgiven() -> None:
    step(duration_s=10, sections=[section(0, 3.333), section(3.333, 3.333), section(6.666, 3.333)])


def test_one_instrument_is_enough() -> None:
    others = [name for name in INSTRUMENTS if name != "piano"]
    step(genre="indie", include=["piano"], exclude=others)
    step(genre="indian", include=["piano"], exclude=others)
