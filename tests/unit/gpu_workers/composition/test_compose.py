from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.composition import compose as compose_module
from gpu_workers.composition.compose import compose
from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.harmony import DOMINANTS
from gpu_workers.composition.midi import midi_bytes
from gpu_workers.composition.score import Brief, Score, SectionWish, TempoWish
from gpu_workers.composition.theory import chord_classes
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import chain, one

pytestmark = pytest.mark.slow

QUICK = (
    ("pop", "happy"),
    ("ambient", "dreamy"),
    ("indie", "sad"),
    ("rnb", "calm"),
    ("cinematic", "triumphant"),
    ("hiphop", "angry"),
    ("electronic", "energetic"),
    ("indian", "tense"),
)
TEMPOS: tuple[TempoWish, ...] = ("slow", "medium", "fast")
BY_ENERGY = sorted(EMOTIONS, key=lambda name: EMOTIONS[name].energy)
CHORDAL = [genre for genre in GENRES if genre != "indian"]


def check_sound(score: Score) -> None:
    """What holds for every score whatever was asked."""
    assert score.parts
    assert len({part.name for part in score.parts}) == len(score.parts)
    total = score.duration_beats
    for part in score.parts:
        assert -1 <= part.pan <= 1
        assert 0 <= part.send_room <= 1
        assert 0 <= part.send_delay <= 1
        assert 0 <= part.duck <= 1
        starts = [note.start_beats for note in part.notes]
        assert starts == sorted(starts)
        for note in part.notes:
            assert note.start_beats >= 0
            assert note.duration_beats > 0
            assert note.end_beats <= total + 1e-9
            assert 0 <= note.pitch <= 127
            assert 0 < note.velocity <= 1
    check_cover([(section.start_beats, section.duration_beats) for section in score.sections], total)
    check_cover([(chord.start_beats, chord.duration_beats) for chord in score.chords], total)
    assert list(score.beats) == sorted(score.beats)
    assert set(score.bars) <= set(score.beats)
    assert score.beats[-1] < total


def check_cover(spans: list[tuple[float, float]], total: float) -> None:
    """Each begins where the one before ends; together they last exactly the whole."""
    at = 0.0
    for start, length in spans:
        assert start == pytest.approx(at, abs=1e-6)
        assert length > 0
        at = start + length
    assert at == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize(("genre", "emotion"), QUICK)
def test_a_piece_of_every_genre(genre: str, emotion: str) -> None:
    check_sound(one(genre, emotion))


@pytest.mark.slow
@pytest.mark.parametrize("genre", GENRES)
def test_all_combinations(genre: str) -> None:
    for emotion, tempo in itertools.product(EMOTIONS, TEMPOS):
        score = one(genre, emotion, length_s=24.0, tempo=tempo)
        check_sound(score)
        low, high = GENRES[genre].tempos[tempo]
        assert low - 1e-6 <= score.tempo_bpm <= high + 1e-6


@st.composite
def briefs(draw: st.DrawFn) -> Brief:
    lengths = draw(st.lists(st.floats(0.3, 40.0), min_size=1, max_size=6))
    lengths[0] += max(0.0, 5.0 - sum(lengths))
    edges = [0.0, *itertools.accumulate(lengths)]
    wishes = tuple(
        SectionWish(draw(st.sampled_from(BY_ENERGY)), start, length, draw(st.sampled_from((None, 0, 1, 2, 3))))
        for start, length in zip(edges, lengths, strict=False)
    )
    return Brief(
        draw(st.sampled_from(sorted(GENRES))),
        edges[-1],
        draw(st.one_of(st.sampled_from(TEMPOS), st.floats(40.0, 220.0))),
        wishes,
        key=draw(st.sampled_from((None, "A minor", "F#", "Bb dorian"))),
        seed=draw(st.integers(0, 2**31)),
        version=draw(st.integers(0, 3)),
        loop=draw(st.booleans()),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(briefs())
def test_any_brief_is_covered_exactly(brief: Brief) -> None:
    score = compose(brief)
    check_sound(score)
    assert score.duration_s == brief.duration_s
    for wish, section in zip(brief.sections, score.sections, strict=True):
        assert score.seconds(section.start_beats) == pytest.approx(wish.start_s, abs=0.010)
        assert score.seconds(section.duration_beats) == pytest.approx(wish.length_s, abs=0.010)


@pytest.mark.parametrize("length_s", [5.0, 7.3, 61.7, 900.0])
def test_shortest_and_longest(length_s: float) -> None:
    score = one("ambient", "calm", length_s=length_s)
    check_sound(score)
    assert listening.pitched(score)[-1].start_beats < score.duration_beats


def test_without_sections_the_piece_is_calm() -> None:
    assert [section.emotion for section in compose(Brief("pop", 20.0)).sections] == ["calm"]


@pytest.mark.parametrize(("genre", "emotion"), QUICK)
def test_the_same_brief_gives_the_same_bytes_and_another_seed_others(genre: str, emotion: str) -> None:
    brief = chain(genre, emotion, "calm", each_s=16.0, seed=1)
    first = compose(brief)
    assert first == compose(brief)
    assert midi_bytes(first) == midi_bytes(compose(brief))
    assert midi_bytes(first) != midi_bytes(compose(chain(genre, emotion, "calm", each_s=16.0, seed=2)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("genre", GENRES)
def test_notes_lie_in_the_scale_but_for_marked_ones(genre: str, seed: int) -> None:
    for emotion in ("sad", "tense", "joyful"):
        score = one(genre, emotion, length_s=32.0, seed=seed)
        notes = listening.pitched(score)
        outside = [note for note in notes if note.pitch % 12 not in score.scale]
        assert all(note.passing for note in outside)
        assert len(outside) <= 0.10 * len(notes)


@pytest.mark.parametrize("genre", GENRES)
def test_density_and_loudness_follow_energy(genre: str) -> None:
    scores = [one(genre, emotion, length_s=48.0, seed=7) for emotion in BY_ENERGY[::2]]
    assert listening.rank_correlation([listening.onsets_per_s(score) for score in scores]) > 0.9
    assert listening.rank_correlation([listening.load(score) for score in scores]) > 0.9
    assert listening.onsets_per_s(scores[-1]) > 3 * listening.onsets_per_s(scores[0])


@pytest.mark.parametrize("genre", GENRES)
def test_sections_of_one_piece_are_ordered_by_their_energy(genre: str) -> None:
    score = compose(chain(genre, "calm", "energetic", "sad", "motivational", seed=3))
    rows = [
        (
            section.energy,
            listening.onsets_per_s(score, section.start_beats, section.start_beats + section.duration_beats),
            listening.load(score, section.start_beats, section.start_beats + section.duration_beats),
        )
        for section in score.sections
    ]
    rows.sort()
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)


@pytest.mark.parametrize(("genre", "emotion"), QUICK)
def test_versions_differ_in_their_notes_but_not_in_key_tempo_and_seams(genre: str, emotion: str) -> None:
    scores = [compose(chain(genre, emotion, "happy", seed=5, version=version)) for version in range(4)]
    first = scores[0]
    for score in scores[1:]:
        assert (score.key, score.tempo_bpm, score.bars) == (first.key, first.tempo_bpm, first.bars)
        for edge in (0.0, score.sections[1].start_beats - 0.5, score.sections[1].start_beats + 0.1):
            a, b = listening.chord_at(score, edge), listening.chord_at(first, edge)
            assert (a.root, a.quality, a.bass) == (b.root, b.quality, b.bass)
    for one_score, other in itertools.combinations(scores, 2):
        mine, theirs = listening.note_set(one_score), listening.note_set(other)
        assert len(mine & theirs) <= 0.7 * min(len(mine), len(theirs))


@pytest.mark.parametrize("genre", ["pop", "indian"])
def test_a_section_is_the_same_in_whatever_company_its_version_stands(genre: str) -> None:
    def wishes(*versions: int) -> tuple[SectionWish, ...]:
        return tuple(SectionWish("happy", 32.0 * place, 32.0, version) for place, version in enumerate(versions))

    plain = compose(Brief(genre, 64.0, sections=wishes(2, 2), seed=9))
    mixed = compose(Brief(genre, 64.0, sections=wishes(2, 1), seed=9))
    seam = plain.sections[1].start_beats
    a = {note[1:] for note in listening.note_set(plain) if note[1] < seam - 0.5}
    b = {note[1:] for note in listening.note_set(mixed) if note[1] < seam - 0.5}
    assert a == b


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("genre", CHORDAL)
def test_sections_end_on_the_way_home_and_the_piece_at_home(genre: str, seed: int) -> None:
    score = compose(chain(genre, "sad", "happy", seed=seed))
    seam, after = score.sections[1].start_beats, score.sections[1]
    mode = after.key.split()[1]
    degree = int(DOMINANTS[mode][0])
    assert listening.chord_at(score, seam - 0.5).root == after.scale[degree - 1]
    last = listening.chord_at(score, score.duration_beats - 0.1)
    assert last.root == after.scale[0]
    finals = [max(part.notes, key=lambda note: note.end_beats) for part in score.parts if part.name.startswith("lead")]
    sounding = [note for note in finals if note.end_beats > score.duration_beats - 4]
    assert all(note.pitch % 12 in chord_classes(last.root, last.quality) for note in sounding)


def test_a_loop_has_no_ending_and_leads_back_to_its_start() -> None:
    score = one("electronic", "happy", length_s=32.0, loop=True)
    home = score.scale
    assert listening.chord_at(score, score.duration_beats - 0.1).root == home[4]
    assert listening.chord_at(score, 0.0).root == home[0]
    kicks = [note.start_beats for note in listening.part_named(score, "drums").notes if note.pitch == 36]
    assert max(kicks) > score.duration_beats - 5


@pytest.mark.parametrize(("key", "tonic"), [("A minor", 9), ("Bb", 10), ("F# dorian", 6)])
def test_a_key_that_was_asked_for_is_kept(key: str, tonic: int) -> None:
    score = compose(Brief("pop", 30.0, key=key, sections=(SectionWish("happy", 0.0, 30.0),)))
    assert score.scale[0] == tonic
    assert score.key.split()[1] == [*key.split(), "major"][1]
    assert compose(Brief("indian", 30.0, key=key)).scale[0] == tonic


@pytest.mark.parametrize("bpm", [71.0, 128.0])
def test_a_tempo_in_numbers_is_met_within_four_per_cent(bpm: float) -> None:
    assert one("pop", "happy", tempo=bpm).tempo_bpm == pytest.approx(bpm, rel=0.04)


def test_faster_wishes_give_faster_tempos() -> None:
    for genre in GENRES:
        slow, medium, fast = (one(genre, "happy", length_s=20.0, tempo=tempo).tempo_bpm for tempo in TEMPOS)
        assert slow < medium < fast


def test_lively_sections_are_announced() -> None:
    score = compose(chain("pop", "calm", "energetic", seed=2))
    seam = score.sections[1].start_beats
    risers = listening.part_named(score, "riser").notes
    assert any(note.end_beats == pytest.approx(seam, abs=0.05) for note in risers)
    crashes = [note for note in listening.part_named(score, "drums").notes if note.pitch == 49]
    impacts = listening.part_named(score, "impact").notes
    assert any(note.start_beats == pytest.approx(seam, abs=0.05) for note in (*crashes, *impacts))


def test_sections_share_the_theme() -> None:
    score = compose(chain("indie", "calm", "happy", seed=4))
    lead = [note for part in score.parts if part.name.startswith("lead") for note in part.notes]
    seam = score.sections[1].start_beats

    def rhythm(notes: list[float]) -> Counter[float]:
        return Counter(round(beat % (2 * score.beats_per_bar) * 2) / 2 for beat in notes)

    calm = rhythm([note.start_beats for note in lead if note.start_beats < seam - 8])
    happy = rhythm([note.start_beats - seam for note in lead if note.start_beats >= seam])
    common = {place for place, count in calm.items() if count > 1}
    assert common
    assert len(common & set(happy)) >= 0.7 * len(common)


@pytest.mark.parametrize(("beat", "swing", "steps", "due"), [
    (0.5, 0.0, 2, 0.5), (0.5, 1.0, 2, 2 / 3), (0.25, 1.0, 4, 1 / 3), (1.0, 1.0, 2, 1.0),
    (0.75, 0.5, 4, 0.5 + 0.25 * 7 / 6),
])  # fmt: skip
def test_swing(beat: float, swing: float, steps: int, due: float) -> None:
    assert compose_module.swung(beat, swing, steps) == pytest.approx(due)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"genre": "polka"}, "genre"),
        ({"duration_s": 4.0}, "duration"),
        ({"tempo": "brisk"}, "tempo"),
        ({"tempo": 500.0}, "tempo"),
        ({"key": "H major"}, "key"),
        ({"version": 4}, "version"),
        ({"include": ("kazoo",)}, "kazoo"),
        ({"sections": (SectionWish("bored", 0.0, 20.0),)}, "bored"),
        ({"sections": (SectionWish("calm", 0.0, 19.0),)}, "end"),
    ],
)
def test_what_cannot_be_composed_is_refused(changes: dict[str, object], message: str) -> None:
    asked: dict[str, object] = {"genre": "pop", "duration_s": 20.0, **changes}
    with pytest.raises(ValueError, match=message):
        compose(Brief(**asked))  # type: ignore[arg-type]


def test_a_long_piece_changes_its_chords_and_comes_back() -> None:
    score = one("pop", "happy", length_s=600.0)
    four = [
        tuple(listening.chord_at(score, bar + 0.1).root for bar in score.bars[start : start + 4])
        for start in range(4, len(score.bars) - 8, 4)
    ]
    assert len(set(four)) >= 5
    assert Counter(four).most_common(1)[0][1] >= 4
