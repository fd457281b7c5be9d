"""What every engine must do. Engines are found by their folders; the catalogue's workflows tell what to ask of them."""

import hashlib
import json
import math
import random
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gpu_workers.runtime import engines
from gpu_workers.runtime.engine import Engine
from patchbay.catalog import models, workflows
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import StepSpec
from patchbay.domain.errors import InvalidInput, TaskCancelled, UnusableAudio
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask, ModelFiles
from tests.fakes.errand import FakeErrand
from tests.unit.gpu_workers.video import films

RATE_HZ = 44100
_PARTIALS_HZ = ((110.0, 0.2), (443.0, 0.15), (1330.0, 0.05))


SHORTER: dict[str, dict[str, object]] = {
    "compose": {"duration_s": 5.0, "formats": ["wav"], "stems": True},
    "generate": {"duration_s": 5.0, "formats": ["wav"]},
    "render": {"stems": True},
}
"""Parameters of workflows whose defaults are more work than a test needs, or less than there is to see."""

ARRANGEMENT = "arrangement"
"""The input that is no audio but says what to do with the others."""
SESSION = {
    "tempo_bpm": 120,
    "sources": [{"name": "song"}, {"name": "again", "tempo_bpm": 100}],
    "tracks": [
        {"id": "whole", "clips": [{"id": "a", "source": "song", "start_beats": 1, "pan": 0.5}]},
        {
            "id": "loop",
            "loop_every": "auto",
            "clips": [
                {"id": "b", "source": "again", "start_beats": 0, "speed": "tempo-sync", "cut_end_s": 0.5},
                {"id": "c", "source": "song", "start_beats": 1, "semitones": -5, "reversed": True},
            ],
        },
    ],
}
FILM = "video"
"""The input that has pictures."""
FILES = {"rendering": (ARRANGEMENT, "song", "again"), "video": (FILM, "audio")}
"""Inputs of engines that take any number of files."""

TRAINED = "musicgen-melody"
"""A model that takes weights; small random ones stand in for them."""

RUBBISH = {
    "nothing": b"",
    "text": b"no audio at all" * 100,
    "noise": random.Random(7).randbytes(4096),
    "header": b"RIFF\xff\xff\xff\xffWAVEfmt ",
}


def tone(path: Path, seconds: float) -> None:
    """A stereo WAV file that is no silence: three partials, a click every half second, the channels unlike."""
    samples = array("h")
    for n in range(int(seconds * RATE_HZ)):
        value = sum(gain * math.sin(2 * math.pi * hz * n / RATE_HZ) for hz, gain in _PARTIALS_HZ)
        click = 0.4 * math.exp(-(n % (RATE_HZ // 2)) / 200)
        samples.extend((int(32000 * (value + click)), int(32000 * (0.5 * value + click))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def steps_of_engines() -> Iterator[tuple[str, StepSpec, tuple[str, ...]]]:
    """(name, step, input names) of every step that an engine does in a workflow with its usual parameters."""
    bare, trained = Shelf(()), Shelf((TRAINED,), allow_research=True)
    for slug, workflow in workflows.workflows().items():
        params = workflow.parse(SHORTER.get(slug, {}))
        plans = [(bare, workflow.input == "needed"), *([(trained, True)] if workflow.input == "optional" else [])]
        for shelf, has_input in plans:
            try:
                specs = {spec.name: spec for spec in workflow.steps(params, shelf, has_input=has_input)}
            except InvalidInput:
                continue  # a workflow of one model whose weights are not here
            for spec in specs.values():
                if spec.compute == "light":
                    continue
                if spec.after:
                    names = specs[spec.after].outputs
                elif workflow.input == "files":
                    names = FILES[spec.engine]
                elif not has_input:
                    names = ()
                else:
                    names = spec.outputs[:1] if spec.engine == "encoding" else ("input",)
                yield f"{spec.engine}-{slug}", spec, names


CASES = {name: (spec, names) for name, spec, names in steps_of_engines()}
FIRST = {spec.engine: name for name, (spec, _) in reversed(CASES.items())}


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "tone.wav"
    tone(path, seconds=1.5)
    return path


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[StepSpec], ModelFiles]:
    """The files of a step's model."""
    folder = tmp_path_factory.mktemp("weights")

    def found(spec: StepSpec) -> ModelFiles:
        if not spec.model:
            return ModelFiles(spec.engine, "")
        model = models.get(spec.model)
        if not model.files:
            return ModelFiles(spec.model, model.version)
        if model.embedded:
            return ModelFiles(spec.model, model.version, Path(engines.__file__).parents[1] / model.engine)
        assert spec.model == TRAINED
        if not (folder / "config.json").exists():
            from tests.unit.gpu_workers.generation import tiny  # only where it is needed: it takes seconds

            tiny.save(folder, melody=True)
        return ModelFiles(spec.model, model.version, folder)

    return found


@pytest.fixture(scope="session")
def loaded(model_of: Callable[[StepSpec], ModelFiles]) -> Callable[[StepSpec], Engine]:
    """Engines as a worker keeps them: made once, loaded before each task."""
    kept: dict[str, Engine] = {}

    def ready(spec: StepSpec) -> Engine:
        engine = kept.setdefault(spec.engine, engines.create(spec.engine))
        engine.load(model_of(spec))
        return engine

    return ready


def task(
    case: str, source: Path, folder: Path, progress: Callable[[float], None] = lambda fraction: None
) -> EngineTask:
    spec, names = CASES[case]
    folder.mkdir()
    session = folder.with_suffix(".json")
    session.write_text(json.dumps(SESSION))
    film = folder.with_suffix(".mp4")
    if FILM in names:
        films.make(film, films.Film(pictures=25, clap_s=0.4))
    own = {ARRANGEMENT: session, FILM: film}
    inputs = [EngineInput(name, own.get(name, source)) for name in names]
    return EngineTask(inputs, dict(spec.params), folder, progress, FakeErrand())


def contents(outputs: list[EngineOutput]) -> dict[str, object]:
    return {o.name: hashlib.sha256(o.path.read_bytes()).hexdigest() if o.path else o.value for o in outputs}


def open_things() -> set[str | int]:
    """Files open in this process below a test's folder, and its child processes; not theirs, for one may be a twin."""
    here = psutil.Process()
    return {*(file.path for file in here.open_files() if "pytest" in file.path), *(c.pid for c in here.children())}


def test_every_engine_does_a_step_of_some_workflow() -> None:
    assert set(FIRST) == engines.names()


@pytest.mark.parametrize("case", sorted(CASES))
def test_outputs_are_those_the_catalogue_promises(
    case: str, song: Path, tmp_path: Path, loaded: Callable[[StepSpec], Engine]
) -> None:
    spec, _ = CASES[case]
    work = tmp_path / "work"
    outputs = list(loaded(spec).run(task(case, song, work)))
    assert [o.name for o in outputs] == list(spec.outputs)
    for output in outputs:
        if output.path is not None:
            assert output.path.parent == work
            assert output.path.stat().st_size > 0
            assert "/" in output.media_type


@pytest.mark.parametrize("name", sorted(FIRST))
class TestContract:
    """One workflow's step for each engine."""

    def test_loading_twice_is_loading_once(
        self, name: str, song: Path, tmp_path: Path, loaded: Callable[[StepSpec], Engine]
    ) -> None:
        spec, _ = CASES[FIRST[name]]
        engine = loaded(spec)
        assert loaded(spec) is engine
        assert list(engine.run(task(FIRST[name], song, tmp_path / "work")))

    def test_the_same_task_gives_the_same_bytes(
        self,
        name: str,
        song: Path,
        tmp_path: Path,
        loaded: Callable[[StepSpec], Engine],
        model_of: Callable[[StepSpec], ModelFiles],
    ) -> None:
        spec, _ = CASES[FIRST[name]]
        runs = [
            contents(list(loaded(spec).run(task(FIRST[name], song, tmp_path / folder)))) for folder in ("one", "two")
        ]
        # A fresh engine, as after the crash of a worker.
        fresh = engines.create(name)
        fresh.load(model_of(spec))
        runs.append(contents(list(fresh.run(task(FIRST[name], song, tmp_path / "three")))))
        assert runs[0] == runs[1] == runs[2]

    def test_progress_goes_up_to_the_end(
        self, name: str, song: Path, tmp_path: Path, loaded: Callable[[StepSpec], Engine]
    ) -> None:
        told: list[float] = []
        loaded(CASES[FIRST[name]][0]).run(task(FIRST[name], song, tmp_path / "work", told.append))
        assert told == sorted(told)
        assert told[0] >= 0
        assert told[-1] == 1.0
        assert len(told) > 2

    @pytest.mark.parametrize("at", [0.0, 0.4, 0.9])
    def test_cancelling_leaves_nothing_open(
        self, name: str, at: float, song: Path, tmp_path: Path, loaded: Callable[[StepSpec], Engine]
    ) -> None:
        def cancel(fraction: float) -> None:
            if fraction >= at:
                raise TaskCancelled("nobody wants it")

        before = open_things()
        engine = loaded(CASES[FIRST[name]][0])
        with pytest.raises(TaskCancelled):
            engine.run(task(FIRST[name], song, tmp_path / "work", cancel))
        assert open_things() <= before
        assert list(engine.run(task(FIRST[name], song, tmp_path / "again")))


@pytest.mark.parametrize("name", sorted(name for name, case in FIRST.items() if CASES[case][1]))
@pytest.mark.parametrize("data", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_unusable_audio(
    name: str, data: bytes, tmp_path: Path, loaded: Callable[[StepSpec], Engine]
) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(data)
    before = open_things()
    with pytest.raises(UnusableAudio) as caught:
        loaded(CASES[FIRST[name]][0]).run(task(FIRST[name], rubbish, tmp_path / "work"))
    assert str(tmp_path) not in str(caught.value)
    assert open_things() <= before
