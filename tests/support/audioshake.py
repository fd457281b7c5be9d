"""What the tests of the AudioShake dialect share."""

from pathlib import PurePath
from typing import Any

import httpx

from patchbay.catalog import workflows
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.domain.jobs import Job, Output
from patchbay.domain.steps import Step
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import World

DETECTED = b'[{"start_time": 20.0, "end_time": 30.0, "confidence": 0.179}]'


class _NoParams(Params):
    """Nothing to choose."""


DETECTION = Workflow(
    slug="music-detection",
    name="Music Detection",
    description="Where music is.",
    params=_NoParams,
    plan=lambda params, shelf: (StepSpec("detect", "analysis", "cpu", ("music_detection.json",)),),
)


def with_detection() -> dict[str, Workflow]:
    """The catalogue with a detector of music, whether it has one or not."""
    return {**workflows.workflows(), DETECTION.slug: DETECTION}


def send(api: Api, path: str, data: bytes = GOOD, /, name: str = "song.mp3", **headers: str) -> Answer:
    """Post a file as the vendor's clients do."""
    form = httpx.Request("POST", "https://x/", files={"file": (name, data, "audio/mpeg")})
    return api.call("POST", path, headers={"content-type": form.headers["content-type"], **headers}, body=form.read())


def posted(api: Api, path: str, given: object, **headers: str) -> Any:
    """What a POST that must succeed answers."""
    answer = api.post(path, given, **headers)
    assert answer.status == 200, answer.text
    return answer.json()


def carry_out(world: World, job: Job) -> Job:
    """Plan a job and do its steps as the engines would, each output a small object. Counts nothing that is reused."""
    services = world.services
    for planned in services.pipeline.plan(job.tenant_id, job.id):
        services.pipeline.dispatch(job.tenant_id, job.id, planned.step, f"token-{job.id}-{planned.step}")
        message = world.queues.sent[-1][1]
        _, step = services.tasks.lease(message, "worker")
        assert step is not None
        outputs = [_output(world, step, name) for name in _names(step)]
        services.tasks.complete(message, step, outputs, 1.0)
    services.pipeline.finish(job.tenant_id, job.id)
    return services.jobs.get(job.tenant_id, job.id)


def told(answer: Answer, status: int, code: str, field: str | None = None) -> str:
    """Check an error's form; returns its message."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"statusCode", "error", "message", "code"} | ({"field"} if field else set()), body
    assert (body["statusCode"], body["code"], body.get("field")) == (status, code, field)
    assert body["error"]
    assert body["message"]
    return str(body["message"])


def _names(step: Step) -> list[str]:
    if step.engine == "analysis":
        return ["music_detection.json"]
    if step.engine == "encoding":
        return [f"{given.name}.{step.params['format']}" for given in step.inputs]
    return [str(name) for name in step.params["stems"]]


def _output(world: World, step: Step, name: str) -> Output:
    ending = PurePath(name).suffix or ".wav"
    key = world.services.tasks.output_key(step, PurePath(name).stem + ending, "0" * 64)
    media_type = "application/json" if ending == ".json" else "audio/mpeg" if ending == ".mp3" else "audio/wav"
    data = DETECTED if ending == ".json" else GOOD
    world.objects.put(key, data, media_type)
    return Output(name=name, key=key, media_type=media_type, size_bytes=len(data))
