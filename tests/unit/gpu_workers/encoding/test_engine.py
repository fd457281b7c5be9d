from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gpu_workers.audio.decode import decode
from gpu_workers.encoding.engine import create
from patchbay.domain.errors import InvalidInput, TaskCancelled, UnusableAudio
from patchbay.domain.formats import FORMATS, MEDIA_TYPES
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask, ModelFiles

FRAMES = 96_000


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "in.wav"
    t = np.arange(FRAMES) / 96_000
    soundfile.write(path, np.stack([np.sin(2000 * t), np.sin(3000 * t)], axis=1) * 0.3, 96_000, "PCM_24")
    return path


def run(work: Path, *sources: Path, **params: Any) -> list[EngineOutput]:
    engine = create()
    engine.load(ModelFiles("encoder", "1"))
    inputs = [EngineInput(f"part{number}", path) for number, path in enumerate(sources)]
    return list(engine.run(EngineTask(inputs, params, work)))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(source: Path, tmp_path: Path, name: str) -> None:
    (output,) = run(tmp_path, source, format=name)
    assert (output.name, output.path) == ("part0", tmp_path / f"part0.{name}")
    assert output.media_type == MEDIA_TYPES[name]
    assert output.path is not None
    decoded = decode(output.path, tmp_path / "d.f32")
    # mp3 and opus end at 48 kHz, the others keep the 96 kHz of the upload
    assert decoded.sample_rate_hz == (48_000 if name in ("mp3", "opus") else 96_000)
    assert decoded.duration_s == pytest.approx(1.0, abs=0.001)


def test_several_inputs_keep_their_names(source: Path, tmp_path: Path) -> None:
    outputs = run(tmp_path, source, source, format="flac", sample_rate_hz=44100, channels=1, bit_depth=24)
    assert [output.name for output in outputs] == ["part0", "part1"]
    info = soundfile.info(outputs[1].path)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (44100, 1, "PCM_24", 44100)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".flac", ".flac"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "format"),
        ({"format": "exe"}, "format"),
        ({"format": "mp3", "sample_rate_hz": 96_000}, "sample_rate_hz"),
        ({"format": "wav", "sample_rate_hz": 1}, "sample_rate_hz"),
        ({"format": "wav", "sample_rate_hz": "44100"}, "sample_rate_hz"),
        ({"format": "flac", "bit_depth": 32}, "bit_depth"),
        ({"format": "mp3", "bit_depth": 16}, "bit_depth"),
        ({"format": "wav", "bitrate_kbps": 128}, "bitrate_kbps"),
        ({"format": "mp3", "bitrate_kbps": 1000}, "bitrate_kbps"),
        ({"format": "wav", "channels": 6}, "channels"),
        ({"format": "wav", "channels": True}, "channels"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    source: Path, tmp_path: Path, params: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(tmp_path, source, **params)
    assert caught.value.field == field


def test_rubbish_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("words")
    with pytest.raises(UnusableAudio):
        run(tmp_path, tmp_path / "in.txt", format="wav")


def test_progress_rises_to_one_and_may_cancel(source: Path, tmp_path: Path) -> None:
    seen: list[float] = []
    task = EngineTask([EngineInput("a", source), EngineInput("b", source)], {"format": "wav"}, tmp_path, seen.append)
    create().run(task)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def cancel(done: float) -> None:
        raise TaskCancelled("gone")

    with pytest.raises(TaskCancelled):
        create().run(EngineTask(task.inputs, task.params, tmp_path, cancel))
    assert not list(tmp_path.glob("*.f32"))
