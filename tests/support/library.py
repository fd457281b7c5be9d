"""Samples for tests: made of uploads, and prepared as a worker would."""

import json
from itertools import count
from typing import Any

from patchbay.core.preparation import WORKFLOW
from patchbay.domain.jobs import Job, Output
from patchbay.domain.samples import Sample
from patchbay.domain.steps import Step
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

PREVIEW = b"ID3 a short preview"
_numbers = count()


def make_sample(world: World, tenant: Tenant, name: str = "Deep House Bass", **given: Any) -> Sample:
    """A sample of a new upload, not prepared yet."""
    asset = world.upload(tenant, GOOD + str(next(_numbers)).encode())
    told = {"public": False, **given}
    return world.services.samples.create(tenant.id, tenant.caller.application_id, asset, name=name, **told)


def carry_out(world: World, sample: Sample, **facts: Any) -> Job:
    """Do a sample's preparation job; `facts` are the values it finds: bpm, key, duration_s, and `peaks` (min, max)."""
    pipeline, tasks = world.services.pipeline, world.services.tasks
    for planned in pipeline.plan(sample.tenant_id, sample.id):
        pipeline.dispatch(sample.tenant_id, sample.id, planned.step, f"token-{sample.id}-{planned.step}")
        message = world.queues.sent[-1][1]
        _, step = tasks.lease(message, "worker")
        assert step is not None
        found = _previewed(world, step) if step.name == "preview" else _analysed(world, step, facts)
        tasks.complete(message, step, found, 1.0)
    pipeline.finish(sample.tenant_id, sample.id)
    return world.services.jobs.get(sample.tenant_id, sample.id)


def prepare(world: World, sample: Sample, **facts: Any) -> Sample:
    """The sample once its preparation is over."""
    job = carry_out(world, sample, **facts)
    assert job.workflow == WORKFLOW
    settled = world.services.samples.settle(job)
    assert settled is not None
    return settled


def library_sample(world: World, tenant: Tenant, name: str = "Deep House Bass", **given: Any) -> Sample:
    """A sample that is ready, and public unless something else is said."""
    facts = {fact: given.pop(fact) for fact in ("bpm", "key", "duration_s", "peaks") if fact in given}
    return prepare(world, make_sample(world, tenant, name, **{"public": True, **given}), **facts)


def _analysed(world: World, step: Step, facts: dict[str, Any]) -> list[Output]:
    lowest, highest = facts.get("peaks", ([-0.5, -0.1], [0.25, 0.75]))
    file = _stored(world, step, "analysis", json.dumps({"peaks": {"min": lowest, "max": highest}}).encode())
    values = {"bpm": 125.0, "key": "A minor", "duration_s": 8.0, "loudness_lufs": None, **facts}
    names = ("bpm", "key", "duration_s", "loudness_lufs")
    return [file, *(Output(name=name, value=values[name]) for name in names)]


def _previewed(world: World, step: Step) -> list[Output]:
    return [_stored(world, step, "preview", PREVIEW)]


def _stored(world: World, step: Step, name: str, data: bytes) -> Output:
    key = world.services.tasks.output_key(step, name, "0" * 64)
    world.objects.put(key, data)
    return Output(name=name, key=key, size_bytes=len(data))
