"""Jobs of all dialects, imports and deletions of files, and what is on offer."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from functions.dialects.native import waiting
from functions.dialects.native.schemas import assets as asset_schemas
from functions.dialects.native.schemas import catalogue
from functions.dialects.native.schemas import jobs as schemas
from functions.dialects.native.schemas.common import Gone
from patchbay.domain.jobs import JobState
from tests.contract.test_native import BASE, NO_ID, fits, told
from tests.fakes.gateway import Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

JOBS = f"{BASE}/jobs"


def order(world: World, tenant: Tenant, **changes: object) -> dict[str, Any]:
    given = {"workflow": "stem-isolation-4", "input": {"asset_id": world.upload(tenant).id}}
    return {**given, **changes}


def test_a_job_from_order_to_results(native: Api, world: World, ada: Tenant) -> None:
    given = order(
        world,
        ada,
        name="song",
        batch_name="b",
        params={"sample_format": "wav24"},
        metadata={"x": [1, None]},
        callback_url="https://own.example.org/x",
        deliver_to={"drums": "https://own.example.org/drums"},
    )
    made = fits(schemas.Job, native.post(JOBS, given, idempotency_key="j"))
    assert native.post(JOBS, given, idempotency_key="j").json() == made
    assert len(world.executions.started) == 1
    for name in ("name", "batch_name", "workflow", "params", "metadata", "callback_url"):
        assert made[name] == given[name]
    assert (made["dialect"], made["state"], made["outputs"], made["steps"]) == ("native", "queued", [], [])
    world.clock.advance(seconds=2)
    world.carry_out(world.services.jobs.get(ada.id, made["id"]))
    done = fits(schemas.Job, native.get(f"{JOBS}/{made['id']}"))
    assert (done["state"], done["progress"], done["failure"]) == ("succeeded", 1.0, None)
    outputs = {o["name"]: o for o in done["outputs"]}
    assert outputs.keys() == {"vocals", "drums", "bass", "other"}
    assert (outputs["drums"]["url"], outputs["drums"]["delivered_to"]) == (None, "own.example.org")
    assert outputs["vocals"]["url"].startswith("https://objects.test/")
    assert outputs["vocals"]["size_bytes"] == len(GOOD)
    isolate, deliver = done["steps"]
    assert (isolate["name"], isolate["state"], isolate["model"]) == ("isolate", "done", "patchbay-small")
    assert (isolate["engine_s"], isolate["reused"]) == (1.0, False)
    assert (isolate["wait_s"], isolate["start_s"], isolate["store_s"], isolate["lost_s"]) == (0.0, 0.0, 0.0, 0.0)
    requests_usd = world.services.rates.requests_usd(1, 1.0)
    assert done["cost_usd"] == pytest.approx(isolate["cost_usd"] + deliver["cost_usd"] + requests_usd, abs=1e-9)
    assert done["timing"] == {"queued_s": 2.0, "running_s": 0.0, "engine_s": isolate["engine_s"], "audio_s": 12.5}
    again = native.get(f"{JOBS}/{made['id']}").json()["outputs"]
    assert again[0]["url"] != done["outputs"][0]["url"], "links are fresh"


def test_the_same_work_is_reused_and_told_so(native: Api, world: World, ada: Tenant) -> None:
    for _ in range(2):
        last = world.carry_out(world.order(ada))
    told_last = native.get(f"{JOBS}/{last.id}").json()
    assert [(s["reused"], s["cost_usd"]) for s in told_last["steps"]] == [(True, 0.0)]


def test_a_job_by_url_of_an_upload_or_of_the_web(native: Api, world: World, ada: Tenant) -> None:
    upload = native.post(f"{BASE}/uploads", {}).json()
    made = native.post(JOBS, {"workflow": "stem-isolation-4", "input": {"url": upload["input_url"]}}).json()
    assert (made["input_asset_id"], made["input_url"]) == (upload["asset_id"], None)
    url = "https://example.org/a.wav"
    made = native.post(JOBS, {"workflow": "stem-isolation-4", "input": {"url": url}}).json()
    assert made["input_url"] == url
    assert native.get(f"{BASE}/assets/{made['input_asset_id']}").json()["source_url"] == url


@pytest.mark.parametrize(
    ("changes", "status", "fields"),
    [
        ({"input": {}}, 422, ["input"]),
        ({"input": {"asset_id": NO_ID, "url": "https://example.org"}}, 422, ["input"]),
        ({"input": {"asset_id": NO_ID}}, 400, ["input"]),
        ({"input": {"url": "http://localhost/x"}}, 400, ["input"]),
        ({"workflow": "no-such"}, 400, ["workflow"]),
        ({"workflow": "", "batch_name": "", "colour": 1}, 422, ["workflow", "batch_name", "colour"]),
        ({"params": {"model": 5}}, 400, ["params.model"]),
        ({"params": {"colour": 5}}, 400, ["params.colour"]),
        ({"callback_url": "http://10.0.0.1/"}, 400, ["callback_url"]),
        ({"deliver_to": {"tuba": "https://example.org"}}, 400, ["deliver_to.tuba"]),
        ({"workflow": "audio-analysis", "deliver_to": {"bpm": "https://example.org"}}, 400, ["deliver_to.bpm"]),
        ({"metadata": {"x": "y" * 20_000}}, 400, ["metadata"]),
    ],
)
def test_a_bad_order_names_every_fault(
    native: Api, world: World, ada: Tenant, changes: dict[str, Any], status: int, fields: list[str]
) -> None:
    code = "invalid-fields" if status == 422 else "invalid-input"
    told(native.post(JOBS, order(world, ada, **changes)), status, code, *fields)
    assert native.get(JOBS).json()["jobs"] == []


def test_another_tenants_file_is_no_input(native: Api, world: World, bob: Tenant) -> None:
    told(native.post(JOBS, order(world, bob)), 400, "invalid-input", "input")


def test_jobs_are_listed_across_dialects_and_by_what_is_asked(native: Api, world: World, ada: Tenant) -> None:
    made = [
        world.order(ada, dialect="native", batch_name="b"),
        world.order(ada, workflow="audio-encoder", params={"format": "mp3"}),
        world.order(ada, batch_name="b"),
    ]
    world.services.jobs.cancel(ada.id, made[2].id)

    def numbers(*query: tuple[str, str]) -> list[int]:
        page = fits(schemas.JobPage, native.get(JOBS, *query))
        return [[job.id for job in made].index(job["id"]) for job in page["jobs"]]

    assert numbers() == [2, 1, 0]
    assert numbers(("batch_name", "b")) == [2, 0]
    assert numbers(("batch_name", "b"), ("state", "queued")) == [0]
    assert numbers(("state", "queued"), ("state", "cancelled")) == [2, 1, 0]
    assert numbers(("workflow", "audio-encoder")) == [1]
    assert numbers(("dialect", "native")) == [0]
    assert numbers(("dialect", "musicai"), ("limit", "1")) == [2]
    told(native.get(JOBS, ("state", "SUCCEEDED")), 422, "invalid-fields", "state.0")


def test_a_job_is_cancelled_and_forgotten(native: Api, world: World, ada: Tenant) -> None:
    job = world.order(ada)
    cancelled = fits(schemas.Job, native.post(f"{JOBS}/{job.id}/cancel", b""))
    assert cancelled["state"] == "cancelled"
    assert native.post(f"{JOBS}/{job.id}/cancel", b"").json() == cancelled
    assert fits(Gone, native.delete(f"{JOBS}/{job.id}")) == {"id": job.id}
    told(native.get(f"{JOBS}/{job.id}"), 404, "not-found")
    done = world.carry_out(world.order(ada))
    told(native.post(f"{JOBS}/{done.id}/cancel", b""), 409, "conflict")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, world: World, ada: Tenant) -> list[float]:
    """Pauses made so far; at the second the newest job of ada's is cancelled."""
    made: list[float] = []

    async def pause(seconds: float) -> None:
        made.append(seconds)
        if len(made) == 2:
            jobs = world.services.jobs
            jobs.cancel(ada.id, jobs.list(ada.id, limit=1)[0].id)

    monkeypatch.setattr(waiting, "pause", pause)
    return made


def test_a_change_of_a_job_is_waited_for(native: Api, world: World, ada: Tenant, looks: list[float]) -> None:
    path = f"{JOBS}/{world.order(ada).id}"
    known = (("after_state", "started"), ("after_progress", "0"))
    assert native.get(path, ("wait_s", "20"), *known).json()["state"] == "queued", "other than what is known: at once"
    assert looks == []
    assert native.get(path, ("wait_s", "20")).json()["state"] == "cancelled"
    assert looks == [0.5, 0.5]
    assert native.get(path, ("wait_s", "20"), ("after_state", "cancelled")).json()["state"] == "cancelled"
    assert len(looks) == 2, "a job that is over never changes: nothing to wait for"
    for name, value in (("wait_s", "21"), ("after_state", "QUEUED"), ("after_progress", "2")):
        told(native.get(path, (name, value)), 422, "invalid-fields", name)


def test_progress_is_news(native: Api, world: World, ada: Tenant, looks: list[float]) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.pipeline.dispatch(ada.id, job.id, 0, "t")
    message = world.queues.sent[-1][1]
    _, step = world.services.tasks.lease(message, "w")
    assert step is not None
    world.services.tasks.progress(message, step, 0.5)
    path, known = f"{JOBS}/{job.id}", (("wait_s", "20"), ("after_state", "started"))
    seen = native.get(path, *known, ("after_progress", "0.1")).json()
    assert (seen["progress"], looks) == (0.5, [])
    assert [s["state"] for s in seen["steps"]] == ["leased"]
    assert native.get(path, *known, ("after_progress", "0.5")).json()["state"] == JobState.CANCELLED
    assert len(looks) == 2


def test_a_file_of_the_web_is_imported(native: Api, world: World, ada: Tenant) -> None:
    url = "https://example.org/a/song.wav?sig=1"
    world.web.pages[url] = GOOD
    given = {"source_url": url}
    made = fits(asset_schemas.Asset, native.post(f"{BASE}/assets", given, idempotency_key="i"))
    assert native.post(f"{BASE}/assets", given, idempotency_key="i").json()["id"] == made["id"]
    assert (made["state"], made["name"], made["source_url"]) == ("pending", "song.wav", url)
    world.services.assets.fetch(ada.id, made["id"])
    ready = fits(asset_schemas.Asset, native.get(f"{BASE}/assets/{made['id']}"))
    assert (ready["state"], ready["size_bytes"]) == ("ready", len(GOOD))
    assert native.post(f"{BASE}/assets", {"source_url": url, "name": "mine"}).json()["name"] == "mine"
    told(native.post(f"{BASE}/assets", {}), 422, "invalid-fields", "source_url")
    told(native.post(f"{BASE}/assets", {"source_url": "http://localhost/"}), 400, "invalid-input", "source_url")


def test_a_file_is_forgotten_and_jobs_that_want_it_say_so(native: Api, world: World, ada: Tenant) -> None:
    asset = world.upload(ada)
    job = world.order(ada, input_asset_id=asset.id)
    assert fits(Gone, native.delete(f"{BASE}/assets/{asset.id}")) == {"id": asset.id}
    assert world.objects.stat(asset.key) is None
    told(native.get(f"{BASE}/assets/{asset.id}"), 404, "not-found")
    told(native.delete(f"{BASE}/assets/{asset.id}"), 404, "not-found")
    world.services.pipeline.plan(ada.id, job.id)
    failed = fits(schemas.Job, native.get(f"{JOBS}/{job.id}"))
    assert failed["failure"] == {"kind": "bad_input", "message": f"there is no asset {asset.id}"}


def test_how_long_a_file_is_kept(native: Api, world: World, ada: Tenant, bob: Tenant) -> None:
    path = f"{BASE}/assets/{world.upload(ada).id}"
    assert fits(asset_schemas.Asset, native.get(path))["keep_until"] is None
    tomorrow = world.clock.now() + timedelta(days=1)
    changed = fits(asset_schemas.Asset, native.patch(path, {"keep_until": tomorrow.isoformat()}))
    assert datetime.fromisoformat(changed["keep_until"]) == tomorrow
    assert native.get(path).json()["keep_until"] == changed["keep_until"]
    there = tomorrow.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert native.patch(path, {"keep_until": there.isoformat()}).status == 200
    assert fits(asset_schemas.Asset, native.patch(path, {"keep_until": None}))["keep_until"] is None
    told(native.patch(path, {"keep_until": "2001-01-01T00:00:00Z"}), 400, "invalid-input", "keep_until")
    for wrong in ({}, {"keep_until": "2030-01-01T00:00:00"}, {"keep_until": "soon"}, {"keep_until": [1]}):
        told(native.patch(path, wrong), 422, "invalid-fields", "keep_until")
    told(native.patch(f"{BASE}/assets/{NO_ID}", {"keep_until": None}), 404, "not-found")
    native.patch(path, {"keep_until": tomorrow.isoformat()})
    world.clock.advance(days=1)
    told(native.get(path), 404, "not-found")
    told(native.patch(path, {"keep_until": None}), 404, "not-found")


def test_a_file_can_be_ordered_with_its_end(native: Api, world: World) -> None:
    until = (world.clock.now() + timedelta(hours=2)).isoformat()
    uploaded = native.post(f"{BASE}/uploads", {"keep_until": until}).json()["asset_id"]
    imported = native.post(f"{BASE}/assets", {"source_url": "https://a.example/x", "keep_until": until}).json()["id"]
    for asset_id in (uploaded, imported):
        assert (
            datetime.fromisoformat(native.get(f"{BASE}/assets/{asset_id}").json()["keep_until"]).hour
            == (world.clock.now().hour + 2) % 24
        )
    for path, more in ((f"{BASE}/uploads", {}), (f"{BASE}/assets", {"source_url": "https://a.example/x"})):
        late = {"keep_until": "2001-01-01T00:00:00Z", **more}
        told(native.post(path, late), 400, "invalid-input", "keep_until")


def test_the_catalogue_tells_licences_and_prices(native: Api) -> None:
    models = fits(catalogue.ModelPage, native.get(f"{BASE}/models"))["models"]
    by_name = {model["name"]: model for model in models}
    assert (by_name["patchbay-classic"]["available"], by_name["htdemucs"]["available"]) == (True, False)
    found = fits(catalogue.WorkflowPage, native.get(f"{BASE}/workflows"))
    prices = {each["name"]: each["usd_per_hour"] for each in found["compute"]}
    by_slug = {workflow["slug"]: workflow for workflow in found["workflows"]}
    [step] = by_slug["stem-isolation-4"]["steps"]
    assert (step["model"], step["licence"]) == ("patchbay-small", by_name["patchbay-small"]["licence"])
    assert step["usd_per_hour"] == prices[step["compute"]] > 0
    missing = by_slug["htdemucs-6s"]
    assert (missing["available"], missing["steps"], missing["outputs"]) == (False, [], [])
    assert "not allowed" in missing["reason"] or "not installed" in missing["reason"]


def test_the_sign_of_life_needs_no_key(native: Api) -> None:
    assert native.with_key(None).get(f"{BASE}/health").json() == {"status": "ok", "stage": "test"}


def test_what_takes_no_input_is_ordered_without_one(native: Api, world: World, ada: Tenant) -> None:
    wishes = {"workflow": "compose", "params": {"duration_s": 10}}
    made = native.post(JOBS, wishes).json()
    assert (made["state"], made["input_asset_id"]) == ("queued", None)
    told(
        native.post(JOBS, {**wishes, "deliver_to": {"key": "https://example.org"}}),
        400,
        "invalid-input",
        "deliver_to.key",
    )
    asset = {"input": {"asset_id": world.upload(ada).id}}
    told(native.post(JOBS, {**wishes, **asset}), 400, "invalid-input", "input")
    told(native.post(JOBS, {"workflow": "audio-analysis"}), 400, "invalid-input", "input")
