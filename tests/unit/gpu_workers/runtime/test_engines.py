"""Finding engines: only by the folders that are there; loading them once."""

import sys

import pytest

from gpu_workers.runtime import engines
from gpu_workers.runtime.engines import Rack
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.steps import Step
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles


def step(engine: str = "separation", model: str = "") -> Step:
    return Step(
        tenant_id="t",
        job_id="j",
        index=0,
        name="s",
        engine=engine,
        model=model,
        compute="gpu",
        fingerprint="f",
        timeout_s=1,
    )


class Loading:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.loaded: list[str] = []

    def load(self, model: ModelFiles) -> None:
        self.loaded.append(model.name)
        if self.error:
            raise self.error

    def run(self, task: EngineTask) -> list[EngineOutput]:
        return []


def no_weights(engine: str, name: str, version: str) -> ModelFiles:
    return ModelFiles(name, version)


def test_every_engine_folder_is_found_and_nothing_else() -> None:
    assert {"separation", "encoding"} <= engines.names()
    assert not {"runtime", "audio"} & engines.names()


@pytest.mark.parametrize(
    "name", ["", "os", "audio", "runtime", "../separation", "separation.engine", "separation/../x"]
)
def test_what_is_no_engine_folder_is_never_imported(name: str) -> None:
    before = set(sys.modules)
    with pytest.raises(LookupError, match="no engine"):
        engines.create(name)
    assert not [module for module in set(sys.modules) - before if module.startswith("gpu_workers")]


def test_a_model_goes_to_the_engine_that_is_there_already() -> None:
    made: list[Loading] = []

    def make(name: str) -> Loading:
        made.append(Loading())
        return made[-1]

    rack = Rack(no_weights, make)
    assert rack.ready(step(model="a")) is rack.ready(step(model="b")) is made[0]
    assert made[0].loaded == ["a", "b"]


def test_an_engine_without_a_model_is_told_its_own_name() -> None:
    engine = Loading()
    Rack(no_weights, lambda name: engine).ready(step("encoding"))
    assert engine.loaded == ["encoding"]


def test_an_engine_whose_loading_broke_is_not_kept() -> None:
    made: list[Loading] = []

    def make(name: str) -> Loading:
        made.append(Loading(RuntimeError("half loaded") if not made else None))
        return made[-1]

    rack = Rack(no_weights, make)
    with pytest.raises(RuntimeError):
        rack.ready(step())
    rack.ready(step())
    assert len(made) == 2


def test_missing_weights_leave_the_engine_in_place() -> None:
    made: list[Loading] = []

    def make(name: str) -> Loading:
        made.append(Loading(ModelUnavailable("gone")))
        return made[-1]

    rack = Rack(no_weights, make)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            rack.ready(step())
    assert len(made) == 1
