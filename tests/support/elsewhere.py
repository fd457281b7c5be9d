"""A world whose users can have songs separated by the LALAL.AI of this machine."""

import base64
import io
import itertools
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from patchbay.core.tasks import Answer
from patchbay.domain.errands import Errand, no_beat
from patchbay.domain.jobs import Job
from patchbay.domain.steps import Step
from patchbay.domain.tasks import TaskMessage
from patchbay.ports import VendorKey
from patchbay.settings import Settings
from tests.fakes.world import Tenant, World
from tests.support.lalal import FakeLalal

VAULT_KEY, NEXT_VAULT_KEY = (base64.b64encode(bytes([n]) * 32).decode() for n in (3, 4))
WORKER = "local/here/1"
RATE_HZ = 8000
_PHASES = itertools.count(1)


class InProcess:
    """The held-keys port, without a Lambda between."""

    def __init__(self, world: World) -> None:
        self._world = world

    def key_of(self, tenant_id: str, job_id: str, step: int, worker_id: str) -> VendorKey:
        return self._world.services.vendors.open_for(tenant_id, job_id, step, worker_id)


def world_of(lalal: FakeLalal, **more: object) -> World:
    """The world."""
    told = {"stage": "test", "rate_limit_scale": 1000, "vault_key": VAULT_KEY, "allow_private_urls": True, **more}
    made = World(Settings.model_validate({**told, "lalalai_url": lalal.url}))
    made.services.__dict__["held_keys"] = InProcess(made)
    return made


def order(world: World, tenant: Tenant, song: bytes = b"", **params: object) -> Job:
    """A job that LALAL.AI is to do, of a song of its own."""
    asset = world.upload(tenant, song or wav(next(_PHASES)))
    told = {"workflow": "lalalai-separation", "dialect": "soundforge", "params": params, "input_asset_id": asset.id}
    return world.order(tenant, **told)


def lease(world: World, job: Job, worker: str = WORKER) -> tuple[TaskMessage, Step]:
    """The job's step, in a worker's hand."""
    if not world.services.jobs.steps(job):
        world.services.pipeline.plan(job.tenant_id, job.id)
        world.services.pipeline.dispatch(job.tenant_id, job.id, 0, f"token-{job.id}")
    message = next(m for _, m in reversed(world.queues.sent) if m.job_id == job.id)
    answer, step = world.services.tasks.lease(message, worker)
    assert answer is Answer.YOURS
    assert step is not None
    return message, step


def errand_of(world: World, step: Step, worker: str = WORKER) -> Errand:
    """What the worker's engine is given."""
    found = world.services.errand_of(step, worker)
    assert found is not None
    return found


def send(world: World, step: Step, errand: Errand) -> None:
    """Send the step's song."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(world.objects.stored[step.inputs[0].key][0])
        file.flush()
        errand.send(Path(file.name), no_beat)


def begun(world: World, tenant: Tenant, lalal: FakeLalal) -> tuple[Job, str]:
    """A separation that runs there, and its number."""
    job = order(world, tenant)
    _, step = lease(world, job)
    errand = errand_of(world, step)
    send(world, step, errand)
    errand.begin(("vocals", "drums", "bass"))
    return job, next(reversed(lalal.tasks))


def wav(phase: float, seconds: float = 0.5) -> bytes:
    """A tone."""
    made = io.BytesIO()
    samples = 0.5 * np.sin(np.arange(int(RATE_HZ * seconds)) / 9 + phase)
    soundfile.write(made, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return made.getvalue()
