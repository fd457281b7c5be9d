import numpy as np
import numpy.typing as npt
import pytest

from gpu_workers.audio.rhythm.counting import Rhythm, rhythm
from gpu_workers.audio.rhythm.onsets import RATE_HZ
from gpu_workers.audio.spectra import Spectra
from tests.bench.truth import Piece, noise, piece, silence, speech
from tests.bench.truth.scores import f_measure

pytestmark = pytest.mark.slow

SONGS = {
    "rock": {"seed": 9201, "bpm": 92.0, "timbre": "guitar", "drums": True, "meter": 4},
    "fast": {"seed": 9202, "bpm": 171.0, "timbre": "piano", "drums": True, "meter": 4},
    "alone": {"seed": 9203, "bpm": 118.0, "timbre": "epiano", "drums": False, "meter": 4},
    "waltz": {"seed": 9204, "bpm": 150.0, "timbre": "piano", "drums": True, "meter": 3},
}


def of(samples: npt.NDArray[np.float32]) -> Rhythm:
    return rhythm(Spectra(samples))


def talk(seed: int, seconds: float) -> npt.NDArray[np.float32]:
    try:
        return np.asarray(speech(seed, seconds, RATE_HZ).mean(axis=0), np.float32)
    except RuntimeError as error:
        pytest.skip(str(error))


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
    assert of(talk(2, 15)).tempo_bpm is None


WHERE = ("after", "before", "around", "after hiss")


def with_silence(samples: npt.NDArray[np.float32], where: str, seconds: float = 30) -> npt.NDArray[np.float32]:
    """Silence with `samples` after, before or around it, or `samples` after soft hiss."""
    still = np.zeros(round(seconds * RATE_HZ), np.float32)
    if where == "after hiss":
        still += np.random.default_rng(3).normal(0, 10**-3.5, len(still)).astype(np.float32)
    middle = len(samples) // 2
    parts = {"before": (samples, still), "around": (samples[:middle], still, samples[middle:])}
    return np.concatenate(parts.get(where, (still, samples)))


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("kind", ["white", "pink", "crowd"])
def test_noise_and_silence_keep_no_time(kind: str, where: str) -> None:
    assert of(with_silence(noise(4, 30, kind, RATE_HZ).mean(axis=0), where)).tempo_bpm is None


@pytest.mark.parametrize("seed", range(6))
def test_noise_after_a_long_silence_keeps_no_time(seed: int) -> None:
    hiss = np.random.default_rng(seed).normal(0, 0.1, 30 * RATE_HZ).astype(np.float32)
    assert of(with_silence(hiss, "after")).tempo_bpm is None


def test_noise_that_swells_keeps_no_time() -> None:
    swell = np.linspace(0, 1, 30 * RATE_HZ, dtype=np.float32) ** 3
    assert of(noise(5, 30, "white", RATE_HZ).mean(axis=0) * swell).tempo_bpm is None


@pytest.mark.parametrize("where", WHERE)
def test_speech_and_silence_keep_no_time(where: str) -> None:
    assert of(with_silence(talk(3, 30), where)).tempo_bpm is None


@pytest.mark.parametrize("where", WHERE)
def test_music_and_silence_keep_the_musics_time(songs: dict[str, tuple[Piece, Rhythm]], where: str) -> None:
    truth, _ = songs["rock"]
    found = of(with_silence(truth.samples.mean(axis=0), where))
    assert found.tempo_bpm == pytest.approx(truth.bpm, rel=0.01)
    assert found.meter == truth.meter


@pytest.mark.parametrize("lead_s", [30, 120])
def test_a_long_silence_before_music_only_moves_it(songs: dict[str, tuple[Piece, Rhythm]], lead_s: int) -> None:
    truth, found = songs["fast"]
    late = of(with_silence(truth.samples.mean(axis=0), "after", lead_s))
    assert late.tempo_bpm == pytest.approx(found.tempo_bpm, rel=2e-3)
    assert f_measure(late.beats_s - lead_s, found.beats_s, 0.03) > 0.95
    assert f_measure(late.onsets_s - lead_s, found.onsets_s, 0.03) > 0.98


def test_progress_is_told_of() -> None:
    told: list[int] = []
    spectra = Spectra(noise(1, 60, "white", RATE_HZ).mean(axis=0), lambda: told.append(1))
    assert spectra.rows.any()
    before = len(told)
    rhythm(spectra)
    assert len(told) - before >= 6


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
