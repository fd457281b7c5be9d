"""Projects to render, and renders carried out without an engine."""

import json
from typing import Any

from patchbay.domain.arrangement import Arrangement
from patchbay.domain.jobs import Job, JobFile, Output
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

DRUMS, KICK = "550e8400-e29b-41d4-a716-446655440001", "550e8400-e29b-41d4-a716-446655440002"


def clip(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A clip as the document has it."""
    return {"source": source, "position": 0.0, **more}


def document(*clips: dict[str, Any], tempo: float = 120.0, **more: Any) -> dict[str, Any]:
    """A project of one track."""
    return {"name": "My Song", "tempo": tempo, "tracks": [{"name": "Drums", "clips": list(clips), **more}]}


def files_of(world: World, job: Job) -> dict[str, JobFile]:
    """Name -> file of those that a job works on."""
    assert job.manifest is not None
    data, _ = world.objects.stored[job.manifest.key]
    return {found["name"]: JobFile.model_validate(found) for found in json.loads(data)}


def arrangement_of(world: World, job: Job) -> Arrangement:
    """What a render's engine is handed."""
    data, _ = world.objects.stored[files_of(world, job)["arrangement"].key]
    return Arrangement.model_validate_json(data)


def job_of(world: World, tenant: Tenant, started: dict[str, Any]) -> Job:
    """The job of an answer."""
    return world.services.jobs.get(tenant.id, started["jobId"])


def render(world: World, job: Job) -> Job:
    """Do a render's work as a worker would: each file of it small."""
    pipeline, tasks = world.services.pipeline, world.services.tasks
    for planned in pipeline.plan(job.tenant_id, job.id):
        pipeline.dispatch(job.tenant_id, job.id, planned.step, f"token-{job.id}")
        message = world.queues.sent[-1][1]
        _, step = tasks.lease(message, "worker")
        assert step is not None
        names = [f"mix.{step.params['format']}", "arrangement.png", *(["stems.zip"] if step.params["stems"] else [])]
        kinds = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg"}
        outputs = [Output(name=name, value=1.0) for name in ("duration_s", "peak_db", "loudness_lufs")]
        for name in names:
            kind = {"arrangement.png": "image/png", "stems.zip": "application/zip"}.get(name)
            key = tasks.output_key(step, name, "0" * 64)
            media_type = kind or kinds[step.params["format"]]
            world.objects.put(key, GOOD, media_type)
            outputs.append(Output(name=name, key=key, media_type=media_type, size_bytes=len(GOOD)))
        tasks.complete(message, step, outputs, 1.0)
    pipeline.finish(job.tenant_id, job.id)
    return world.services.jobs.get(job.tenant_id, job.id)
