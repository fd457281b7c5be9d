"""Previews: the first seconds of a longer file, faded out; a shorter one as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gpu_workers.audio.decode import decode
from gpu_workers.audio.files import AudioFile
from gpu_workers.encoding.engine import create
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tasks import EngineInput, EngineTask, ModelFiles
from tests.unit.gpu_workers.audio.tones import RATE_HZ


def encoded(work: Path, seconds: float, **params: Any) -> AudioFile:
    """A steady stereo file of so many seconds, through the engine and decoded again."""
    level = np.full((round(seconds * RATE_HZ), 2), 0.5, np.float32)
    soundfile.write(work / "in.wav", level, RATE_HZ, "FLOAT")
    engine = create()
    engine.load(ModelFiles("encoder", "1"))
    (output,) = engine.run(EngineTask([EngineInput("preview", work / "in.wav")], params, work))
    assert output.name == "preview"
    assert output.path is not None
    return decode(output.path, work / "out.f32")


def test_the_beginning_is_kept_and_its_last_second_fades(tmp_path: Path) -> None:
    found = encoded(tmp_path, 5.0, format="wav", bit_depth=32, first_s=3.0)
    assert found.duration_s == 3.0
    left = found.read()[0]
    np.testing.assert_allclose(left[: 2 * RATE_HZ], 0.5)
    fade = left[2 * RATE_HZ :]
    np.testing.assert_allclose(fade, 0.5 * (1 - np.arange(RATE_HZ) / RATE_HZ), atol=1e-6)


@pytest.mark.parametrize("first_s", [2.0, 30.0])
def test_a_file_that_is_no_longer_stays_as_it_is(tmp_path: Path, first_s: float) -> None:
    found = encoded(tmp_path, 2.0, format="wav", bit_depth=32, first_s=first_s)
    assert found.duration_s == 2.0
    np.testing.assert_array_equal(found.read(), np.full((2, 2 * RATE_HZ), 0.5, np.float32))


def test_a_very_short_one_fades_over_its_second_half(tmp_path: Path) -> None:
    left = encoded(tmp_path, 2.0, format="wav", bit_depth=32, first_s=0.5).read()[0]
    assert left[: RATE_HZ // 4].min() == pytest.approx(0.5)
    assert left[-1] == pytest.approx(0.0, abs=1e-4)


def test_an_mp3_is_as_short_as_was_asked(tmp_path: Path) -> None:
    found = encoded(tmp_path, 8.0, format="mp3", bitrate_kbps=128, first_s=3.0)
    assert found.duration_s == pytest.approx(3.0, abs=0.001)
    assert (tmp_path / "preview.mp3").stat().st_size == pytest.approx(3.0 * 128_000 / 8, rel=0.05)


@pytest.mark.parametrize("first_s", [0, -1, "3", True, float("inf"), float("nan"), [], 1e9])
def test_other_lengths_are_refused(tmp_path: Path, first_s: object) -> None:
    with pytest.raises(InvalidInput) as told:
        encoded(tmp_path, 0.1, format="mp3", first_s=first_s)
    assert told.value.field == "first_s"
