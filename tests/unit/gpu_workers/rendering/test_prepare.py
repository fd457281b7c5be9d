import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.stretch import SETTINGS, stretched_blocks
from gpu_workers.rendering import prepare as module
from gpu_workers.rendering.material import Cut, Material
from gpu_workers.rendering.prepare import prepare
from patchbay.domain.errors import InvalidInput, TaskCancelled
from tests.unit.gpu_workers.audio.tones import RATE_HZ, raw_file, tones

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 2)


def some(source: AudioFile) -> list[Cut]:
    return [Cut(source.path, 1, 3000, 20_000, speed, pitch) for speed, pitch in ((2 / 3, 1.0), (1.0, 1.5))]


def wanted(source: AudioFile, cut: Cut) -> Samples:
    blocks = stretched_blocks(source, cut.begin, cut.count, cut.frames, cut.pitch, SETTINGS["standard"])
    whole: Samples = np.concatenate(list(blocks), axis=1)[0]
    return whole


def stretchers() -> list[psutil.Process]:
    """This process's children that stretch; other tests leave others."""
    return [child for child in psutil.Process().children() if "stretch_child" in " ".join(child.cmdline())]


def test_plain_cuts_cost_nothing(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(5000))
    cut = Cut(source.path, 2, 1000, 500, 1.0, 1.0)
    assert prepare([cut], RATE_HZ, "draft", tmp_path, lambda done: None) == {cut: Material(source.path, 2, 1000, 500)}
    assert list(tmp_path.iterdir()) == [source.path]


def test_others_are_stretched_by_other_processes(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(40_000, channels=1))
    made = some(source)
    told: list[float] = []
    ready = prepare(made, RATE_HZ, "standard", tmp_path, told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    for cut in made:
        np.testing.assert_array_equal(np.fromfile(ready[cut].path, "<f4"), wanted(source, cut))
    assert not stretchers()


def test_on_one_core_no_other_process_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 1)
    source = raw_file(tmp_path / "source.f32", tones(40_000, channels=1))
    seen: list[psutil.Process] = []
    ready = prepare(some(source), RATE_HZ, "standard", tmp_path, lambda _: seen.extend(stretchers()))
    assert not seen
    for cut in some(source):
        np.testing.assert_array_equal(np.fromfile(ready[cut].path, "<f4"), wanted(source, cut))


def test_on_one_core_it_can_be_stopped_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 1)
    source = raw_file(tmp_path / "source.f32", tones(RATE_HZ * 3))
    many = [Cut(source.path, 2, begin, RATE_HZ * 2, 1.0, 1.3) for begin in range(400)]

    def cancel(done: float) -> None:
        if done > 0:
            raise TaskCancelled("enough")

    with pytest.raises(TaskCancelled):
        prepare(many, RATE_HZ, "draft", tmp_path, cancel)
    assert len(list(tmp_path.glob("stretched-*"))) < len(many)


def test_stopping_ends_the_processes(tmp_path: Path) -> None:
    source = raw_file(tmp_path / "source.f32", tones(RATE_HZ * 50))

    def cancel(done: float) -> None:
        if stretchers():
            raise TaskCancelled("enough")

    began = time.monotonic()
    with pytest.raises(TaskCancelled):
        prepare([Cut(source.path, 2, 0, source.frames, 1.0, 1.3)], RATE_HZ, "high", tmp_path, cancel)
    assert time.monotonic() - began < 5
    assert not stretchers()


def test_too_much_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    hours = [Cut(tmp_path / "source.f32", 2, k, 3600 * RATE_HZ, 1.0, 1.5) for k in range(13)]
    with pytest.raises(InvalidInput, match=r"13\.0 hours together") as caught:
        prepare(hours, RATE_HZ, "draft", tmp_path, lambda done: None)
    assert caught.value.field == "arrangement.tracks"


def test_a_process_that_fails_is_no_silent_gap(tmp_path: Path) -> None:
    gone = Cut(tmp_path / "gone.f32", 2, 0, 100, 0.5, 1.0)
    with pytest.raises(RuntimeError, match="stretches audio"):
        prepare([gone], RATE_HZ, "draft", tmp_path, lambda done: None)
    assert not stretchers()
