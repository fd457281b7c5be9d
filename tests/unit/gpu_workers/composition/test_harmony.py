from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.composition import theory
from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.form import make_plan
from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.harmony import DOMINANTS, PROGRESSIONS, Home, choose_homes, parallels, parse_chord, voice
from gpu_workers.composition.score import Brief, Chord
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import chain, one

CALM, ANGRY = EMOTIONS["calm"], EMOTIONS["angry"]
C_MAJOR, A_MINOR = Home(0, "major"), Home(9, "minor")


@pytest.mark.parametrize(
    ("token", "home", "colour", "chord"),
    [
        ("1", C_MAJOR, "triad", (0, "maj", 0)),
        ("4/1", C_MAJOR, "triad", (5, "maj", 0)),
        ("2", C_MAJOR, "seventh", (2, "min7", 2)),
        ("5", C_MAJOR, "ninth", (7, "dom9", 7)),
        ("3", C_MAJOR, "ninth", (4, "min7", 4)),
        ("7", C_MAJOR, "seventh", (11, "m7b5", 11)),
        ("1", C_MAJOR, "open", (0, "add9", 0)),
        ("5M", A_MINOR, "triad", (4, "maj", 4)),
        ("5M", A_MINOR, "seventh", (4, "dom7", 4)),
        ("1s2", A_MINOR, "triad", (9, "sus2", 9)),
    ],
)
def test_degrees_become_chords(token: str, home: Home, colour: str, chord: tuple[int, str, int]) -> None:
    assert parse_chord(token, home, colour, CALM) == chord


def mean_motion(voicings: list[tuple[int, ...]]) -> float:
    """The mean distance in semitones from each note to the nearest of the voicing before; 0 for fewer than two."""
    steps = [min(abs(pitch - old) for old in before) for before, now in pairwise(voicings) for pitch in now]
    return sum(steps) / len(steps) if steps else 0.0


def test_angry_modal_music_uses_power_chords() -> None:
    assert parse_chord("1", A_MINOR, "modal", ANGRY)[1] == "power"
    assert parse_chord("1", A_MINOR, "modal", CALM)[1] == "min"


@pytest.mark.parametrize("token", ["8", "0", "x", "1q", ""])
def test_what_is_no_chord_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="not a chord"):
        parse_chord(token, C_MAJOR, "triad", CALM)


@pytest.mark.parametrize("genre", GENRES)
def test_every_progression_can_be_played_in_its_mode(genre: str) -> None:
    record = GENRES[genre]
    for mode in theory.MODES:
        home = Home(0, mode)
        for row in (*record.progressions.get(mode, ()), *PROGRESSIONS[mode]):
            tokens = row.split()
            assert len(tokens) == 4
            for token in "+".join(tokens).split("+"):
                root, quality, bass = parse_chord(token, home, record.colour, CALM)
                assert {root, bass} <= set(home.scale)
                outside = set(theory.chord_classes(root, quality)) - set(home.scale)
                assert not outside or "M" in token
        assert DOMINANTS[mode]


@pytest.mark.parametrize("seed", range(6))
def test_sections_share_seven_notes_and_the_mood_chooses_the_home(seed: int) -> None:
    brief = chain("pop", "sad", "happy", "scary", "dreamy", seed=seed)
    plan = make_plan(brief, GENRES["pop"], 4)
    homes = choose_homes(brief, plan.spans)
    assert len({frozenset(home.scale) for home in homes}) == 1
    for span, home in zip(plan.spans, homes, strict=True):
        assert home.mode in EMOTIONS[span.emotion].modes


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(sorted(theory.QUALITIES))), min_size=2, max_size=12),
    st.integers(2, 4),
    st.integers(45, 58),
)
def test_voices_move_little_and_stay_in_range(chords: list[tuple[int, str]], count: int, low: int) -> None:
    voicings: list[tuple[int, ...]] = []
    for root, quality in chords:
        chord = Chord(0.0, 4.0, root, quality, root)
        pitches = voice(chord, voicings[-1] if voicings else (), low, low + 24, count)
        assert list(pitches) == sorted(pitches)
        assert {pitch % 12 for pitch in pitches} <= set(theory.chord_classes(root, quality))
        assert low <= pitches[0]
        assert pitches[-1] <= low + 24
        assert len(pitches) <= count
        voicings.append(pitches)
    assert mean_motion(voicings) <= 4.0


def test_too_many_notes_lose_the_fifth_and_too_few_double_the_root() -> None:
    ninth = voice(Chord(0.0, 4.0, 0, "maj9", 0), (), 48, 72, 4)
    assert {pitch % 12 for pitch in ninth} == {0, 4, 11, 2}
    triad = voice(Chord(0.0, 4.0, 0, "maj", 0), (), 48, 72, 4)
    assert sorted(pitch % 12 for pitch in triad) == [0, 0, 4, 7]


@pytest.mark.parametrize("quality", ["maj", "min", "sus4"])
@pytest.mark.parametrize("low", range(46, 56))
def test_doubled_triads_have_no_octave_within(quality: str, low: int) -> None:
    before: tuple[int, ...] = ()
    for root in (0, 5, 7, 2, 9):
        before = voice(Chord(0.0, 4.0, root, quality, root), before, low, low + 19, 4)
        assert len(before) == 4
        assert all(b - a < 12 for a, b in pairwise(before))


def test_over_a_bass_a_major_seventh_goes_without_its_root() -> None:
    for quality, rest in (("maj7", {4, 7, 11}), ("maj9", {4, 7, 11, 2})):
        heard = voice(Chord(0.0, 4.0, 0, quality, 0), (), 48, 72, 4, grounded=True)
        assert {pitch % 12 for pitch in heard} == rest
        assert not {b - a for a in heard for b in heard} & {1, 13}
    minor = voice(Chord(0.0, 4.0, 0, "min7", 0), (), 48, 72, 4, grounded=True)
    assert {pitch % 12 for pitch in minor} == {0, 3, 7, 10}


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [((48, 55), (50, 57), 1), ((48, 55, 60), (50, 57, 62), 2), ((48, 55), (48, 55), 0), ((48, 55), (50, 58), 0),
     ((48, 52), (50, 54), 0), ((48, 55), (43, 62), 0), ((), (48, 55), 0)],
)  # fmt: skip
def test_parallel_fifths_and_octaves_are_counted(before: tuple[int, ...], after: tuple[int, ...], count: int) -> None:
    assert parallels(before, after) == count


@pytest.mark.parametrize("genre", ["pop", "indie", "rnb", "cinematic", "electronic"])
def test_pads_hardly_move_in_parallel_fifths(genre: str) -> None:
    found = changes = 0
    for emotion in ("calm", "happy", "sad", "triumphant"):
        for part in one(genre, emotion, tempo="slow").parts:
            if part.name in {"pad", "strings", "organ"}:
                rows: dict[float, list[int]] = {}
                for note in part.notes:
                    rows.setdefault(round(note.start_beats, 2), []).append(note.pitch)
                voicings = [sorted(pitches) for _, pitches in sorted(rows.items())]
                found += sum(parallels(a, b) for a, b in pairwise(voicings))
                changes += sum(a != b for a, b in pairwise(voicings))
    assert changes > 10
    assert found <= 0.1 * changes


@pytest.mark.parametrize("genre", [genre for genre in GENRES if genre != "indian"])
def test_the_chords_of_a_piece_are_led_smoothly(genre: str) -> None:
    score = one(genre, "calm")
    held = [
        part for part in score.parts if part.instrument.startswith(("pad", "strings", "choir")) and part.name != "bass"
    ]
    for part in held:
        by_start: dict[float, list[int]] = {}
        for note in part.notes:
            by_start.setdefault(round(note.start_beats, 2), []).append(note.pitch)
        voicings = [tuple(sorted(pitches)) for _, pitches in sorted(by_start.items())]
        assert mean_motion(voicings) < 2.5


def test_chords_last_until_the_next() -> None:
    score = one("pop", "happy")
    assert all(chord.duration_beats > 0 for chord in score.chords)
    assert len({(chord.root, chord.quality) for chord in score.chords}) >= 3
    assert listening.chord_at(score, 0.0).root == score.scale[0]


def test_a_brief_without_key_takes_any_tonic() -> None:
    plans = make_plan(Brief("pop", 30.0), GENRES["pop"], 4)
    tonics = {choose_homes(Brief("pop", 30.0, seed=seed), plans.spans)[0].tonic for seed in range(60)}
    assert len(tonics) >= 10
