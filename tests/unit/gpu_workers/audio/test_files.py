from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.files import AudioFile
from tests.unit.gpu_workers.audio.tones import raw_file, tones

SAMPLES = tones(1000)


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> AudioFile:
    return raw_file(tmp_path_factory.mktemp("raw") / "a.f32", SAMPLES)


@given(start=st.integers(-1500, 1500), frames=st.integers(0, 2500))
def test_any_window_is_the_file_with_silence_around(audio: AudioFile, start: int, frames: int) -> None:
    padded = np.pad(SAMPLES, ((0, 0), (2000, 4000)))
    np.testing.assert_array_equal(audio.read(start, frames), padded[:, 2000 + start : 2000 + start + frames])


@given(size=st.integers(1, 1200))
def test_blocks_are_the_whole_file(audio: AudioFile, size: int) -> None:
    np.testing.assert_array_equal(np.concatenate(list(audio.blocks(size)), axis=1), SAMPLES)


def test_duration(audio: AudioFile) -> None:
    assert audio.duration_s == pytest.approx(1000 / 44100)
    np.testing.assert_array_equal(audio.read(), SAMPLES)


def test_offsets_over_4_gb_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.f32"
    frames = 700_000_000
    with path.open("wb") as file:
        file.seek((frames - 1) * 8)
        file.write(np.array([0.5, -0.5], "<f4").tobytes())
    np.testing.assert_array_equal(AudioFile(path, 44100, 2, frames).read(frames - 1, 2), [[0.5, 0.0], [-0.5, 0.0]])
