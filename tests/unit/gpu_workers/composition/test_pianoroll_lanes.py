from dataclasses import replace

import pytest

from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.compose import compose
from gpu_workers.composition.pianoroll_lanes import lanes
from gpu_workers.composition.score import Brief
from patchbay.catalog.composition import GENRES
from tests.unit.gpu_workers.composition.listening import UNPITCHED, one


@pytest.mark.parametrize("genre", GENRES)
def test_every_part_with_notes_is_in_one_lane_in_a_colour_of_its_own(genre: str) -> None:
    score = one(genre, "energetic")
    found = lanes(score)
    drawn = [part for lane in found for part in lane.parts]
    assert sorted(one.part.name for one in drawn) == sorted(part.name for part in score.parts if part.notes)
    assert len({one.colour for one in drawn}) == len(drawn)
    assert len({one.label for one in drawn}) == len(drawn)
    assert [lane.name for lane in found] == [
        name for name in ("melody", "chords", "bass", "percussion") if name in {lane.name for lane in found}
    ]


def test_percussion_is_in_rows_that_hold_all_hits() -> None:
    score = one("pop", "energetic")
    (lane,) = (lane for lane in lanes(score) if lane.name == "percussion")
    kit = [name for name, drawn, _ in lane.rows if drawn.part.name == "drums"]
    assert {"kick", "snare", "hats"} <= set(kit)
    assert len(kit) == len(set(kit))
    hits = sum(len(notes) for _, _, notes in lane.rows)
    assert hits == sum(len(part.notes) for part in score.parts if part.instrument in UNPITCHED)


def test_a_tabla_has_its_two_drums() -> None:
    (lane,) = (lane for lane in lanes(one("indian", "calm")) if lane.name == "percussion")
    assert {"bayan", "dayan"} == {name for name, drawn, _ in lane.rows if drawn.part.instrument == "tabla"}


def test_a_lane_has_room_for_its_labels_and_its_pitches() -> None:
    for lane in lanes(one("cinematic", "triumphant")):
        assert lane.weight > 1.05 * (1 + len(lane.parts))
        pitches = [note.pitch for drawn in lane.parts for note in drawn.part.notes]
        assert lane.rows or lane.weight >= 0.16 * (max(pitches) - min(pitches))


@pytest.mark.parametrize(
    ("instrument", "words"),
    [("bass_upright", "upright bass"), ("piano", "piano"), ("percussion_world", "world percussion")],
)
def test_instruments_are_named_in_words(instrument: str, words: str) -> None:
    assert instrument in FAMILY
    score = compose(Brief("indie", 20.0, include=(instrument,)))
    labels = {drawn.label for lane in lanes(score) for drawn in lane.parts if drawn.part.instrument == instrument}
    assert words in labels


def test_two_parts_of_one_instrument_are_told_apart_by_their_roles() -> None:
    score = one("pop", "happy")
    first = score.parts[2]
    doubled = replace(score, parts=(*score.parts, replace(first, name="echo")))
    labels = [drawn.label for lane in lanes(doubled) for drawn in lane.parts]
    assert sum("(" in label for label in labels) == 2


def test_without_notes_there_is_one_empty_lane() -> None:
    (lane,) = lanes(replace(one("pop", "happy"), parts=()))
    assert (lane.parts, lane.rows) == ((), ())
