"""What the tests of the Beatoven dialect share."""

from typing import Any

from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflows.compose import ComposeParams
from patchbay.domain.jobs import Job, Output
from patchbay.domain.steps import Step
from patchbay.domain.tasks import TaskMessage
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import World

FORM: dict[str, Any] = {
    "duration_ms": 60000,
    "tempo": "medium",
    "title": "demo",
    "genre": "indie",
    "sections": [{"emotion": "happy", "length": 60000, "start": 0}],
}
"""The document's own example."""
TWO: dict[str, Any] = {
    "genre": "pop",
    "duration_ms": 90000,
    "sections": [
        {"emotion": "happy", "start": "0", "length": "30000"},
        {"emotion": "angry", "start": "30000", "length": "60000"},
    ],
}
MEDIA_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "m4a": "audio/mp4", "png": "image/png", "mid": "audio/midi"}


def posted(api: Api, path: str, given: object, **headers: str) -> Any:
    """What a POST that must succeed answers."""
    answer = api.post(path, given, **headers)
    assert answer.status == 200, answer.text
    return answer.json()


def got(api: Api, path: str, *query: tuple[str, str]) -> Any:
    """What a GET that must succeed answers."""
    answer = api.get(path, *query)
    assert answer.status == 200, answer.text
    return answer.json()


def told(answer: Answer, status: int, code: str, field: str | None = None) -> str:
    """Check an error's form; returns its sentence."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"error", "code"} | ({"field"} if field else set()), body
    assert (body["code"], body.get("field")) == (code, field)
    assert body["error"]
    return str(body["error"])


def carry_out(world: World, tenant_id: str, job_id: str) -> Job:
    """Plan a composition and do it as the engine would, each output a small object or value."""
    services = world.services
    message, step = _taken(world, tenant_id, job_id)
    services.tasks.complete(message, step, _outputs(world, step), 1.0)
    services.pipeline.finish(tenant_id, job_id)
    return services.jobs.get(tenant_id, job_id)


def report(world: World, tenant_id: str, job_id: str, share: float) -> None:
    """A worker is at a composition, and has done so much of it, 0 to 1."""
    world.services.tasks.progress(*_taken(world, tenant_id, job_id), share)


def _taken(world: World, tenant_id: str, job_id: str) -> tuple[TaskMessage, Step]:
    """The one task of a composition, in a worker's hands."""
    services = world.services
    (planned,) = services.pipeline.plan(tenant_id, job_id)
    services.pipeline.dispatch(tenant_id, job_id, planned.step, f"token-{job_id}-{planned.step}")
    message = world.queues.sent[-1][1]
    _, step = services.tasks.lease(message, "worker")
    assert step is not None
    return message, step


def _outputs(world: World, step: Step) -> list[Output]:
    workflow = workflows.get("compose")
    params = workflow.parse(step.params)
    assert isinstance(params, ComposeParams)
    heard = [[[f"percussion-kit_{v}{s}"] for s in range(len(params.whole()))] for v in range(params.versions)]
    values = {"key": "A minor", "bpm": 120.0, "instruments": heard}
    return [
        Output(name=name, value=values[name]) if name in values else _file(world, step, name)
        for name in workflow.outputs(params, Shelf(()))
    ]


def _file(world: World, step: Step, name: str) -> Output:
    key = world.services.tasks.output_key(step, name, "0" * 64)
    media_type = MEDIA_TYPES.get(name.rpartition(".")[2], "application/json")
    world.objects.put(key, b"x", media_type)
    return Output(name=name, key=key, media_type=media_type, size_bytes=1)
