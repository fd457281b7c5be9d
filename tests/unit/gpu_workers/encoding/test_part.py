"""A part of a longer file, cut to the sample and not faded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.audio.decode import decode
from gpu_workers.audio.files import AudioFile
from gpu_workers.encoding.engine import create
from patchbay.domain.errors import InvalidInput, UnusableAudio
from patchbay.domain.tasks import EngineInput, EngineTask, ModelFiles
from tests.unit.gpu_workers.audio.tones import RATE_HZ

SECONDS = 4.0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of which every sample tells its place."""
    path = tmp_path_factory.mktemp("in") / "in.wav"
    frames = round(SECONDS * RATE_HZ)
    ramp = (np.arange(frames) / frames).astype(np.float32)
    soundfile.write(path, np.stack([ramp, -ramp], axis=1), RATE_HZ, "FLOAT")
    return path


def part(source: Path, work: Path, **params: Any) -> AudioFile:
    engine = create()
    engine.load(ModelFiles("encoder", "1"))
    told = {"format": "wav", "bit_depth": 32, **params}
    (output,) = engine.run(EngineTask([EngineInput("input", source)], told, work))
    assert output.path is not None
    return decode(output.path, work / "out.f32")


def expected(source: Path, first: int, last: int) -> np.ndarray[Any, Any]:
    return np.asarray(soundfile.read(source, dtype="float32")[0].T[:, first:last])


@given(places=st.tuples(st.integers(0, 3999), st.integers(1, 4000)).map(sorted).filter(lambda p: p[0] < p[1]))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_sample_between_start_and_end_and_no_other(source: Path, tmp_path: Path, places: list[int]) -> None:
    start_s, end_s = (place / 1000 for place in places)
    found = part(source, tmp_path, start_s=start_s, end_s=end_s)
    first = round(start_s * RATE_HZ)
    assert abs(found.frames - (end_s - start_s) * RATE_HZ) <= 1
    np.testing.assert_array_equal(found.read(), expected(source, first, first + found.frames))


def test_without_an_end_the_rest(source: Path, tmp_path: Path) -> None:
    found = part(source, tmp_path, start_s=1.5)
    np.testing.assert_array_equal(found.read(), expected(source, round(1.5 * RATE_HZ), round(SECONDS * RATE_HZ)))


def test_an_end_after_the_files_is_the_files(source: Path, tmp_path: Path) -> None:
    assert part(source, tmp_path, start_s=3.0, end_s=600.0).duration_s == 1.0


def test_at_another_rate_it_is_as_long(source: Path, tmp_path: Path) -> None:
    found = part(source, tmp_path, start_s=1.0, end_s=2.5, sample_rate_hz=16_000)
    assert (found.sample_rate_hz, found.frames) == (16_000, 24_000)
    middle = found.read()[0, 100:-100]  # the resampler rings at neither end, for it heard what is left out
    np.testing.assert_allclose(middle, (1.0 + np.arange(100, 23_900) / 16_000) / SECONDS, atol=1e-4)


def test_a_preview_may_begin_later(source: Path, tmp_path: Path) -> None:
    left = part(source, tmp_path, start_s=1.0, first_s=2.0).read()[0]
    assert left.shape == (2 * RATE_HZ,)
    np.testing.assert_allclose(left[: RATE_HZ // 2], (1.0 + np.arange(RATE_HZ // 2) / RATE_HZ) / SECONDS, atol=1e-6)
    assert left[-1] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("start_s", [4.0, 3600])
def test_a_start_after_its_end_says_how_long_the_file_is(source: Path, tmp_path: Path, start_s: float) -> None:
    with pytest.raises(UnusableAudio, match=r"4\.00 s long"):
        part(source, tmp_path, start_s=start_s)
    assert not list(tmp_path.glob("*.f32"))


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"start_s": -1}, "start_s"),
        ({"start_s": "1"}, "start_s"),
        ({"start_s": float("nan")}, "start_s"),
        ({"start_s": 1e9}, "start_s"),
        ({"end_s": 0}, "end_s"),
        ({"end_s": float("inf")}, "end_s"),
        ({"start_s": 2.0, "end_s": 2.0}, "end_s"),
        ({"start_s": 2.0, "end_s": 1.0}, "end_s"),
        ({"first_s": 1.0, "end_s": 1.0}, "end_s"),
    ],
)
def test_what_is_no_part_is_refused(source: Path, tmp_path: Path, params: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as told:
        part(source, tmp_path, **params)
    assert told.value.field == field
