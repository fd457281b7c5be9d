"""The pieces that the analysis is measured on are what they say they are."""

import numpy as np
import pytest

from gpu_workers.audio.rhythm.cues import pitch_classes
from gpu_workers.audio.spectra import Spectra
from tests.bench.truth import KEYS, NAMES, TIMBRES, Piece, noise, piece
from tests.bench.truth.scores import f_measure

pytestmark = pytest.mark.slow

RATE_HZ = 22050


def made(seed: int, *, bpm: float = 100, timbre: str = "piano", drums: bool = False) -> Piece:
    key = KEYS[seed % 24]
    return piece(seed, bpm=bpm, key=key, timbre=timbre, drums=drums, duration_s=10, rate_hz=RATE_HZ)


@pytest.mark.parametrize("timbre", TIMBRES)
def test_a_seed_makes_one_piece(timbre: str) -> None:
    first, again = made(1, timbre=timbre), made(1, timbre=timbre)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, made(2, timbre=timbre).samples)
    assert first.samples.shape == (2, 10 * RATE_HZ)
    assert 0.2 < np.abs(first.samples).max() < 1


@pytest.mark.parametrize("seed", range(6))
def test_beats_bars_and_chords_agree(seed: int) -> None:
    truth = made(seed, bpm=130, drums=True)
    np.testing.assert_allclose(np.diff(truth.beats_s), 60 / 130)
    np.testing.assert_allclose(truth.downbeats_s, truth.beats_s[:: truth.meter])
    assert truth.chords[0][0] == pytest.approx(truth.beats_s[0])
    assert truth.chords[-1][1] == pytest.approx(truth.beats_s[-1] + 60 / 130)
    for (_, end, label), (begin, _, following) in zip(truth.chords, truth.chords[1:], strict=False):
        assert end == begin
        assert label != following


def test_the_tonic_triad_is_heard_most_in_most_pieces() -> None:
    heard = 0
    for seed in range(12):
        truth = made(seed)
        classes = pitch_classes(Spectra(truth.samples.mean(axis=0)).power).mean(axis=1)
        tonic = NAMES.index(truth.key.split()[0])
        third = 4 if truth.key.endswith("major") else 3
        triad = classes[[tonic, (tonic + third) % 12, (tonic + 7) % 12]]
        heard += bool(triad.mean() > classes.mean() * 1.1)
    assert heard >= 10


def test_something_is_played_on_most_bars() -> None:
    truth = made(4, bpm=90, drums=True)
    near = np.abs(truth.onsets_s[:, None] - truth.downbeats_s).min(axis=0)
    assert (near < 0.0051).mean() > 0.9


@pytest.mark.parametrize("how", [{"key": "H major"}, {"timbre": "kazoo"}, {"duration_s": 2.0}])
def test_what_cannot_be_made_is_refused(how: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no such|too short"):
        piece(0, **{"bpm": 90, "key": "C major", "timbre": "piano", "drums": False, **how})  # type: ignore[arg-type]


def test_unknown_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="no such noise"):
        noise(0, 1, "grey")


@pytest.mark.parametrize(
    ("found", "known", "wanted"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1.0),
        ([1.05, 2.0, 3.0], [1.0, 2.0, 3.0], 1.0),
        ([1.1, 2.0], [1.0, 2.0], 0.5),
        ([1.0, 1.02], [1.0], 2 / 3),
        ([0.5, 1.0, 1.5, 2.0], [1.0, 2.0], 2 / 3),
        ([], [1.0], 0.0),
        ([], [], 1.0),
    ],
)
def test_f_measure(found: list[float], known: list[float], wanted: float) -> None:
    assert f_measure(np.array(found), np.array(known)) == pytest.approx(wanted)
