"""The Tasks API of AudioShake on the wire: assets, Tasks, targets, statistics, callbacks."""

import json
import re
from typing import Any

import pytest

from functions.dialects import shape_of
from functions.dialects.audioshake import schemas
from functions.http import sizes
from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.core.jobs import Order
from patchbay.domain.jobs import Failure, FailureKind
from tests.fakes.gateway import Api
from tests.fakes.objects import BASE
from tests.fakes.prober import GOOD, SECONDS
from tests.fakes.world import Tenant, World
from tests.support.audioshake import carry_out, posted, send, told, with_detection

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
URL = "https://demos.example.com/shakeitup.mp3"
HOOK = "https://your-app.com/webhooks"
TWO = [{"model": "vocals", "formats": ["wav"]}, {"model": "instrumental", "formats": ["wav", "mp3"]}]


@pytest.fixture
def api(audioshake: Api, ada: Tenant) -> Api:
    """A client as the vendor's: the key in `x-api-key`."""

    class Keyed(Api):
        def call(self, method: str, path: str, **given: Any) -> Any:
            headers = {"x-api-key": ada.secret, **(given.pop("headers", None) or {})}
            return super().call(method, path, headers=headers, **given)

    return Keyed(audioshake.handler, None)


@pytest.fixture
def asset_id(api: Api) -> str:
    return str(send(api, "/assets").json()["id"])


def look(api: Api, task_id: str, slash: str = "") -> Any:
    answer = api.get(f"/tasks/{task_id}{slash}")
    assert answer.status == 200, answer.text
    return fits(answer.json())


def fits(task: Any) -> Any:
    """A Task's answer, in which, as in the vendor's types, nothing is null but `completedAt` and `url`."""
    assert schemas.Task.model_validate(task).model_dump(exclude_unset=True) == task
    assert {name for name, value in task.items() if value is None} <= {"completedAt"}
    for target in task["targets"]:
        sent = {"residual", "variant", "language"}
        assert None not in [value for name, value in target.items() if name not in sent]
    return task


@pytest.mark.parametrize("slash", ["", "/"])
def test_assets(api: Api, world: World, ada: Tenant, slash: str) -> None:
    made = send(api, f"/assets{slash}", name="test.mp3").json()
    link = made.pop("link")
    assert link.startswith(f"{BASE}/uploads/{ada.id}/{made['id']}?")
    assert made == {"id": made["id"], "name": "test.mp3", "fileType": "audio/mpeg", "format": "mp3"}
    world.clock.advance(seconds=1)
    bad = send(api, "/assets", b"no audio", name="notes").json()
    assert (bad["fileType"], bad["format"]) == ("application/octet-stream", "")
    world.services.assets.inspect(ada.id, bad["id"])
    found = api.get(f"/assets{slash}").json()
    assert [(asset["id"], asset["status"]) for asset in found] == [(bad["id"], "rejected"), (made["id"], "pending")]
    assert (found[0]["link"], found[0]["reason"]) == (None, "this is no audio file")
    assert [asset["id"] for asset in api.get("/assets", ("skip", "1"), ("take", "1")).json()] == [made["id"]]
    one = api.get(f"/assets/{made['id']}{slash}").json()
    assert schemas.StatedAsset.model_validate(one).model_dump() == one
    assert one["link"] != link


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_documents_own_task_of_a_url(api: Api, world: World, ada: Tenant, slash: str) -> None:
    world.web.pages[URL] = GOOD
    task = fits(posted(api, f"/tasks{slash}", {"url": URL, "targets": TWO}))
    assert task.keys() == {"id", "clientId", "createdAt", "updatedAt", "completedAt", "url", "targets"}
    assert (task["url"], task["completedAt"]) == (URL, None)
    assert TIME.fullmatch(task["createdAt"])
    assert [(t["model"], t["formats"], t["status"]) for t in task["targets"]] == [
        ("vocals", ["wav"], "processing"),
        ("instrumental", ["wav", "mp3"], "processing"),
    ]
    for target in task["targets"]:
        assert target.keys() == {"id", "model", "status", "formats", "output"}, "nothing is null that is not known yet"
        assert target["output"] == []
    assert look(api, task["id"], slash) == task
    assert len(world.services.assets.list(ada.id, limit=10)) == 1


def test_a_task_on_an_asset_to_its_end(api: Api, world: World, ada: Tenant, asset_id: str) -> None:
    body = {"assetId": asset_id, "metadata": '{"mine": 1}', "callbackUrl": HOOK, "targets": TWO}
    task = fits(posted(api, "/tasks", body))
    assert (task["assetId"], task["metadata"], task["callbackUrl"]) == (asset_id, body["metadata"], HOOK)
    assert "url" not in task
    first, second = (world.services.jobs.get(ada.id, target["id"]) for target in task["targets"])
    world.clock.advance(seconds=60)
    carry_out(world, first)
    half = look(api, task["id"])
    assert [target["status"] for target in half["targets"]] == ["completed", "processing"]
    assert half["completedAt"] is None
    assert half["updatedAt"] > half["createdAt"]
    carry_out(world, second)
    done = look(api, task["id"])
    assert TIME.fullmatch(done["completedAt"])
    assert done["cost"] == pytest.approx(sum(target["cost"] for target in done["targets"]))
    assert {target["duration"] for target in done["targets"]} == {SECONDS}
    outputs = [[(o["name"], o["format"], o["type"]) for o in target["output"]] for target in done["targets"]]
    assert outputs == [
        [("vocals", "wav", "audio/wav")],
        [("instrumental", "wav", "audio/wav"), ("instrumental", "mp3", "audio/mpeg")],
    ]
    again = look(api, task["id"])
    assert again["targets"][0]["output"][0]["link"] != done["targets"][0]["output"][0]["link"], "made anew"


def test_targets_with_the_same_model_share_one_separation(api: Api, world: World, ada: Tenant, asset_id: str) -> None:
    targets = [
        {"model": "vocals", "formats": ["wav"]},
        {"model": "drums", "formats": ["wav"], "residual": True},
        {"model": "vocals", "formats": ["wav"]},
    ]
    task = posted(api, "/tasks", {"assetId": asset_id, "targets": targets})
    jobs = [world.services.jobs.get(ada.id, target["id"]) for target in task["targets"]]
    carry_out(world, jobs[0])
    for job in jobs[1:]:
        world.services.pipeline.plan(ada.id, job.id)
        assert world.services.pipeline.steps(job.id)[0].reused, "nothing is separated twice"
    carry_out(world, jobs[1])
    assert [o["name"] for o in look(api, task["id"])["targets"][1]["output"]] == ["drums", "drums_residual"]


def test_a_target_gets_the_best_model_for_it_alone(api: Api, world: World, ada: Tenant, asset_id: str) -> None:
    world.services.__dict__["shelf"] = Shelf(("htdemucs_ft", "htdemucs_6s"), allow_research=True)
    world.services.__dict__.pop("jobs", None)
    world.services.__dict__.pop("groups", None)
    targets = [{"model": name, "formats": ["wav"]} for name in ("vocals", "guitar", "piano", "drums")]
    task = posted(api, "/tasks", {"assetId": asset_id, "targets": targets})
    jobs = [world.services.jobs.get(ada.id, target["id"]) for target in task["targets"]]
    assert [job.params["model"] for job in jobs] == ["htdemucs_ft", "htdemucs_6s", "htdemucs_6s", "htdemucs_ft"]
    assert [job.params["shared_with"] for job in jobs] == [["drums"], ["piano"], ["guitar"], ["vocals"]]


def test_what_was_sent_of_a_target_is_answered_back(api: Api, asset_id: str) -> None:
    target = {"model": "vocals", "formats": ["flac"], "variant": "high_quality", "language": "en", "x": {"y": None}}
    (shown,) = posted(api, "/tasks", {"assetId": asset_id, "targets": [target]})["targets"]
    assert {name: shown[name] for name in target} == target
    ours = {"status": "completed", "id": "x", "output": [{}], "error": {"code": 1}, "cost": 0, "duration": 1}
    sneaky = {"model": "vocals", "formats": ["wav"], **ours}
    (shown,) = posted(api, "/tasks", {"assetId": asset_id, "targets": [sneaky]})["targets"]
    assert shown == {"model": "vocals", "formats": ["wav"], "status": "processing", "id": shown["id"], "output": []}
    assert shown["id"] != "x"


@pytest.mark.parametrize("empty", [None, ""])
def test_fields_that_a_typed_client_leaves_empty(
    api: Api, world: World, ada: Tenant, asset_id: str, empty: str | None
) -> None:
    unset = {"residual": empty, "variant": empty, "language": empty}
    target = {**TWO[0], **unset}
    task = fits(posted(api, "/tasks", {"assetId": asset_id, "url": empty, "callbackUrl": empty, "targets": [target]}))
    assert (task["assetId"], "url" in task, "callbackUrl" in task) == (asset_id, False, False)
    (shown,) = task["targets"]
    assert {name: shown[name] for name in target} == target, "word for word"
    done = carry_out(world, world.services.jobs.get(ada.id, shown["id"]))
    assert (done.input_url, done.callback_url) == (None, None)
    assert [o["name"] for o in look(api, task["id"])["targets"][0]["output"]] == ["vocals"]
    linked = fits(posted(api, "/tasks", {"assetId": empty, "url": URL, "targets": [target]}))
    assert (linked["url"], "assetId" in linked) == (URL, False)
    refused = api.post("/tasks", {"assetId": empty, "url": "http://10.0.0.1/", "targets": [target]})
    told(refused, 400, "BAD_REQUEST", "url")


def test_a_target_that_failed(api: Api, world: World, ada: Tenant, asset_id: str) -> None:
    task = posted(api, "/tasks", {"assetId": asset_id, "targets": TWO})
    bad = Failure(kind=FailureKind.BAD_INPUT, message="this is no audio")
    world.services.pipeline.fail(ada.id, task["targets"][0]["id"], bad)
    world.services.jobs.cancel(ada.id, task["targets"][1]["id"])
    first, second = look(api, task["id"])["targets"]
    assert (first["status"], first["error"]) == ("error", {"code": 422, "message": "this is no audio"})
    assert (second["status"], second["error"]["code"]) == ("error", 410)


def test_music_detection_beside_a_stem(
    api: Api, world: World, ada: Tenant, asset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = with_detection()
    monkeypatch.setattr(workflows, "workflows", lambda: there)
    targets = [{"model": "music_detection", "formats": ["json"]}, TWO[0]]
    task = posted(api, "/tasks", {"assetId": asset_id, "targets": targets})
    carry_out(world, world.services.jobs.get(ada.id, task["targets"][0]["id"]))
    (made,) = look(api, task["id"])["targets"][0]["output"]
    assert (made["name"], made["format"], made["type"]) == ("music_detection", "json", "application/json")
    refused = {"assetId": asset_id, "targets": [{"model": "music_detection", "formats": ["wav"]}]}
    assert "it has: json" in told(api.post("/tasks", refused), 400, "BAD_REQUEST", "targets.0.formats")


def test_a_callback_tells_the_whole_task_for_each_target(api: Api, world: World, ada: Tenant, asset_id: str) -> None:
    task = posted(api, "/tasks", {"assetId": asset_id, "callbackUrl": HOOK, "targets": TWO})
    jobs = [world.services.jobs.get(ada.id, target["id"]) for target in task["targets"]]
    assert {job.callback_url for job in jobs} == {HOOK}
    states = []
    for job in jobs:
        body = shape_of("audioshake")(carry_out(world, job))
        assert body is not None
        fits(json.loads(json.dumps(body)))
        assert body["id"] == task["id"]
        states.append([target["status"] for target in body["targets"]])
    assert states == [["completed", "processing"], ["completed", "completed"]]


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_list_is_a_bare_array_newest_first(api: Api, world: World, asset_id: str, slash: str) -> None:
    assert api.get(f"/tasks{slash}").json() == []
    ids = []
    for _ in range(12):
        ids.append(posted(api, "/tasks", {"assetId": asset_id, "targets": TWO[:1]})["id"])
        world.clock.advance(seconds=1)
    found = api.get(f"/tasks{slash}").json()
    assert [task["id"] for task in found] == ids[:1:-1], "ten, if it is not said how many"
    page = api.get(f"/tasks{slash}", ("skip", "10"), ("take", "100")).json()
    assert [fits(task)["id"] for task in page] == [ids[1], ids[0]]


def test_a_page_too_large_to_answer_says_so(
    api: Api, world: World, ada: Tenant, asset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = posted(api, "/tasks", {"assetId": asset_id, "targets": TWO})
    for target in task["targets"]:
        carry_out(world, world.services.jobs.get(ada.id, target["id"]))
    monkeypatch.setattr(sizes, "MAX_ANSWER_BYTES", 2500)
    assert len(api.get("/job").json()["jobs"]) == 1, "who did not say how many gets what fits"
    assert api.get("/job", ("take", "1")).status == 200
    assert "take fewer" in told(api.get("/job", ("take", "2")), 413, "TOO_LARGE")
    monkeypatch.setattr(sizes, "MAX_ANSWER_BYTES", 1000)
    assert api.get("/tasks").json() == []
    assert "take fewer" in told(api.get("/tasks", ("take", "1")), 413, "TOO_LARGE")
    assert api.get(f"/tasks/{task['id']}").status == 200


def test_groups_of_other_dialects_are_tasks_too(api: Api, world: World, ada: Tenant) -> None:
    world.web.pages[URL] = GOOD
    order = Order(ada.id, ada.caller.application_id, "native", "stem-isolation-4", input_url=URL)
    group, jobs = world.services.groups.submit([order], request={"secret": "form"})
    world.carry_out(jobs[0])
    task = look(api, group.id)
    assert task["url"] == URL
    assert "secret" not in task
    assert [made["name"] for made in task["targets"][0]["output"]] == ["vocals", "drums", "bass", "other"]
    world.services.jobs.delete(ada.id, jobs[0].id)
    assert look(api, group.id)["targets"] == []


@pytest.mark.parametrize("slash", ["", "/"])
def test_statistics(api: Api, world: World, ada: Tenant, asset_id: str, slash: str) -> None:
    world.carry_out(world.order(ada))
    task = posted(api, "/tasks", {"assetId": asset_id, "targets": TWO})
    for target in task["targets"]:
        carry_out(world, world.services.jobs.get(ada.id, target["id"]))
    found = api.get(f"/tasks/statistics{slash}", ("name", "usage")).json()
    assert [month["month"] for month in found] == ["2025-11", "2025-12", "2026-01"]
    assert found[-1] == {"month": "2026-01", "totalTargets": 2, "totalMinutes": f"{2 * SECONDS / 60:.2f}"}
    assert api.get("/tasks/statistics").json() == found
    told(api.get("/tasks/statistics", ("name", "distribution")), 422, "INVALID_FIELDS", "name")


def test_a_key_makes_one_task(api: Api, world: World, ada: Tenant, asset_id: str) -> None:
    body = {"assetId": asset_id, "targets": TWO}
    first, second = (posted(api, "/tasks", body, idempotency_key="k") for _ in range(2))
    assert first == second
    assert len(world.services.groups.list(ada.id, limit=10)) == 1
    told(api.post("/tasks", {**body, "metadata": "x"}, idempotency_key="k"), 409, "CONFLICT")
    sent = [send(api, "/assets", idempotency_key="k2").json()["id"] for _ in range(2)]
    assert sent[0] == sent[1]
