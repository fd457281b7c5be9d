import numpy as np
import pytest

from gpu_workers.separation.training.data import fonts, songs
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
