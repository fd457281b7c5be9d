import numpy as np
import numpy.typing as npt
import pytest

from gpu_workers.analysis.onsets import RATE_HZ
from gpu_workers.analysis.rhythm import Rhythm, rhythm
from gpu_workers.analysis.spectra import Spectra
from tests.bench.truth import Piece, noise, piece, silence, speech
from tests.bench.truth.scores import f_measure

SONGS = {
    "rock": {"seed": 9201, "bpm": 92.0, "timbre": "guitar", "drums": True, "meter": 4},
    "fast": {"seed": 9202, "bpm": 171.0, "timbre": "piano", "drums": True, "meter": 4},
    "alone": {"seed": 9203, "bpm": 118.0, "timbre": "epiano", "drums": False, "meter": 4},
    "waltz": {"seed": 9204, "bpm": 150.0, "timbre": "piano", "drums": True, "meter": 3},
}


def of(samples: npt.NDArray[np.float32]) -> Rhythm:
    return rhythm(Spectra(samples))


@pytest.fixture(scope="module")
def songs() -> dict[str, tuple[Piece, Rhythm]]:
    made = {name: piece(**how, key="D minor", duration_s=20, rate_hz=RATE_HZ) for name, how in SONGS.items()}  # type: ignore[arg-type]
    return {name: (truth, of(truth.samples.mean(axis=0))) for name, truth in made.items()}


@pytest.mark.parametrize("name", SONGS)
def test_tempo_and_beats(songs: dict[str, tuple[Piece, Rhythm]], name: str) -> None:
    truth, found = songs[name]
    assert found.tempo_bpm == pytest.approx(truth.bpm, rel=0.01)
    assert f_measure(found.beats_s, truth.beats_s) > 0.9


@pytest.mark.parametrize("name", SONGS)
def test_bars(songs: dict[str, tuple[Piece, Rhythm]], name: str) -> None:
    truth, found = songs[name]
    assert found.meter == truth.meter
    assert f_measure(found.downbeats_s, truth.downbeats_s) > 0.85


def test_downbeats_are_beats_a_bar_apart(songs: dict[str, tuple[Piece, Rhythm]]) -> None:
    for _, found in songs.values():
        places = np.flatnonzero(np.isin(found.beats_s, found.downbeats_s))
        assert len(places) == len(found.downbeats_s)
        assert (np.diff(places) == found.meter).all()


def test_times_rise_and_lie_within(songs: dict[str, tuple[Piece, Rhythm]]) -> None:
    for truth, found in songs.values():
        for times in (found.beats_s, found.onsets_s):
            assert (np.diff(times) > 0).all()
            assert times[0] >= 0
            assert times[-1] <= truth.samples.shape[1] / RATE_HZ
        assert 0 <= found.confidence <= 1


def test_loudness_does_not_matter(songs: dict[str, tuple[Piece, Rhythm]]) -> None:
    truth, found = songs["rock"]
    quiet = of(truth.samples.mean(axis=0) * np.float32(0.02))
    assert quiet.tempo_bpm == pytest.approx(found.tempo_bpm)
    np.testing.assert_allclose(quiet.beats_s, found.beats_s, atol=1e-6)


def test_a_rest_before_the_music_moves_the_beats(songs: dict[str, tuple[Piece, Rhythm]]) -> None:
    truth, found = songs["fast"]
    late = of(np.concatenate((np.zeros(RATE_HZ, np.float32), truth.samples.mean(axis=0))))
    assert late.tempo_bpm == pytest.approx(found.tempo_bpm, rel=2e-3)
    assert f_measure(late.beats_s - 1, found.beats_s, 0.03) > 0.95


@pytest.mark.slow
def test_a_long_piece_is_followed_to_its_end() -> None:
    truth = piece(9205, bpm=126, key="C major", timbre="guitar", drums=True, duration_s=100, rate_hz=RATE_HZ)
    found = of(truth.samples.mean(axis=0))
    assert found.tempo_bpm == pytest.approx(126, rel=2e-3)
    assert f_measure(found.beats_s, truth.beats_s) > 0.95


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "crowd"])
def test_noise_keeps_no_time(kind: str) -> None:
    assert of(noise(1, 12, kind, RATE_HZ).mean(axis=0)).tempo_bpm is None


def test_speech_keeps_no_time() -> None:
    try:
        said = speech(2, 15, RATE_HZ)
    except RuntimeError as error:
        pytest.skip(str(error))
    assert of(said.mean(axis=0)).tempo_bpm is None


@pytest.mark.parametrize("frames", [0, 1, 100, 5000, 30000])
def test_what_is_too_short_has_no_tempo(frames: int) -> None:
    samples = np.random.default_rng(0).standard_normal(frames).astype(np.float32)
    found = of(samples)
    assert found.tempo_bpm is None
    assert found.meter is None
    assert len(found.beats_s) == len(found.downbeats_s) == 0


def test_silence_has_nothing() -> None:
    found = of(silence(10, RATE_HZ)[0])
    assert found.tempo_bpm is None
    assert len(found.onsets_s) == 0
    assert found.confidence == 0


@pytest.mark.parametrize("seconds", [1.0, 2.0, 3.0, 5.0])
def test_a_moment_of_music_does_no_harm(songs: dict[str, tuple[Piece, Rhythm]], seconds: float) -> None:
    """Whatever is found there, it is no error and the beats lie within."""
    mono = songs["rock"][0].samples.mean(axis=0)[: int(seconds * RATE_HZ)]
    assert (of(mono).beats_s <= seconds).all()
