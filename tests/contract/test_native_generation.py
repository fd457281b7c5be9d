"""Music ordered through Patchbay's own API, and made by the real worker and engines on a small random model."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from functions.dialects.native.schemas import catalogue
from functions.dialects.native.schemas import jobs as schemas
from gpu_workers.audio.encode import write_wav
from gpu_workers.runtime.engines import Rack
from gpu_workers.runtime.hand import Desk
from gpu_workers.runtime.timing import Timing
from gpu_workers.runtime.weights import Weights
from gpu_workers.runtime.worker import Worker
from patchbay.catalog.models import Shelf
from patchbay.domain.tasks import ComputeClass
from tests.contract.test_native import BASE, fits, told
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World

JOBS = f"{BASE}/jobs"
INSTALLED = ("musicgen-small", "musicgen-melody")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.unit.gpu_workers.generation import tiny

    place = tmp_path_factory.mktemp("weights")
    for name in INSTALLED:
        tiny.save(place / name, melody=name == "musicgen-melody")
    return place


def serve(world: World, *names: str, allowed: bool = True) -> None:
    """These models are installed from now on."""
    world.services.__dict__["shelf"] = Shelf(names, allow_research=allowed)


class Machines:
    """One worker of each class, as in a deployment."""

    def __init__(self, world: World, weights: Path, root: Path) -> None:
        self._world = world

        def fetch(name: str, target: Path) -> None:
            shutil.copyfile(weights / name, target)

        files = Weights(fetch, root / "cache").files
        classes: tuple[ComputeClass, ...] = ("gpu", "cpu")
        self._workers: dict[str, Worker] = {name: self._worker(name, Rack(files), root) for name in classes}

    def _worker(self, compute: ComputeClass, rack: Rack, root: Path) -> Worker:
        services = self._world.services
        desk = Desk(compute, f"{compute}-1", services.tasks, self._world.queues, Timing(), lambda: None)
        return Worker(desk, self._world.objects, rack, root)

    def carry_out(self, tenant: Tenant, job_id: str) -> None:
        """What the state machine does with a job."""
        pipeline = self._world.services.pipeline
        for planned in pipeline.plan(tenant.id, job_id):
            pipeline.dispatch(tenant.id, job_id, planned.step, f"token-{job_id}-{planned.step}")
            self._workers[planned.compute].run(idle_s=0, once=True)
        pipeline.finish(tenant.id, job_id)


@pytest.fixture
def machines(world: World, weights: Path, tmp_path: Path) -> Machines:
    return Machines(world, weights, tmp_path)


def result(native: Api, world: World, ada: Tenant, machines: Machines, order: dict[str, Any]) -> dict[str, Any]:
    made = fits(schemas.Job, native.post(JOBS, {"workflow": "generate", **order}))
    machines.carry_out(ada, made["id"])
    done = fits(schemas.Job, native.get(f"{JOBS}/{made['id']}"))
    assert done["failure"] is None
    assert (done["state"], done["progress"]) == ("succeeded", 1.0)
    return done


def audio(world: World, done: dict[str, Any], name: str) -> tuple[Any, int]:
    steps = world.services.pipeline.steps(done["id"])
    (key,) = (output.key for step in steps for output in step.outputs if output.name == name)
    assert key is not None
    sound, rate_hz = soundfile.read(io.BytesIO(world.objects.stored[key][0]))
    return sound, int(rate_hz)


def test_words_become_a_track(native: Api, world: World, ada: Tenant, machines: Machines) -> None:
    serve(world, *INSTALLED)
    params = {"prompt": "calm piano", "model": "musicgen-small", "duration_s": 2, "formats": ["wav", "flac"]}
    done = result(native, world, ada, machines, {"params": params})
    assert [output["name"] for output in done["outputs"]] == ["track.wav", "track.flac"]
    steps = [(step["name"], step["model"], step["compute"]) for step in done["steps"]]
    assert steps == [("generate", "musicgen-small", "gpu"), ("encode-wav", None, "cpu"), ("encode-flac", None, "cpu")]
    sound, rate_hz = audio(world, done, "track.wav")
    assert (sound.shape, rate_hz) == ((16_000,), 8000)
    assert sound.any()
    again = result(native, world, ada, machines, {"params": {**params, "formats": ["mp3"]}})
    assert [step["reused"] for step in again["steps"]] == [True, False], "only the format is new"


def test_a_melody_is_the_jobs_input(native: Api, world: World, ada: Tenant, machines: Machines, tmp_path: Path) -> None:
    serve(world, *INSTALLED)
    tune = tmp_path / "tune.wav"
    n = np.arange(44_100)
    write_wav(tune, 0.5 * np.sin(2 * np.pi * 440 * n / 44_100)[None].astype(np.float32), 44_100)
    asset = {"asset_id": world.upload(ada, tune.read_bytes()).id}
    given = {"params": {"duration_s": 1, "formats": ["wav"]}, "input": asset}
    done = result(native, world, ada, machines, given)
    assert done["steps"][0]["model"] == "musicgen-melody"
    sound, _ = audio(world, done, "track.wav")
    assert sound.shape == (8000,)


def test_the_composer_makes_it_where_nothing_is_installed(
    native: Api, world: World, ada: Tenant, machines: Machines
) -> None:
    params = {"prompt": "5 seconds of calm ambient piano", "formats": ["wav"]}
    done = result(native, world, ada, machines, {"params": params})
    assert (done["steps"][0]["model"], done["steps"][0]["compute"]) == ("patchbay-composer", "cpu")
    values = {output["name"]: output["value"] for output in done["outputs"] if output["value"] is not None}
    assert values.keys() == {"key", "bpm", "instruments"}
    sound, rate_hz = audio(world, done, "track.wav")
    assert len(sound) == 5 * rate_hz


class TestRefusedAtOnce:
    def test_a_licence_that_is_not_allowed(self, native: Api, world: World) -> None:
        serve(world, *INSTALLED, allowed=False)
        order = {"workflow": "generate", "params": {"model": "musicgen-small"}}
        body = told(native.post(JOBS, order), 400, "invalid-input", "params.model")
        assert "CC-BY-NC-4.0" in body["detail"]
        assert "served here: patchbay-composer" in body["detail"]

    def test_weights_that_are_not_installed(self, native: Api, world: World) -> None:
        serve(world, "musicgen-small")
        order = {"workflow": "generate", "params": {"model": "musicgen-medium"}}
        body = told(native.post(JOBS, order), 400, "invalid-input", "params.model")
        assert "served here: patchbay-composer, musicgen-small" in body["detail"]

    def test_a_melody_that_nobody_follows(self, native: Api, world: World, ada: Tenant) -> None:
        asset = {"asset_id": world.upload(ada).id}
        body = told(native.post(JOBS, {"workflow": "generate", "input": asset}), 400, "invalid-input", "params.model")
        assert "follows a melody" in body["detail"]

    def test_a_prompt_that_says_nothing_of_music(self, native: Api) -> None:
        order = {"workflow": "generate", "params": {"prompt": "xyzzy"}}
        body = told(native.post(JOBS, order), 400, "invalid-input", "params.prompt")
        assert "a prompt can name" in body["detail"]


def test_the_catalogue_tells_generators_from_separators(native: Api, world: World) -> None:
    serve(world, "musicgen-melody")
    models = {model["name"]: model for model in fits(catalogue.ModelPage, native.get(f"{BASE}/models"))["models"]}
    composer, melody, small = (models[name] for name in ("patchbay-composer", "musicgen-melody", "musicgen-small"))
    assert (models["htdemucs"]["kind"], models["htdemucs"]["max_length_s"]) == ("separation", None)
    assert (composer["kind"], composer["commercial_use"], composer["available"]) == ("generation", True, True)
    assert (melody["melody"], melody["commercial_use"], melody["available"]) == (True, False, True)
    assert (small["available"], small["stems"], small["max_length_s"]) == (False, [], 300.0)
    found = fits(catalogue.WorkflowPage, native.get(f"{BASE}/workflows"))["workflows"]
    inputs = {workflow["slug"]: workflow["input"] for workflow in found}
    assert (inputs["generate"], inputs["compose"], inputs["stem-isolation-4"]) == ("optional", "none", "needed")
