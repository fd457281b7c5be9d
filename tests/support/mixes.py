"""Mixes that SoundForge's API is asked for: its forms, and a worker that makes them."""

import json
from typing import Any

import httpx

from patchbay.domain.jobs import Output
from tests.fakes.world import Tenant, World

MIXED = b"RIFF the mix"


def form(files: dict[str, bytes], manifest: object = None, **texts: str) -> tuple[bytes, str]:
    """(body, its type) of the form that the mixer takes."""
    told = {**texts, **({} if manifest is None else {"manifest": json.dumps(manifest)})}
    parts: list[tuple[str, Any]] = [("stems[]", (f"{name}.wav", data, "audio/wav")) for name, data in files.items()]
    parts += [(name, (None, text)) for name, text in told.items()]
    made = httpx.Request("POST", "https://x/", files=parts or [("manifest", (None, "{}"))])
    return made.read(), made.headers["content-type"]


def assets_of(world: World, tenant: Tenant) -> list[str]:
    return [r.sk for r in world.records.query(f"ASSETS#{tenant.id}", limit=50)]


def carry_out(world: World, tenant: Tenant) -> list[Any]:
    """Do what the tenant's open jobs want done; the arrangements that came."""
    services, seen = world.services, list[Any]()
    for job in services.jobs.list(tenant.id, limit=5):
        if job.state.terminal:
            continue
        for planned in services.pipeline.plan(job.tenant_id, job.id):
            services.pipeline.dispatch(job.tenant_id, job.id, planned.step, "token")
            message = world.queues.sent[-1][1]
            _, step = services.tasks.lease(message, "worker")
            assert step is not None
            with world.objects.read(step.inputs[0].key) as blocks:
                files = {file["name"]: file for file in json.loads(b"".join(blocks))}
            with world.objects.read(files["arrangement"]["key"]) as blocks:
                seen.append(json.loads(b"".join(blocks)))
            assert all(world.objects.stat(file["key"]) for file in files.values())
            key = services.tasks.output_key(step, "mix.wav", "0" * 64)
            world.objects.put(key, MIXED, "audio/wav")
            made = Output(name="mix.wav", key=key, media_type="audio/wav", size_bytes=len(MIXED))
            services.tasks.complete(message, step, [made], 1.0)
        services.pipeline.finish(job.tenant_id, job.id)
    return seen
