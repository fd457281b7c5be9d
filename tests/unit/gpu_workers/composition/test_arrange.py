from __future__ import annotations

import pytest

from gpu_workers.composition.arrange import FAMILY, choose_layers, fitted
from gpu_workers.composition.compose import compose
from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.genres.record import Layer
from gpu_workers.composition.score import Brief, Score, SectionWish
from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import one


def with_wishes(include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), genre: str = "pop") -> Score:
    wish = (SectionWish("sad", 0.0, 16.0),)
    return compose(Brief(genre, 16.0, sections=wish, include=include, exclude=exclude))


def test_every_instrument_of_the_sound_can_be_asked_for() -> None:
    assert set(FAMILY) == set(INSTRUMENTS)


@pytest.mark.parametrize("genre", ["pop", "indian"])
@pytest.mark.parametrize("name", sorted(set(FAMILY) - {"riser", "impact"}))
def test_an_instrument_asked_for_plays(name: str, genre: str) -> None:
    part = next(part for part in with_wishes((name,), genre=genre).parts if part.instrument == name)
    assert part.notes


@pytest.mark.parametrize("genre", GENRES)
def test_an_instrument_refused_does_not_play(genre: str) -> None:
    heard = {part.instrument for part in one(genre, "energetic").parts}
    for name in heard:
        wish = (SectionWish("energetic", 0.0, 12.0),)
        score = compose(Brief(genre, 12.0, sections=wish, exclude=(name,)))
        assert name not in {part.instrument for part in score.parts}


@pytest.mark.parametrize(
    ("name", "role"), [("violin", "lead"), ("sitar", "lead"), ("bass_sub", "bass"), ("kit_brush", "drums")]
)
def test_there_is_one_lead_one_bass_and_one_kit(name: str, role: str) -> None:
    assert {part.name for part in with_wishes((name,)).parts if part.instrument == name} == {role}


def test_a_second_lead_plays_the_second_voice() -> None:
    first, second = (listening.part_named(with_wishes(("violin", "flute")), name) for name in ("lead", "flute"))
    assert first.instrument == "violin"
    assert 0 < len(second.notes) < len(first.notes)


def test_the_last_instrument_left_carries_the_music() -> None:
    score = with_wishes(exclude=tuple(sorted(set(FAMILY) - {"piano"})))
    assert {part.instrument for part in score.parts} == {"piano"}
    silent = [
        bar
        for bar in score.bars
        if not any(bar - 0.1 <= note.start_beats < bar + 4 for note in listening.pitched(score))
    ]
    assert not silent


def test_nothing_left_is_refused() -> None:
    with pytest.raises(ValueError, match="no instrument"):
        with_wishes(exclude=tuple(FAMILY))


def test_asked_for_and_refused_is_refused() -> None:
    with pytest.raises(ValueError, match="asked for and refused: piano"):
        with_wishes(("piano",), ("piano",))


def test_an_instrument_has_one_place() -> None:
    for seed in range(8):
        layers = choose_layers(Brief("pop", 30.0, seed=seed), GENRES["pop"])
        chosen = [layer.instruments[0] for layer in layers]
        assert len(set(chosen)) == len(chosen)


def test_arrangements_build() -> None:
    score = one("pop", "joyful", length_s=90.0)
    heard = [
        {part.name for part in score.parts if any(bar <= note.start_beats < bar + 4 for note in part.notes)}
        for bar in score.bars
    ]
    assert len(heard[0]) < max(len(names) for names in heard) - 2
    assert "lead" not in heard[0]
    assert "lead" in heard[6]


def test_held_sounds_swell_and_fade() -> None:
    pad = listening.part_named(one("ambient", "calm", length_s=90.0), "pad")
    assert [gain for _, gain in pad.automation] == [0.0, -5.0, 0.0, 0.0, -9.0]
    beats = [beat for beat, _ in pad.automation]
    assert beats == sorted(beats)


def test_the_lead_changes_hands_with_the_version() -> None:
    leads = {
        listening.part_named(one("cinematic", "happy", version=version), "lead").instrument for version in range(4)
    }
    assert len(leads) == 4


@pytest.mark.parametrize("genre", GENRES)
def test_nobody_is_asked_for_notes_that_the_instrument_has_not(genre: str) -> None:
    pieces = [one(genre, emotion, version=version) for emotion in ("depressing", "energetic") for version in range(4)]
    asked = ("cello", "glockenspiel", "celesta", "flute", "sarangi", "tanpura", "strings")
    pieces += [compose(Brief(genre, 16.0, include=(name,), seed=2)) for name in asked]
    for part in (part for score in pieces for part in score.parts):
        sound = INSTRUMENTS[part.instrument]
        assert {note.pitch for note in part.notes} == {sound.nearest(note.pitch) for note in part.notes}, part.name


def test_a_layer_moves_by_octaves_to_where_the_instrument_is() -> None:
    lead = Layer("lead", "melody", ("cello",), low=62, high=86)
    assert (fitted(lead, "cello").low, fitted(lead, "cello").high) == (50, 74)
    assert fitted(lead, "piano") == lead
    bass = Layer("bass", "bass", ("strings",), low=28, high=47)
    assert (fitted(bass, "strings").low, fitted(bass, "strings").high) == (36, 47)
