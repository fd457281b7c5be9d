from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.separation.training.data import desk, pool, songs
from gpu_workers.separation.training.data.examples import STEMS, Examples, _faded
from gpu_workers.separation.training.data.plans import RATE_HZ, Plan
from gpu_workers.separation.training.data.pool import PoolError
from patchbay.catalog.models import FOUR_STEMS

FRAMES = 8192
BAND_HZ = {"vocals": 3000, "drums": 8000, "bass": 100, "other": 900}
"""Each stem of the test's songs has a tone in a band of its own; held-out songs lie an octave and a half lower."""


def song(number: int) -> songs.Song:
    rng = np.random.default_rng(number)
    t = np.arange(RATE_HZ) / RATE_HZ
    lower = 2.8 if songs.is_held(number) else 1.0
    tracks = []
    for stem in STEMS:
        for part in range(1 + (stem == "other")):
            tone = np.sin(2 * np.pi * BAND_HZ[stem] / lower * t * (1 + 0.3 * part)) * rng.uniform(0.2, 0.9)
            sound = np.stack([tone, 0.3 * tone]) if part else tone
            tracks.append(songs.Track(stem, "tone", sound.astype(np.float32)))
    plan = Plan(1.0, float(rng.uniform(0.35, 0.7)), 4, 0.0, int(rng.integers(12)), (0, 2, 4, 5, 7, 9, 11), (0,))
    return songs.Song(number, songs.is_held(number), plan, "tones", tracks)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pool")
    (place / "pool.json").write_text("{}")
    for number in range(16):
        pool.write(place, song(number))
    return place


@pytest.fixture(scope="module")
def examples(folder: Path) -> Examples:
    return Examples(folder, seed=1, frames=FRAMES)


@pytest.fixture(scope="module")
def again(folder: Path) -> Examples:
    return Examples(folder, seed=1, frames=FRAMES)


def test_stems_are_those_of_the_catalogue() -> None:
    assert tuple(FOUR_STEMS) == STEMS


def test_batches_have_the_shapes_they_promise(examples: Examples) -> None:
    mixtures, stems = examples.batch(0, 3)
    assert mixtures.shape == (3, 2, FRAMES)
    assert stems.shape == (3, 4, 2, FRAMES)
    assert mixtures.dtype == stems.dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(index=st.integers(0, 10**6))
def test_stems_sum_to_the_mixture_within_full_scale(examples: Examples, index: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk, "coded", lambda stereo, codec, bits: stereo)
        mixtures, stems = examples.batch(index, 2)
    assert np.isfinite(stems).all()
    assert np.abs(mixtures).max() <= 1.0
    assert np.abs(stems).max() <= 1.0
    np.testing.assert_allclose(stems.sum(axis=1), mixtures, atol=5e-7)


@settings(max_examples=12, deadline=None)
@given(index=st.integers(0, 10**6))
def test_the_same_seed_and_index_give_the_same_arrays(examples: Examples, again: Examples, index: int) -> None:
    for first, second in zip(examples.batch(index, 2), again.batch(index, 2), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_larger_batch_begins_with_the_smaller_one(examples: Examples) -> None:
    np.testing.assert_array_equal(examples.batch(5, 2)[0], examples.batch(5, 4)[0][:2])


def test_seeds_indices_and_places_differ(folder: Path, examples: Examples) -> None:
    first = examples.batch(0, 2)[0]
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, examples.batch(1, 2)[0])
    assert not np.array_equal(first, Examples(folder, seed=2, frames=FRAMES).batch(0, 2)[0])


def centre_hz(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound.sum(axis=0) * np.hanning(FRAMES))) ** 2
    return float(np.argmax(power) * RATE_HZ / FRAMES)


@pytest.mark.parametrize("held_out", [False, True])
def test_each_stem_is_its_own_and_of_its_own_songs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, held_out: bool
) -> None:
    """Tones name their stem and, by their octave, whether their song is held out."""
    monkeypatch.setattr(desk, "driven", lambda sound, amount: sound)
    monkeypatch.setattr(desk, "filtered", lambda sound, sections: sound)
    made = Examples(folder, seed=3, frames=FRAMES, held_out=held_out)
    heard = 0
    for index in range(30):
        _, stems = made.batch(index, 1)
        for name, stem in zip(STEMS, stems[0], strict=True):
            if np.abs(stem).max() > 1e-3:
                ratio = centre_hz(stem) / (BAND_HZ[name] / (2.8 if held_out else 1.0))
                assert 0.8 < ratio < 1.6, name
                heard += 1
    assert heard > 60


def test_stems_are_missing_now_and_then_but_seldom(examples: Examples) -> None:
    _, stems = examples.batch(0, 100)
    heard = (np.abs(stems).max(axis=(2, 3)) > 0).mean(axis=0)
    assert np.all(heard > 0.7)
    assert np.all(heard < 0.99)


def test_levels_of_mixtures_range_and_some_are_mono(examples: Examples) -> None:
    mixtures, _ = examples.batch(1, 100)
    rms_db = 10 * np.log10((mixtures**2).mean(axis=(1, 2)) + 1e-12)
    heard = rms_db[rms_db > -100]
    assert heard.max() > -16
    assert heard.min() < -25
    mono = np.abs(mixtures[:, 0] - mixtures[:, 1]).max(axis=1) == 0
    assert 0 < mono.mean() < 0.2


def test_some_mixtures_are_coded_and_their_stems_are_not(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    coded: list[str] = []

    def code(stereo: np.ndarray, codec: str, bits: int) -> np.ndarray:
        coded.append(codec)
        return stereo * 0.5

    monkeypatch.setattr(desk, "coded", code)
    mixtures, stems = examples.batch(2, 100)
    apart = np.abs(stems.sum(axis=1) - mixtures).max(axis=(1, 2)) > 1e-5
    assert apart.sum() == len(coded)
    assert 1 <= len(coded) <= 15


def test_alike_songs_are_near_in_tempo(examples: Examples) -> None:
    rng = np.random.default_rng(0)
    for base in range(8):
        which, faster = examples._alike(rng, base, np.array([2, 3, 5, 8, 13]))
        assert 2**-0.11 < faster < 2**0.11
        assert which in {2, 3, 5, 8, 13}


def test_songs_without_a_stem_are_not_asked_for_it(tmp_path: Path) -> None:
    """When stems of several songs are mixed, the bass comes from the one song that has it."""
    (tmp_path / "pool.json").write_text("{}")
    for number in range(6):
        whole = song(number)
        kept = [track for track in whole.tracks if track.stem != "bass" or number == 3]
        pool.write(tmp_path, songs.Song(number, False, whole.plan, "tones", kept))
    made = Examples(tmp_path, seed=0, frames=FRAMES)
    crossed = 0
    for index in range(60):
        excerpts = made._excerpts(np.random.default_rng(index))
        if len({excerpts[name].entry.number for name in ("drums", "bass", "other")}) > 1:
            assert excerpts["bass"].entry.number == 3
            crossed += 1
    assert crossed > 10


def test_an_excerpt_played_faster_is_higher(examples: Examples) -> None:
    t = np.arange(2 * FRAMES) / RATE_HZ
    tone = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    out = examples._in_time(np.stack([tone, tone]), 1.06)
    assert out.shape == (2, FRAMES)
    assert centre_hz(out) == pytest.approx(1060, abs=5)


def test_a_pool_without_such_songs_says_so(tmp_path: Path) -> None:
    (tmp_path / "pool.json").write_text("{}")
    pool.write(tmp_path, song(0))
    with pytest.raises(PoolError, match="no song held out"):
        Examples(tmp_path, seed=1, frames=FRAMES, held_out=True)
    assert Examples(tmp_path, seed=1, frames=FRAMES).batch(0, 1)[0].shape == (1, 2, FRAMES)


def test_too_short_an_example_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="frames: 100"):
        Examples(folder, seed=1, frames=100)


def test_examples_longer_than_a_song_end_in_silence(folder: Path) -> None:
    mixtures, _ = Examples(folder, seed=1, frames=2 * RATE_HZ).batch(0, 2)
    assert mixtures.shape == (2, 2, 2 * RATE_HZ)
    assert np.abs(mixtures[:, :, :RATE_HZ]).max() > np.abs(mixtures[:, :, -4000:]).max()


def test_beds_of_noise_lie_under_what_is_played(folder: Path) -> None:
    """The same track, as loud in the pool, is 6 to 24 dB lower where its source is a bed."""
    tone = np.sin(np.arange(RATE_HZ) * 0.1).astype(np.float32)[None]
    levels_db: dict[str, list[float]] = {"tone": [], f"{songs.BED} hiss": []}
    for source, found in levels_db.items():
        track = pool.Track("other", source, 1, 0, 1.0, float(np.sqrt(0.5)))
        for seed in range(60):
            stereo = _faded(np.random.default_rng(seed), tone.copy(), track, lead=False)
            found.append(10 * np.log10(float((stereo**2).sum())))
    played_db, bed_db = (float(np.mean(found)) for found in levels_db.values())
    assert 11 < played_db - bed_db < 19


def test_voices_alone_are_sung_over_the_music_of_others(tmp_path: Path) -> None:
    (tmp_path / "pool.json").write_text("{}")
    for number in range(6):
        made = song(number)
        if number % 2:
            voices = [track for track in made.tracks if track.stem == "vocals"]
            made = songs.Song(number, False, made.plan, songs.VOICES_ALONE, voices)
        pool.write(tmp_path, made)
    examples = Examples(tmp_path, seed=2, frames=FRAMES)
    singers, together = set(), 0
    for seed in range(200):
        excerpts = examples._excerpts(np.random.default_rng(seed))
        singers.add(excerpts["vocals"].entry.number)
        together += len({excerpts[name].entry.number for name in STEMS}) == 1
        for name in ("drums", "bass", "other"):
            assert excerpts[name].entry.number % 2 == 0
    assert singers == set(range(6))
    assert 40 < together < 140


def test_a_pool_of_voices_alone_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "pool.json").write_text("{}")
    made = song(0)
    voices = [track for track in made.tracks if track.stem == "vocals"]
    pool.write(tmp_path, songs.Song(0, False, made.plan, songs.VOICES_ALONE, voices))
    _, stems = Examples(tmp_path, seed=2, frames=FRAMES).batch(0, 8)
    assert stems[:, 0].any()
    assert not stems[:, 1:].any()
