from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.rendering.material import Cut, Material
from tests.unit.gpu_workers.audio.tones import raw_file, tones

within = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


@given(begin=st.integers(0, 50), start=st.integers(0, 30), count=st.integers(1, 20), backwards=st.booleans())
@within
def test_frames_are_those_of_the_cut(tmp_path: Path, begin: int, start: int, count: int, backwards: bool) -> None:
    samples = tones(100)
    source = raw_file(tmp_path / "source.f32", samples)
    out = np.full((count, 2), 7, np.float32)
    Material(source.path, 2, begin, 50).read_into(out, start, backwards=backwards)
    cut = samples.T[begin : begin + 50]
    np.testing.assert_array_equal(out, (cut[::-1] if backwards else cut)[start : start + count])


def test_mono_is_doubled(tmp_path: Path) -> None:
    samples = tones(30, channels=1)
    source = raw_file(tmp_path / "source.f32", samples)
    out = np.zeros((10, 2), np.float32)
    Material.plain(Cut(source.path, 1, 5, 25, 1.0, 1.0)).read_into(out, 3, backwards=False)
    np.testing.assert_array_equal(out, np.repeat(samples[0, 8:18, None], 2, axis=1))


def test_a_file_that_ends_too_soon_is_an_error(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(30))
    with pytest.raises(OSError, match="shorter"):
        Material(source.path, 2, 0, 100).read_into(np.zeros((50, 2), np.float32), 0, backwards=False)
