"""Videos for tests: uploaded, put together with audio, and rendered as a worker would."""

from typing import Any

from patchbay.core.jobs import Order
from patchbay.domain.generations import Generation
from patchbay.domain.jobs import Job, JobFile, Output
from patchbay.domain.videos import Sync, Video
from tests.fakes.films import FILM
from tests.fakes.world import Tenant, World


def send_film(world: World, video: Video, data: bytes = FILM) -> None:
    """What an uploader does."""
    world.objects.put(video.incoming_key, data)


def make_video(world: World, tenant: Tenant, name: str = "Holiday", data: bytes | None = FILM) -> Video:
    """A video, its bytes sent unless there are none."""
    video = world.services.videos.create(tenant.id, name)
    if data is not None:
        send_film(world, video, data)
    return video


def synced_video(world: World, tenant: Tenant, name: str = "Holiday", **given: Any) -> Video:
    """A video that audio was chosen for: that of a new upload."""
    video, asset = make_video(world, tenant, name), world.upload(tenant)
    world.services.assets.inspect(tenant.id, asset.id)
    return world.services.videos.set_sync(tenant.id, video.id, Sync(audio_id=asset.id, **given))


def audio_file(world: World, tenant: Tenant, video: Video) -> JobFile:
    """The audio that was chosen for a video."""
    assert video.sync is not None
    asset = world.services.assets.get(tenant.id, video.sync.audio_id)
    return JobFile(name="whatever", key=asset.key, sha256=asset.sha256 or "")


def order_of(tenant: Tenant) -> Order:
    """An order of somebody's."""
    return Order(tenant.id, tenant.caller.application_id, "twoshot", workflow="video")


def ordered(world: World, tenant: Tenant, video: Video, **more: Any) -> tuple[Generation, Job]:
    """Order a rendering."""
    return world.services.videos.render(order_of(tenant), video.id, audio_file(world, tenant, video), **more)


def carry_out(world: World, job: Job, media_type: str = "video/mp4") -> Job:
    """Do a rendering's job."""
    pipeline, tasks = world.services.pipeline, world.services.tasks
    for planned in pipeline.plan(job.tenant_id, job.id):
        pipeline.dispatch(job.tenant_id, job.id, planned.step, f"token-{job.id}-{planned.step}")
        message = world.queues.sent[-1][1]
        _, step = tasks.lease(message, "worker")
        assert step is not None
        key = tasks.output_key(step, "video.mp4", "0" * 64)
        world.objects.put(key, b"a rendered film", media_type)
        made = Output(name="video", key=key, media_type=media_type, size_bytes=15)
        values = [Output(name="duration_s", value=20.0), Output(name="turned_down_db", value=0.0)]
        tasks.complete(message, step, [made, *values], 1.0)
    pipeline.finish(job.tenant_id, job.id)
    return world.services.jobs.get(job.tenant_id, job.id)
