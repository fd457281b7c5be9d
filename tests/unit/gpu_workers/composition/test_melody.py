from __future__ import annotations

import itertools

import pytest

from gpu_workers.composition import melody
from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.score import Note, Score
from gpu_workers.composition.theory import PLAIN, chord_classes
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import one

CHORDAL = [genre for genre in GENRES if genre != "indian"]


def lead(score: Score) -> list[Note]:
    return [note for note in listening.part_named(score, "lead").notes if not note.passing]


@pytest.mark.parametrize("seed", range(8))
def test_a_motif_starts_on_the_beat_and_ranks_every_eighth(seed: int) -> None:
    motif = melody.make_motif(seed, 4)
    assert motif.order[0] == 0
    assert sorted(motif.order) == list(range(16))
    assert 2 <= max(motif.contour) - min(motif.contour) <= 8
    assert all(abs(b - a) <= 4 for a, b in itertools.pairwise(motif.contour))


def test_every_seed_has_its_own_motif() -> None:
    assert len({melody.make_motif(seed, 4) for seed in range(50)}) == 50


@pytest.mark.parametrize("beats_per_bar", [3, 4])
@pytest.mark.parametrize("version", range(4))
def test_versions_of_a_motif_keep_its_size_and_its_first_note_or_move_it(version: int, beats_per_bar: int) -> None:
    motif = melody.make_motif(3, beats_per_bar)
    varied = melody.vary(motif, version)
    assert sorted(varied.order) == sorted(motif.order)
    assert len(varied.contour) == len(motif.contour)
    assert (varied == motif) == (version == 0)


@pytest.mark.parametrize("genre", CHORDAL)
def test_melodies_move_by_step_with_few_leaps(genre: str) -> None:
    moves = [
        abs(b.pitch - a.pitch) for seed in range(4) for a, b in itertools.pairwise(lead(one(genre, "happy", seed=seed)))
    ]
    assert sum(moves) / len(moves) < 3.6
    assert sum(move <= 4 for move in moves) > 0.65 * len(moves)
    assert max(moves) <= 14


@pytest.mark.parametrize("genre", CHORDAL)
@pytest.mark.parametrize("emotion", ["energetic", "scary", "sad"])
def test_melodies_do_not_get_stuck(genre: str, emotion: str) -> None:
    for seed in range(3):
        pitches = [note.pitch for note in lead(one(genre, emotion, seed=seed))]
        assert max(len(list(run)) for _, run in itertools.groupby(pitches)) <= 4
        assert sum(a == b for a, b in itertools.pairwise(pitches)) <= 0.4 * len(pitches)


def test_at_the_end_of_the_ladder_a_neighbour_lies_inside() -> None:
    rungs = [60, 62, 64, 65]
    assert [melody._neighbour(rungs, pitch, 9) for pitch in rungs] == [62, 64, 65, 64]
    assert [melody._neighbour(rungs, pitch, -9) for pitch in rungs] == [62, 60, 62, 64]


@pytest.mark.parametrize("genre", CHORDAL)
def test_held_notes_seldom_lie_a_semitone_over_a_tone_of_the_chord(genre: str) -> None:
    held = rubbing = 0
    for seed in range(4):
        score = one(genre, "happy", seed=seed)
        for note in lead(score):
            for beat in score.beats:
                if note.start_beats - 0.01 <= beat < note.end_beats - 0.3 and note.duration_beats >= 1:
                    chord = listening.chord_at(score, beat)
                    held += 1
                    rubbing += (note.pitch - 1) % 12 in chord_classes(
                        chord.root, PLAIN.get(chord.quality, chord.quality)
                    )
    assert held > 30
    assert rubbing <= 0.1 * held


@pytest.mark.parametrize("genre", CHORDAL)
def test_melodies_have_contour_and_rests(genre: str) -> None:
    for seed in range(3):
        score = one(genre, "happy", seed=seed)
        notes = lead(score)
        assert len({note.pitch for note in notes}) >= 5
        rests = sum(b.start_beats - a.end_beats > 0.4 for a, b in itertools.pairwise(notes))
        assert rests >= len(score.bars) / 16
        assert all(a.end_beats <= b.start_beats + 1e-6 for a, b in itertools.pairwise(notes))


@pytest.mark.parametrize("genre", CHORDAL)
def test_chord_tones_on_the_first_beats(genre: str) -> None:
    heard = right = 0
    for seed in range(4):
        score = one(genre, "inspirational", seed=seed)
        firsts = {round(bar, 3) for bar in score.bars}
        for note in lead(score):
            if round(note.start_beats, 3) in firsts:
                chord = listening.chord_at(score, note.start_beats)
                heard += 1
                right += note.pitch % 12 in chord_classes(chord.root, chord.quality)
    assert heard > 20
    assert right >= 0.9 * heard


def test_the_rhythm_of_a_quiet_section_is_contained_in_that_of_a_lively_one() -> None:
    motif = melody.make_motif(5, 4)
    assert set(motif.order[:4]) < set(motif.order[:9])


@pytest.mark.parametrize("genre", ["rnb", "hiphop"])
def test_chromatic_passing_tones_are_few_and_marked(genre: str) -> None:
    notes = [note for seed in range(6) for note in listening.part_named(one(genre, "happy", seed=seed), "lead").notes]
    marked = [note for note in notes if note.passing]
    assert 0 < len(marked) < 0.1 * len(notes)


def test_happy_lies_higher_than_depressing() -> None:
    def mean(emotion: str) -> float:
        pitches = [note.pitch for seed in range(4) for note in lead(one("cinematic", emotion, seed=seed))]
        return sum(pitches) / len(pitches)

    assert mean("joyful") > mean("depressing") + 4


def test_the_counter_voice_is_slow_and_smooth() -> None:
    notes = listening.part_named(one("pop", "energetic"), "counter").notes
    assert len(notes) > 10
    assert min(note.duration_beats for note in notes) >= 0.9
    assert max(abs(b.pitch - a.pitch) for a, b in itertools.pairwise(notes)) <= 12
