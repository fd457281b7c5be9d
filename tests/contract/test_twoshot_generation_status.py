"""GET /generation/{jobId}: how work stands, told to its owner and, in part, to who has its id."""

import re
from typing import Any

import pytest

from patchbay.core.holdings import Holdings
from patchbay.domain.errors import QuotaExceeded
from patchbay.domain.jobs import Failure, FailureKind, Job, Output
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.generations import generate, order
from tests.support.twoshot import NO_ID, TIME, taken, told

INPUTS = [{"type": "text", "value": "Upbeat electronic dance music"}]
FIELDS = {
    "id", "type", "status", "progress", "created", "completed", "estimatedCompletion", "model", "inputs", "outputs",
    "files", "error", "creditsUsed",
}  # fmt: skip


def ordered(world: World, ada: Tenant, **more: Any) -> Job:
    given = {"model_number": 101, "inputs": INPUTS, "credits": 5, **more}
    return generate(world, ada, **given)[1]


def status(api: Api, job: Job) -> Any:
    found = taken(api.get(f"/generation/{job.id}"))
    assert found.keys() == FIELDS
    return found


def test_the_documents_answer(twoshot: Api, ada: Tenant, world: World) -> None:
    job = ordered(world, ada)
    waiting = status(twoshot, job)
    assert (waiting["status"], waiting["progress"], waiting["outputs"]) == ("pending", 0, [])
    assert (waiting["completed"], waiting["error"]) == (None, None)
    assert re.fullmatch(TIME, waiting["estimatedCompletion"])
    world.clock.advance(seconds=135)
    world.carry_out(job)
    done = status(twoshot, job)
    assert (done["id"], done["status"], done["progress"], done["error"]) == (job.id, "completed", 100, None)
    assert (done["model"], done["inputs"], done["creditsUsed"]) == ({"id": 101, "name": "Music"}, INPUTS, 5)
    assert (done["created"], done["completed"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:06:20Z")
    assert done["estimatedCompletion"] is None
    outputs = {each["name"]: each for each in done["outputs"]}
    assert outputs.keys() == {"vocals", "drums", "bass", "other"}
    for each in outputs.values():
        assert (each["duration"], each["format"]) == (world.prober.seconds, "wav")
        told_of = taken(twoshot.get(f"/audio/{each['audioId']}"))
        assert (told_of["id"], told_of["duration"], told_of["processing"]) == (each["audioId"], 12.5, False)
        assert twoshot.get(f"/audio/{each['audioId']}/download").status == 302
        assert taken(twoshot.get(f"/audio/{each['audioId']}/play"))["url"].startswith("https://")


def test_it_tells_how_far_it_is_and_when_it_may_be_over(twoshot: Api, ada: Tenant, world: World) -> None:
    job = ordered(world, ada)
    world.services.pipeline.plan(ada.id, job.id)
    (step,) = world.services.pipeline.steps(job.id)
    world.services.pipeline.dispatch(ada.id, job.id, 0, "token")
    message = world.queues.sent[-1][1]
    world.services.tasks.lease(message, "worker")
    world.clock.advance(seconds=30)
    world.services.tasks.progress(message, step, 0.25)
    found = status(twoshot, job)
    assert (found["status"], found["progress"]) == ("processing", 25)
    assert found["estimatedCompletion"] == "2026-01-02T03:06:05Z"


def test_what_is_done_but_for_its_audio_is_not_completed_yet(
    twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ordered(world, ada)
    world.carry_out(job)
    monkeypatch.setattr("patchbay.core.generations.READ_BYTES", 0)
    found = status(twoshot, job)
    assert (found["status"], found["progress"], found["outputs"]) == ("processing", 99, [])
    world.services.settling.over(ada.id, job.id)
    assert status(twoshot, job)["status"] == "completed"


@pytest.mark.parametrize("how", ["failed", "cancelled", "lost"])
def test_a_bad_end_says_why_and_costs_nothing(twoshot: Api, ada: Tenant, world: World, how: str) -> None:
    job = ordered(world, ada)
    if how == "failed":
        world.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="it broke"))
    elif how == "cancelled":
        world.services.jobs.cancel(ada.id, job.id)
    else:
        for output in world.carry_out(job).outputs:
            world.objects.delete(str(output.key))
    found = status(twoshot, job)
    words = {"failed": "it broke", "cancelled": "cancelled by its owner", "lost": "its results are gone"}
    assert (found["status"], found["error"]) == ("cancelled" if how == "cancelled" else "failed", words[how])
    assert (found["creditsUsed"], found["outputs"], found["files"]) == (0, [], [])
    assert found["progress"] < 100
    assert re.fullmatch(TIME, found["completed"])
    assert world.services.credits.standing(ada.id, "standard").spent == 0


def test_credits_that_were_kept_are_told(twoshot: Api, ada: Tenant, world: World) -> None:
    job = ordered(world, ada)
    world.carry_out(job)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Holdings, "take", no_room)
        found = status(twoshot, job)
    assert (found["status"], found["error"], found["creditsUsed"]) == ("failed", "no room", 5)
    assert status(twoshot, job) == found
    assert world.services.credits.standing(ada.id, "standard").spent == 5


def no_room(*_: object, **__: object) -> None:
    raise QuotaExceeded("no room", what="files", used=1, most=1)


@pytest.mark.parametrize("form", ["twoshot", "native"])
def test_a_separation_can_be_polled_by_its_owner(
    twoshot: Api, ada: Tenant, bob: Tenant, world: World, form: str
) -> None:
    job = world.services.jobs.submit(order(world, ada, dialect=form))
    if form == "native":
        told(twoshot.get(f"/generation/{job.id}"), 404, "NOT_FOUND")
        return
    assert status(twoshot, job)["status"] == "pending"
    world.carry_out(job)
    found = status(twoshot, job)
    assert (found["type"], found["status"], found["progress"], found["creditsUsed"]) == (
        "generation",
        "completed",
        100,
        0,
    )
    assert {each["name"] for each in found["files"]} == {"vocals", "drums", "bass", "other"}
    assert all(world.objects.key_of(each["url"]) in world.objects.stored for each in found["files"])
    told(twoshot.with_key(None).get(f"/generation/{job.id}"), 404, "NOT_FOUND")
    told(twoshot.with_key(f"Bearer {bob.secret}").get(f"/generation/{job.id}"), 404, "NOT_FOUND")


def test_other_files_are_told_with_links(
    twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.carry_out(ordered(world, ada, kind="render"))
    picture = Output(name="arrangement.png", key=f"results/{ada.id}/f/a.png", media_type="image/png")
    more = job.model_copy(update={"outputs": (*job.outputs, picture, Output(name="duration_s", value=3.0))})
    monkeypatch.setattr(type(world.services.jobs), "get", lambda *_: more)
    found = status(twoshot, job)
    (file,) = found["files"]
    assert (file["name"], file["mediaType"]) == ("arrangement.png", "image/png")
    assert world.objects.key_of(file["url"]) == picture.key
    anonymous = status(twoshot.with_key(None), job)
    assert anonymous["files"] == []


def test_who_has_the_id_alone_polls_as_the_vendors_example_does(twoshot: Api, ada: Tenant, world: World) -> None:
    job = ordered(world, ada, order=order(world, ada, name="a secret song"))
    anybody = twoshot.with_key(None)
    assert status(anybody, job)["status"] == "pending"
    world.carry_out(job)
    found = status(anybody, job)
    mine = status(twoshot, job)
    assert (found["status"], found["progress"], found["model"]) == ("completed", 100, mine["model"])
    assert found["outputs"] == mine["outputs"]
    assert (found["inputs"], found["files"], found["creditsUsed"]) == ([], [], None)
    assert "secret" not in str(found)
    audio_id = found["outputs"][0]["audioId"]
    assert told(anybody.get(f"/audio/{audio_id}"), 404, "NOT_FOUND"), "the id of a file opens nothing"
    assert told(anybody.get(f"/audio/{audio_id}/download"), 401, "UNAUTHORIZED")


def test_a_key_that_is_wrong_is_refused_and_not_taken_for_nobodys(twoshot: Api, ada: Tenant, world: World) -> None:
    job = ordered(world, ada)
    told(twoshot.with_key("Bearer pb_wrong").get(f"/generation/{job.id}"), 401, "UNAUTHORIZED")


def test_another_user_learns_nothing(twoshot: Api, ada: Tenant, bob: Tenant, world: World) -> None:
    job = ordered(world, ada)
    others = twoshot.with_key(f"Bearer {bob.secret}")
    said = told(others.get(f"/generation/{job.id}"), 404, "NOT_FOUND")
    nobodys = told(others.get(f"/generation/{NO_ID}"), 404, "NOT_FOUND")
    assert said.replace(job.id, "") == nobodys.replace(NO_ID, "")


@pytest.mark.parametrize("name", [NO_ID, "x", "%00", "..%2F..", "0" * 3000])
def test_no_such_thing(twoshot: Api, name: str) -> None:
    told(twoshot.get(f"/generation/{name}"), 404, "NOT_FOUND")


def test_jobs_that_were_ordered_in_another_way_are_none_of_it(twoshot: Api, ada: Tenant, world: World) -> None:
    told(twoshot.get(f"/generation/{world.order(ada).id}"), 404, "NOT_FOUND")


def test_a_model_that_is_not_on_offer_any_more(twoshot: Api, ada: Tenant, world: World) -> None:
    assert status(twoshot, ordered(world, ada, model_number=99))["model"] == {"id": 99, "name": "Model 99"}
    assert status(twoshot, ordered(world, ada, model_number=None, kind="render"))["model"] is None
