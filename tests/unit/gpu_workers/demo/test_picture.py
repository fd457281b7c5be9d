"""The picture of the stems, and their score."""

from pathlib import Path

import numpy as np
import pytest

from gpu_workers.audio.files import AudioFile
from gpu_workers.demo import picture
from gpu_workers.demo.score import mean_gain_db, score

RATE_HZ = 44100


def stored(path: Path, samples: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> AudioFile:
    samples.T.astype("<f4").tofile(path)
    return AudioFile(path, RATE_HZ, samples.shape[0], samples.shape[1])


def tone(frequency_hz: float, seconds: float = 1.0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.stack([np.sin(2 * np.pi * frequency_hz * t)] * 2) * 0.5


@pytest.mark.parametrize("frequency_hz", [100.0, 1000.0, 8000.0])
def test_a_tone_is_drawn_at_its_frequency_and_level(tmp_path: Path, frequency_hz: float) -> None:
    drawn = picture.measure(stored(tmp_path / "t", tone(frequency_hz)))
    middle = drawn.spectrum_db[:, drawn.spectrum_db.shape[1] // 2]
    assert np.argmax(middle) == pytest.approx(picture._band_of(frequency_hz), abs=2)
    assert drawn.high.max() == pytest.approx(0.5, abs=0.01)
    assert drawn.rms[10] == pytest.approx(0.5 / np.sqrt(2), abs=0.03)
    assert drawn.duration_s == pytest.approx(1.0)


def test_length_does_not_change_what_is_drawn(tmp_path: Path) -> None:
    drawn = picture.measure(stored(tmp_path / "t", tone(440, 20)))
    assert drawn.spectrum_db.shape == (160, picture.COLUMNS)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.001, 0.3, 5.0])
def test_the_picture_is_a_png_whatever_the_length(tmp_path: Path, seconds: float) -> None:
    tracks = {n: stored(tmp_path / n, tone(f, seconds)) for n, f in (("mixture", 440), ("vocals", 880), ("x", 90))}
    target = tmp_path / "stems.png"
    picture.draw(tracks, target, title="A song", notes={"vocals": "SI-SDR +3.0 dB"})
    assert target.read_bytes().startswith(b"\x89PNG")


def test_silence_is_drawn(tmp_path: Path) -> None:
    picture.draw({"mixture": stored(tmp_path / "m", tone(440) * 0)}, tmp_path / "p.png", title="Silence")
    assert (tmp_path / "p.png").stat().st_size > 1000


def test_the_score_is_what_the_separation_gained(tmp_path: Path) -> None:
    one, two = tone(440), tone(1234) * 0.5
    mixture = stored(tmp_path / "m", one + two)
    truth = {"vocals": stored(tmp_path / "a", one), "drums": stored(tmp_path / "b", two)}
    stems = {
        "vocals": stored(tmp_path / "c", one + 0.1 * two),
        "drums": stored(tmp_path / "d", one + two),
        "unknown": stored(tmp_path / "e", one),
    }
    found = score(mixture, truth, stems)
    assert list(found) == ["vocals", "drums"]
    assert found["vocals"].gain_db == pytest.approx(20, abs=0.1)
    assert found["drums"].gain_db == pytest.approx(0, abs=1e-6)
    assert mean_gain_db(found) == pytest.approx(10, abs=0.1)
