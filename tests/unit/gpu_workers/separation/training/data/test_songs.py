import numpy as np
import pytest

from gpu_workers.separation.training.data import composed, fonts, held_notes, songs, vocals
from gpu_workers.separation.training.data.plans import RATE_HZ, STEMS, random_plan

OWN = tuple(songs.NEEDS)
"""Only what needs no program: songs as they are made on any machine."""


def test_a_song_follows_from_seed_and_number() -> None:
    first, again, another = (songs.make(seed, 1, without=OWN, seconds=1.0) for seed in (3, 3, 4))
    assert first.plan == again.plan
    for track, other in zip(first.tracks, again.tracks, strict=True):
        assert (track.stem, track.source) == (other.stem, other.source)
        np.testing.assert_array_equal(track.sound, other.sound)
    assert another.plan != first.plan


def test_songs_are_finite_tracks_of_known_stems_as_long_as_asked() -> None:
    stems: set[str] = set()
    sources: set[str] = set()
    for number in range(6):
        song = songs.make(5, number, without=OWN, seconds=1.0)
        for track in song.tracks:
            assert track.stem in STEMS
            assert track.sound.shape[-1] == RATE_HZ
            assert track.sound.dtype == np.float32
            assert np.isfinite(track.sound).all()
            assert track.sound.any()
            stems.add(track.stem)
            sources.add(track.source.split()[0])
    assert stems == set(STEMS)
    assert {"own", "tract"} <= sources
    assert not {"fluid", "musescore", "espeak", "rap"} & sources


def test_one_song_in_eight_is_held_out() -> None:
    assert [number for number in range(24) if songs.is_held(number)] == [7, 15, 23]
    assert songs.make(0, 7, without=OWN, seconds=0.5).held


def test_held_out_songs_share_no_program_or_kit_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of the soundfonts for held-out songs is asked for no other song."""
    asked: dict[bool, set[tuple[int, bool]]] = {True: set(), False: set()}
    held = False

    def play(keys: object, font: object, program: int, seconds: float, *, drums: bool = False) -> songs.Sound:
        asked[held].add((program, drums))
        return np.zeros((2, round(seconds * RATE_HZ)), np.float32)

    monkeypatch.setattr(fonts, "play", play)
    for number in range(120):
        held = bool(number % 2)
        rng = np.random.default_rng(number)
        plan = random_plan(rng, 0.5)
        for chordal in (True, False):
            songs._other(rng, [], plan, chordal=chordal, held=held, sampled=True)
        songs._drums(rng, [], plan, held=held, sampled=True)
        songs._bass(rng, [], plan, held=held, sampled=True)
    drums = {program for program, kit in asked[True] if kit}
    basses = {program for program, kit in asked[True] if not kit and program in range(32, 40)}
    assert drums
    assert basses
    assert drums.isdisjoint({program for program, kit in asked[False] if kit})
    assert basses.isdisjoint({program for program, kit in asked[False] if not kit})


@pytest.mark.parametrize("seed", range(12))
def test_effects_keep_length_and_stay_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 1.0)
    mono = rng.standard_normal(RATE_HZ).astype(np.float32) * 0.1
    for sound in (mono, np.stack([mono, -mono])):
        out = songs._effected(rng, sound, plan)
        assert out.shape[-1] == RATE_HZ
        assert out.ndim in {1, 2}
        assert np.isfinite(out).all()


def test_echoes_repeat_what_was_played() -> None:
    click = np.zeros(1000, np.float32)
    click[10] = 1.0
    out = songs._echoes(click, 200, 0.5)
    np.testing.assert_allclose(out[[10, 210, 410]], [1.0, 0.5, 0.25])


def test_the_chorus_widens() -> None:
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(RATE_HZ) * 0.05).astype(np.float32)
    left, right = songs._chorus(rng, tone)
    assert np.std(left - right) > 0.01


@pytest.mark.parametrize("seed", range(12))
def test_what_studios_do_to_voices_keeps_them_finite_and_as_long(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 1.0)
    mono = rng.standard_normal(RATE_HZ).astype(np.float32) * 0.1
    for voice in (mono, np.stack([mono, -mono])):
        out = songs._produced(rng, voice, plan)
        assert out.shape[-1] == RATE_HZ
        assert out.dtype == np.float32
        assert np.isfinite(out).all()


def test_most_voices_are_left_as_they_are_and_some_widened() -> None:
    plan = random_plan(np.random.default_rng(0), 0.2)
    voice = np.random.default_rng(1).standard_normal(round(0.2 * RATE_HZ)).astype(np.float32) * 0.1
    made = [songs._produced(np.random.default_rng(seed), voice, plan) for seed in range(80)]
    same = [out.shape == voice.shape and np.array_equal(out, voice) for out in made]
    assert 0.4 < np.mean(same) < 0.8
    assert any(out.ndim == 2 for out in made)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Songs whose players are stand-ins, so that many can be made."""

    def tone(stem: str) -> songs.Track:
        return songs.Track(stem, "tone", np.full(RATE_HZ // 2, 0.1, np.float32))

    def composition(rng: np.random.Generator, seconds: float, *, sounded: bool) -> composed.Composition:
        line = composed.Line("other", "piano", [], np.full((2, RATE_HZ // 2), 0.1, np.float32))
        return composed.Composition("pop", random_plan(rng, seconds), [line])

    monkeypatch.setattr(songs, "_written", lambda *_, **__: [tone("drums"), tone("bass")])
    monkeypatch.setattr(songs, "_bass", lambda *_, **__: tone("bass"))
    monkeypatch.setattr(songs, "_line", lambda *_, **__: tone("other"))
    monkeypatch.setattr(composed, "composition", composition)
    sung = [vocals.Voice("tone", tone("vocals").sound)]
    monkeypatch.setattr(vocals, "random_voices", lambda *_, **__: sung)


@pytest.mark.usefixtures("quick")
def test_some_songs_are_voices_alone_and_others_never() -> None:
    made = [songs.make(6, number, without=OWN, seconds=0.5) for number in range(200)]
    alone = [song for song in made if song.genre == songs.VOICES_ALONE]
    assert 20 <= len(alone) <= 60
    for song in made:
        assert ({track.stem for track in song.tracks} <= {"vocals"}) == (song in alone)


@pytest.mark.usefixtures("quick")
def test_some_songs_have_a_bed_of_noise_among_the_other_parts() -> None:
    made = [songs.make(2, number, without=OWN, seconds=0.5) for number in range(200)]
    beds = [track for song in made for track in song.tracks if track.source.startswith(songs.BED)]
    assert 6 <= len(beds) <= 32
    assert {track.stem for track in beds} == {"other"}
    assert {track.source.split()[1] for track in beds} == set(held_notes.BEDS)


@pytest.mark.usefixtures("quick")
def test_only_the_engines_that_are_there_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def nobody(*_: object, engines: tuple[str, ...], **__: object) -> list[vocals.Voice]:
        asked.append(engines)
        return []

    monkeypatch.setattr(vocals, "random_voices", nobody)
    for without in ((), ("pico",), ("espeak",), OWN):
        for number in range(4):
            songs.make(1, number, without=without, seconds=0.5)
    assert set(asked) == {("espeak", "pico"), ("espeak",), ("pico",), ()}
