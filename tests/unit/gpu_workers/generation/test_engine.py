"""From files beside other weights to a track: the way that a worker takes."""

import shutil
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu_workers.audio.encode import write_wav
from gpu_workers.audio.files import Samples
from gpu_workers.generation import engine as module
from gpu_workers.generation import level, windows
from gpu_workers.generation.engine import GenerationEngine, create
from gpu_workers.runtime.engines import Rack
from gpu_workers.runtime.weights import Weights
from patchbay.catalog import workflows
from patchbay.catalog.models import MODELS, Shelf
from patchbay.domain.errors import InvalidInput, ModelUnavailable, TaskCancelled, Unavailable, UnusableAudio
from patchbay.domain.steps import Step
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask
from tests.unit.gpu_workers.generation import tiny

INSTALLED = ("musicgen-small", "musicgen-stereo-small", "musicgen-melody")


@pytest.fixture
def place(text_files: Path, stereo_files: Path, melody_files: Path, tmp_path: Path) -> Path:
    """The place of all weights, as an operator fills it."""
    made = tmp_path / "weights"
    for name, files in zip(INSTALLED, (text_files, stereo_files, melody_files), strict=True):
        shutil.copytree(files, made / name)
    return made


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of four seconds, half of which begins the next."""
    monkeypatch.setattr(windows, "WINDOW_S", 4)
    monkeypatch.setattr(windows, "OVERLAP_S", 2)


@pytest.fixture
def rack(place: Path, tmp_path: Path) -> Rack:
    def fetch(name: str, target: Path) -> None:
        shutil.copyfile(place / name, target)

    return Rack(Weights(fetch, tmp_path / "cache").files)


def step(model: str, *, melody: bool = False, **params: Any) -> Step:
    """As the pipeline plans it."""
    workflow = workflows.get("generate")
    given = workflow.parse({"model": model, "prompt": "calm piano", "duration_s": 2, "seed": 1, **params})
    spec, *_ = workflow.steps(given, Shelf(INSTALLED, allow_research=True), has_input=melody)
    return Step(
        tenant_id="t", job_id="j", index=0, name=spec.name, engine=spec.engine, model=spec.model,
        model_version=MODELS[spec.model].version, compute=spec.compute, params=dict(spec.params), fingerprint="f",
        timeout_s=spec.timeout_s,
    )  # fmt: skip


class Ordered:
    """Runs steps as a worker does, each in a folder of its own."""

    def __init__(self, rack: Rack, folder: Path) -> None:
        self._rack, self._folder, self._runs = rack, folder, 0

    def __call__(
        self, asked: Step, melody: Path | None = None, progress: Callable[[float], None] = lambda done: None
    ) -> Sequence[EngineOutput]:
        self._runs += 1
        work = self._folder / f"work-{self._runs}"
        work.mkdir()
        inputs = [EngineInput("input", melody)] if melody else []
        return self._rack.ready(asked).run(EngineTask(inputs, asked.params, work, progress))

    def heard(self, asked: Step, melody: Path | None = None) -> Samples:
        """The only output, (channels, frames)."""
        (output,) = self(asked, melody)
        assert (output.name, output.media_type) == ("track", "audio/wav")
        return samples(output)


@pytest.fixture
def run(rack: Rack, tmp_path: Path) -> Ordered:
    return Ordered(rack, tmp_path)


def samples(output: EngineOutput) -> Samples:
    assert output.path is not None
    with wave.open(str(output.path)) as file:
        assert (file.getsampwidth(), file.getframerate()) == (3, tiny.RATE_HZ)
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, file.getnchannels(), 3)
    wide = np.concatenate([np.zeros_like(data[..., :1]), data], axis=2).view("<i4")[..., 0]
    scaled: Samples = (wide.T / 2.0**31).astype(np.float32)
    return scaled


def tone(path: Path, hz: float, seconds: float = 3.0, channels: int = 2) -> Path:
    n = np.arange(round(seconds * 44_100))
    write_wav(path, np.tile(0.5 * np.sin(2 * np.pi * hz * n / 44_100), (channels, 1)).astype(np.float32), 44_100)
    return path


@pytest.mark.parametrize(("name", "channels"), [("musicgen-small", 1), ("musicgen-stereo-small", 2)])
@pytest.mark.parametrize("seconds", [1, 2.0337, 3.00013])
def test_a_track_is_as_long_as_asked_to_the_sample(run: Ordered, name: str, channels: int, seconds: float) -> None:
    heard = run.heard(step(name, duration_s=seconds))
    assert heard.shape == (channels, round(seconds * tiny.RATE_HZ))


@pytest.mark.usefixtures("short_windows")
def test_a_long_track_goes_on_where_a_window_ends(run: Ordered) -> None:
    heard = run.heard(step("musicgen-small", duration_s=9.123))
    assert heard.shape == (1, round(9.123 * tiny.RATE_HZ))
    second = tiny.RATE_HZ
    levels = [float(np.sqrt(np.mean(heard[0, at * second : (at + 1) * second] ** 2))) for at in range(9)]
    assert min(levels) > 0.1 * max(levels), "there is music in every second"
    one_window = run.heard(step("musicgen-small", duration_s=4))[0, second : 2 * second]
    same = heard[0, second : 2 * second]
    assert same / same.std() == pytest.approx(one_window / one_window.std(), abs=1e-3), "but for its level"


@pytest.mark.usefixtures("short_windows")
def test_the_same_order_gives_the_same_bytes_in_any_worker(run: Ordered, rack: Rack) -> None:
    asked = step("musicgen-small", duration_s=5)
    first, other = run.heard(asked), run.heard(step("musicgen-small", duration_s=5, seed=2))
    rack.drop("generation")
    assert first.tobytes() == run.heard(asked).tobytes()
    assert first.tobytes() != other.tobytes()


def test_it_is_as_loud_as_others_and_never_clipped(run: Ordered) -> None:
    heard = run.heard(step("musicgen-small", duration_s=5))
    peak, loudness = level.true_peak(heard, tiny.RATE_HZ), level.integrated(heard, tiny.RATE_HZ)
    assert peak <= 10 ** (level.CEILING_DBTP / 20) * 1.001
    assert loudness is not None
    assert loudness == pytest.approx(level.TARGET_LUFS, abs=0.1) or peak > 0.85


class TestMelody:
    def test_a_melody_is_followed(self, run: Ordered, tmp_path: Path) -> None:
        asked = step("musicgen-melody", melody=True)
        low, high = tone(tmp_path / "low.wav", 261.6), tone(tmp_path / "high.wav", 370.0, channels=1)
        heard = run.heard(asked, low)
        assert heard.shape == (1, 16_000)
        assert heard.tobytes() != run.heard(asked, high).tobytes()

    @pytest.mark.usefixtures("short_windows")
    def test_a_melody_shorter_than_the_track(self, run: Ordered, tmp_path: Path) -> None:
        heard = run.heard(step("musicgen-melody", melody=True, duration_s=7), tone(tmp_path / "in.wav", 440, 0.3))
        assert heard.shape == (1, 7 * tiny.RATE_HZ)

    def test_words_alone_do_too(self, run: Ordered) -> None:
        assert run.heard(step("musicgen-melody")).shape == (1, 16_000)

    def test_silence_is_refused(self, run: Ordered, tmp_path: Path) -> None:
        silent = tmp_path / "silent.wav"
        write_wav(silent, np.zeros((1, 44_100), np.float32), 44_100)
        with pytest.raises(UnusableAudio, match="silent"):
            run(step("musicgen-melody", melody=True), silent)

    def test_a_model_without_melodies_says_so(self, run: Ordered, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="takes no melody") as caught:
            run(step("musicgen-small"), tone(tmp_path / "in.wav", 440))
        assert caught.value.field == "input"


@pytest.mark.usefixtures("short_windows")
class TestUnderWay:
    def test_progress_goes_up_with_the_tokens(self, run: Ordered) -> None:
        told: list[float] = []
        run(step("musicgen-small", duration_s=9), progress=told.append)
        assert (told[0], told[-1]) == (0.0, 1.0)
        assert told == sorted(told)
        assert len(set(told)) > 90, "10 steps a second"

    @pytest.mark.parametrize("at", [0.3, 0.9])
    def test_cancelled_in_the_middle_it_ends_there(self, run: Ordered, tmp_path: Path, at: float) -> None:
        told: list[float] = []

        def cancel(done: float) -> None:
            told.append(done)
            if done >= at:
                raise TaskCancelled("nobody wants it")

        asked = step("musicgen-small", duration_s=9)
        with pytest.raises(TaskCancelled):
            run(asked, progress=cancel)
        assert at <= told[-1] < at + 0.03
        assert not list(tmp_path.glob("work-*/*.wav"))
        assert run.heard(replace_params(asked, duration_s=1)).shape == (1, 8000)

    def test_memory_that_is_out_is_raised_as_that(self, run: Ordered, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise MemoryError

        monkeypatch.setattr(module, "_piece", full)
        with pytest.raises(MemoryError):
            run(step("musicgen-small"))


def replace_params(asked: Step, **changes: Any) -> Step:
    return asked.model_copy(update={"params": {**asked.params, **changes}})


class TestLoading:
    def test_one_model_takes_the_place_of_another(self, rack: Rack) -> None:
        small, stereo = step("musicgen-small"), step("musicgen-stereo-small")
        engine = rack.ready(small)
        assert isinstance(engine, GenerationEngine)
        first = engine._model
        assert rack.ready(small) is engine
        assert engine._model is first, "loaded once"
        assert rack.ready(stereo) is engine
        assert engine._model is not None
        assert engine._model.channels == 2

    def test_a_damaged_file_is_named_and_another_model_loaded_after_it(self, rack: Rack, place: Path) -> None:
        path = place / "musicgen-small" / "config.json"
        path.write_text(path.read_text().replace('"t5"', '"t6"'))
        with pytest.raises(ModelUnavailable, match="text_encoder is no t5"):
            rack.ready(step("musicgen-small"))
        assert isinstance(rack.ready(step("musicgen-melody")), GenerationEngine)

    def test_a_missing_file_is_named(self, rack: Rack, place: Path) -> None:
        (place / "musicgen-small" / "model.safetensors").unlink()
        with pytest.raises(Unavailable, match=r"'model\.safetensors' of model 'musicgen-small' is not installed"):
            rack.ready(step("musicgen-small"))

    def test_another_release_of_the_model_is_left_to_another_worker(self, rack: Rack) -> None:
        with pytest.raises(Unavailable):
            rack.ready(step("musicgen-small").model_copy(update={"model_version": "0.9"}))

    def test_nothing_is_loaded(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnavailable, match="no generation model"):
            create().run(EngineTask([], tiny.PARAMS, tmp_path))

    def test_the_catalogue_asks_for_data_alone(self) -> None:
        ours = [model for model in MODELS.values() if model.engine == "generation"]
        assert len(ours) == 6
        for model in ours:
            assert set(model.files) == {"config.json", "tokenizer.json", "model.safetensors"}
            assert not model.commercial_use
