import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from gpu_workers.analysis import engine as engine_module
from gpu_workers.analysis.engine import create, wanted_features
from gpu_workers.audio import mono
from patchbay.domain.errors import InvalidInput, TaskCancelled
from patchbay.domain.features import FEATURES
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask, ModelFiles
from tests.bench.truth import piece

pytestmark = pytest.mark.slow

RATE_HZ = 44100


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    truth = piece(9601, bpm=120, key="A minor", timbre="piano", drums=True, duration_s=16)
    return written(tmp_path_factory.mktemp("in") / "song.wav", truth.samples)


def written(path: Path, samples: npt.NDArray[np.floating], rate_hz: int = RATE_HZ) -> Path:
    soundfile.write(path, samples.T, rate_hz, "FLOAT")
    return path


def run(
    source: Path, work: Path, progress: Callable[[float], None] = lambda fraction: None, **params: Any
) -> list[EngineOutput]:
    engine = create()
    engine.load(ModelFiles("analysis", "1"))
    work.mkdir(exist_ok=True)
    return list(engine.run(EngineTask([EngineInput("input", source)], params, work, progress)))


def content(outputs: list[EngineOutput]) -> Any:
    assert outputs[0].path is not None
    return json.loads(outputs[0].path.read_text())


class TestAnalysis:
    def test_everything_is_found(self, song: Path, tmp_path: Path) -> None:
        outputs = run(song, tmp_path, format="json")
        assert [o.name for o in outputs] == ["analysis", "bpm", "key", "duration_s", "loudness_lufs"]
        assert outputs[0].media_type == "application/json"
        values = {o.name: o.value for o in outputs}
        assert values["key"] == "A minor"
        assert values["duration_s"] == 16
        assert values["loudness_lufs"] == pytest.approx(content(outputs)["loudness"]["integrated_lufs"])
        found = content(outputs)
        assert set(FEATURES) <= set(found)
        assert (found["sample_rate_hz"], found["channels"], found["scale"]) == (RATE_HZ, 2, "minor")
        assert found["key"]["tonic"] == "A"
        assert len(found["peaks"]["min"]) == 1000
        assert len(found["mfcc"]["mean"]) == 20
        assert len(found["chroma"]["series"][0]) == 12
        assert [path.name for path in tmp_path.iterdir()] == ["analysis.json"]

    def test_the_tempo_is_the_value_bpm(self, song: Path, tmp_path: Path) -> None:
        outputs = run(song, tmp_path, features=["tempo", "beats"])
        found = content(outputs)
        assert outputs[1].value == found["tempo"]["bpm"]
        assert found["beats"] == sorted(found["beats"])
        assert outputs[1].value == pytest.approx(120, rel=0.02)

    @pytest.mark.parametrize("feature", FEATURES)
    def test_only_what_is_asked_for_is_there(self, song: Path, tmp_path: Path, feature: str) -> None:
        features = [feature] if feature != "music_detection" else [feature, "peaks"]
        found = content(run(song, tmp_path, features=features))
        always = {"version", "duration_s", "analysed_s", "sample_rate_hz", "channels", "series_step_s"}
        assert set(found) - always == set(features)

    def test_of_a_long_file_the_head_is_analysed_and_all_is_metered(
        self, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mono, "LONGEST_S", 8)
        monkeypatch.setattr(engine_module, "LONGEST_S", 8)
        found = content(run(song, tmp_path, features=["chords", "loudness", "music_detection"]))
        assert (found["duration_s"], found["analysed_s"]) == (16, 8)
        assert found["chords"][-1]["end_s"] == 8
        assert found["music_detection"][-1]["end_time"] > 10


class TestDetection:
    def test_it_is_a_bare_list_of_ranges(self, song: Path, tmp_path: Path) -> None:
        outputs = run(song, tmp_path, features=["music_detection"])
        assert [o.name for o in outputs] == ["music_detection.json"]
        (span,) = content(outputs)
        assert set(span) == {"start_time", "end_time", "confidence"}
        assert span["end_time"] - span["start_time"] > 12
        assert 0.5 < span["confidence"] <= 1


@pytest.mark.parametrize(
    "samples",
    [np.zeros((1, 1)), np.ones((2, 1)), np.full((2, 50), np.nan), np.full((1, 3000), np.inf), np.zeros((2, 30_000))],
    ids=["one", "loud one", "nan", "inf", "silence"],
)
@pytest.mark.parametrize("features", [list(FEATURES), ["music_detection"]], ids=["all", "detection"])
def test_what_holds_nothing_has_nulls(samples: npt.NDArray[np.floating], features: list[str], tmp_path: Path) -> None:
    outputs = run(written(tmp_path / "in.wav", samples), tmp_path / "work", features=features)
    found = content(outputs)
    if features == ["music_detection"]:
        assert found == []
    else:
        assert {o.name: o.value for o in outputs if o.path is None}["bpm"] is None
        assert (found["key"], found["tempo"]["bpm"], found["beats"]) == (None, None, [])


@pytest.mark.parametrize("rate_hz", [1000, 2000, 3000, 3363, 3400, 8000])
def test_a_low_rate_is_analysed_and_metered(rate_hz: int, tmp_path: Path) -> None:
    t = np.arange(4 * rate_hz) / rate_hz
    samples = np.stack([0.5 * np.sin(2 * np.pi * rate_hz / 10 * t), 0.1 * np.cos(2 * np.pi * rate_hz / 7 * t)])
    outputs = run(written(tmp_path / "low.wav", samples, rate_hz), tmp_path / "work")
    found = content(outputs)
    assert set(FEATURES) <= set(found)
    assert (found["sample_rate_hz"], found["duration_s"]) == (rate_hz, 4)
    assert -13 < found["loudness"]["integrated_lufs"] < -8
    assert found["loudness"]["true_peak_dbtp"] == pytest.approx(-6, abs=0.4)
    assert {o.name: o.value for o in outputs}["loudness_lufs"] == found["loudness"]["integrated_lufs"]


class TestParams:
    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"features": ["tempo", "taste"]}, "features"),
            ({"features": "tempo"}, "features"),
            ({"features": [["tempo"]]}, "features"),
            ({"format": "xml"}, "format"),
        ],
    )
    def test_what_is_not_on_offer_is_refused(self, params: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            wanted_features(params)
        assert caught.value.field == field

    def test_without_features_all_are_meant(self) -> None:
        assert wanted_features({}) == wanted_features({"features": []}) == set(FEATURES)

    def test_there_has_to_be_an_input(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput):
            create().run(EngineTask([], {}, tmp_path))


def test_progress_goes_up_and_may_stop_the_work(song: Path, tmp_path: Path) -> None:
    told: list[float] = []
    run(song, tmp_path / "one", told.append, features=["key", "loudness"])
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 5

    def cancel(fraction: float) -> None:
        if fraction > 0.3:
            raise TaskCancelled("nobody wants it")

    with pytest.raises(TaskCancelled):
        run(song, tmp_path / "two", cancel, features=["key"])
    assert list((tmp_path / "two").iterdir()) == []
