"""What an order says of its input: needed, optional or none, by its workflow."""

import pytest

from patchbay.catalog.models import Shelf
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import FailureKind, JobState
from tests.fakes.world import Tenant, World


def order(tenant: Tenant, workflow: str, **changes: object) -> Order:
    return Order(tenant.id, tenant.caller.application_id, "native", workflow, **changes)  # type: ignore[arg-type]


def serve(world: World, *names: str) -> None:
    """These models are installed."""
    world.services.__dict__["shelf"] = Shelf(names, allow_research=True)


def test_where_it_is_optional_a_job_goes_without(world: World, ada: Tenant) -> None:
    job = world.services.jobs.submit(order(ada, "generate", params={"prompt": "calm piano"}))
    assert (job.input_asset_id, job.input_url) == (None, None)
    (planned,) = world.services.pipeline.plan(ada.id, job.id)
    (step,) = world.services.pipeline.steps(job.id)
    assert (planned.compute, step.model, step.inputs) == ("cpu", "patchbay-composer", ())
    assert world.services.jobs.get(ada.id, job.id).audio_s is None


def test_where_it_is_optional_and_given_it_changes_the_plan(world: World, ada: Tenant) -> None:
    serve(world, "musicgen-stereo-medium", "musicgen-melody")
    jobs, pipeline = world.services.jobs, world.services.pipeline
    asset = world.upload(ada)
    steps = []
    for given in ({}, {"input_asset_id": asset.id}):
        job = jobs.submit(order(ada, "generate", params={"prompt": "calm piano"}, **given))
        pipeline.plan(ada.id, job.id)
        steps.append(pipeline.steps(job.id)[0])
    without, with_melody = steps
    assert (without.model, without.inputs) == ("musicgen-stereo-medium", ())
    assert with_melody.model == "musicgen-melody"
    assert [(given.name, given.key) for given in with_melody.inputs] == [("input", asset.key)]


def test_another_melody_is_another_computation(world: World, ada: Tenant) -> None:
    serve(world, "musicgen-melody")
    prints = set()
    for data in (b"RIFF one", b"RIFF two", b"RIFF one"):
        given = order(ada, "generate", input_asset_id=world.upload(ada, data).id)
        job = world.services.jobs.submit(given)
        world.services.pipeline.plan(ada.id, job.id)
        prints.add(world.services.pipeline.steps(job.id)[0].fingerprint)
    assert len(prints) == 2


def test_a_melody_may_come_from_the_web(world: World, ada: Tenant) -> None:
    serve(world, "musicgen-melody")
    job = world.services.jobs.submit(order(ada, "generate", input_url="https://example.org/tune.wav"))
    assert job.input_asset_id is not None
    assert job.input_url == "https://example.org/tune.wav"


def test_a_melody_is_refused_at_once_where_nobody_follows_it(world: World, ada: Tenant) -> None:
    given = order(ada, "generate", input_asset_id=world.upload(ada).id)
    with pytest.raises(InvalidInput, match="patchbay-composer") as caught:
        world.services.jobs.submit(given)
    assert caught.value.field == "params.model"
    assert not world.executions.started


def test_a_model_that_is_gone_when_the_job_is_planned(world: World, ada: Tenant) -> None:
    serve(world, "musicgen-small")
    job = world.services.jobs.submit(order(ada, "generate", params={"model": "musicgen-small"}))
    object.__setattr__(world.services.pipeline, "shelf", Shelf(()))
    assert world.services.pipeline.plan(ada.id, job.id) == []
    failed = world.services.jobs.get(ada.id, job.id)
    assert failed.state is JobState.FAILED
    assert failed.failure is not None
    assert (failed.failure.kind, "musicgen-small" in failed.failure.message) == (FailureKind.BAD_INPUT, True)


@pytest.mark.parametrize(
    ("workflow", "given", "says"),
    [("compose", True, "takes no input file"), ("audio-analysis", False, "no input file")],
)
def test_where_it_is_needed_or_none(world: World, ada: Tenant, workflow: str, given: bool, says: str) -> None:
    inputs = {"input_asset_id": world.upload(ada).id} if given else {}
    with pytest.raises(InvalidInput, match=says) as caught:
        world.services.jobs.submit(order(ada, workflow, **inputs))
    assert caught.value.field == "input"
