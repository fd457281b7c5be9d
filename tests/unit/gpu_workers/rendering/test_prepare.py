import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from gpu_workers.audio.stretch import SETTINGS, stretched_blocks
from gpu_workers.rendering.material import Cut, Material
from gpu_workers.rendering.prepare import prepare
from patchbay.domain.errors import InvalidInput, TaskCancelled
from tests.unit.gpu_workers.audio.tones import RATE_HZ, raw_file, tones

pytestmark = pytest.mark.slow


def stretchers() -> list[psutil.Process]:
    """This process's children that stretch; other tests leave others."""
    return [child for child in psutil.Process().children() if "stretch_child" in " ".join(child.cmdline())]


def test_plain_cuts_cost_nothing(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(5000))
    cut = Cut(source.path, 2, 1000, 500, 500, 1.0)
    assert prepare([cut], RATE_HZ, "draft", tmp_path, lambda done: None) == {cut: Material(source.path, 2, 1000, 500)}
    assert list(tmp_path.iterdir()) == [source.path]


def test_others_are_stretched_by_other_processes(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(40_000, channels=1))
    made = [Cut(source.path, 1, 3000, 20_000, frames, pitch) for frames, pitch in ((30_000, 1.0), (20_000, 1.5))]
    told: list[float] = []
    ready = prepare(made, RATE_HZ, "standard", tmp_path, told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    for cut in made:
        blocks = stretched_blocks(source, cut.begin, cut.count, cut.frames, cut.pitch, SETTINGS["standard"])
        wanted = np.concatenate(list(blocks), axis=1)[0]
        np.testing.assert_array_equal(np.fromfile(ready[cut].path, "<f4"), wanted)
    assert not stretchers()


def test_stopping_ends_the_processes(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(RATE_HZ * 50))

    def cancel(done: float) -> None:
        if stretchers():
            raise TaskCancelled("enough")

    began = time.monotonic()
    with pytest.raises(TaskCancelled):
        prepare([Cut(source.path, 2, 0, source.frames, source.frames, 1.3)], RATE_HZ, "high", tmp_path, cancel)
    assert time.monotonic() - began < 5
    assert not stretchers()


def test_too_much_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    hours = [Cut(tmp_path / "source.f32", 2, k, 3600 * RATE_HZ, 3600 * RATE_HZ, 1.5) for k in range(13)]
    with pytest.raises(InvalidInput, match=r"13\.0 hours together") as caught:
        prepare(hours, RATE_HZ, "draft", tmp_path, lambda done: None)
    assert caught.value.field == "arrangement.tracks"


def test_a_process_that_fails_is_no_silent_gap(tmp_path: Path) -> None:
    gone = Cut(tmp_path / "gone.f32", 2, 0, 100, 200, 1.0)
    with pytest.raises(RuntimeError, match="stretches audio"):
        prepare([gone], RATE_HZ, "draft", tmp_path, lambda done: None)
    assert not stretchers()
