import pytest

from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.compose import compose
from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.genres import genre_named
from gpu_workers.composition.groups import grouped, heard, together
from gpu_workers.composition.score import Brief, Chord, Note, Part, Score, Section
from gpu_workers.composition.sound import INSTRUMENTS
from patchbay.catalog import composition
from tests.unit.gpu_workers.composition.listening import UNPITCHED, chain, one

KITS = UNPITCHED - {"riser", "impact", "vinyl"}


def test_the_catalogue_offers_what_can_be_played() -> None:
    assert set(composition.INSTRUMENTS) == set(FAMILY) == set(INSTRUMENTS)
    assert set(composition.EMOTIONS) == set(EMOTIONS)
    for genre in composition.GENRES:
        assert genre_named(genre).name == genre


@pytest.mark.parametrize("genre", composition.GENRES)
@pytest.mark.parametrize("emotion", ["calm", "energetic"])
def test_every_part_is_in_one_stem(genre: str, emotion: str) -> None:
    score = one(genre, emotion)
    groups = grouped(score)
    assert tuple(groups) == composition.PARTS
    assert sorted(part.name for parts in groups.values() for part in parts) == sorted(p.name for p in score.parts)
    assert {part.instrument for part in score.parts if part.instrument in KITS} <= {
        part.instrument for part in groups["percussion"]
    }
    assert all(part.instrument in UNPITCHED for part in groups["percussion"])


def test_the_parts_of_each_stem_by_name() -> None:
    score = one("pop", "happy")
    names = together(score)
    assert [len(parts) for parts in grouped(score).values()] == [len(row) for row in names]
    assert sorted(name for row in names for name in row) == sorted(part.name for part in score.parts)


@pytest.mark.parametrize(("instrument", "stem"), [("sitar", "melody"), ("tabla", "percussion"), ("harp", "chords")])
def test_an_instrument_that_the_genre_does_not_know_goes_by_its_kind(instrument: str, stem: str) -> None:
    score = compose(Brief("electronic", 20.0, include=(instrument,)))
    assert instrument in {part.instrument for part in grouped(score)[stem]}


def test_heard_is_told_for_each_section() -> None:
    score = compose(chain("pop", "calm", "energetic"))
    calm, energetic = heard(score)
    assert len(energetic) > len(calm)
    assert len(set(energetic)) == len(energetic)
    assert any(name.startswith("percussion-kit") for name in energetic)
    assert {name.partition("-")[0] for name in calm + energetic} <= set(composition.PARTS)


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (Note(0, 2, 60, 0.5), [True, False]),
        (Note(2, 4.5, 60, 0.5), [True, False]),
        (Note(2, 6, 60, 0.5), [True, True]),
        (Note(4 + 1e-9, 1, 60, 0.5), [True, False]),
        (Note(8, 1, 60, 0.5), [False, True]),
    ],
)
def test_a_tail_across_the_seam_is_not_playing(note: Note, told: list[bool]) -> None:
    part = Part("lead", "piano", (note,), 0, 0, 0, 0, 0)
    sections = (Section(0, 6, "calm", 0.2), Section(6, 6, "sad", 0.3))
    chord = Chord(0, 12, 0, "maj", 0)
    score = Score(0, "pop", 120, 4, "C major", (0,), 6.0, (part,), (chord,), sections, 0, loop=False)
    assert [bool(names) for names in heard(score)] == told
