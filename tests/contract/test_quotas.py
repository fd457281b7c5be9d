"""What an account may have at once, told by every dialect in its own form."""

import json
from typing import Any

import pytest

from functions.dialects.native.schemas import accounts as schemas
from patchbay import bootstrap
from patchbay.settings import Settings
from tests.contract.test_native import BASE
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

COMPOSE: dict[str, Any] = {"duration_s": 10}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """One in which an account may have one file and one job."""
    made = World(Settings(stage="test", rate_limit_scale=1000, quota_files=1, quota_jobs=1, quota_gb=1))
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


@pytest.fixture
def full(world: World, ada: Tenant) -> None:
    world.order(ada)


def checked(answer: Answer, status: int, what: str) -> dict[str, Any]:
    """The body of a refusal, which names the bound, the use and the way out."""
    assert answer.status == status, answer.text
    body: dict[str, Any] = answer.json()
    for words in (f"may have 1 {what}, and has 1", "ask the operator for a larger plan"):
        assert words in json.dumps(body), body
    return body


JOBS, FILES = "jobs that are not over", "files"


def test_music_ai(musicai: Api, full: None) -> None:
    order = {"name": "n", "workflow": "compose", "params": COMPOSE}
    body = checked(musicai.post("/v1/job", order), 403, JOBS)
    assert body.keys() == {"code", "title", "message"}
    assert (body["code"], body["title"]) == ("QUOTA_EXCEEDED", "Quota exceeded")
    checked(musicai.get("/v1/upload"), 403, FILES)


def test_audioshake(audioshake: Api, full: None, ada: Tenant, world: World) -> None:
    (asset,) = world.services.assets.list(ada.id, limit=5)
    target = {"model": "vocals", "formats": ["wav"]}
    answer = audioshake.post("/tasks", {"assetId": asset.id, "targets": [target]})
    body = checked(answer, 403, JOBS)
    assert (body["statusCode"], body["code"], body["error"]) == (403, "QUOTA_EXCEEDED", "Quota Exceeded")


def test_beatoven_knows_no_other_status_than_400(beatoven: Api, full: None) -> None:
    made = beatoven.post("/api/v1/tracks", {"genre": "pop"}).json()["uuid"]
    body = checked(beatoven.post(f"/api/v2/tracks/{made}/compose", {}), 400, JOBS)
    assert body["code"] == "QUOTA_EXCEEDED"


def test_twoshot(twoshot: Api, full: None) -> None:
    answer = twoshot.post("/sample/upload", {"name": "a.wav"})
    body = checked(answer, 403, FILES)
    assert (body["code"], body["path"]) == ("QUOTA_EXCEEDED", "/sample/upload")
    assert body["details"]["requestId"]


def test_our_own(native: Api, full: None, world: World, ada: Tenant) -> None:
    answer = native.post(f"{BASE}/jobs", {"workflow": "compose", "params": COMPOSE})
    body = checked(answer, 403, JOBS)
    assert (body["code"], body["title"]) == ("quota-exceeded", "Quota exceeded")
    checked(native.post(f"{BASE}/uploads", {"name": "a.wav"}), 403, FILES)
    told = schemas.Usage.model_validate(native.get(f"{BASE}/usage").json())
    assert {held.name: (held.used, held.limit) for held in told.held} == {
        "files": (1, 1),
        "bytes": (0, 1024**3),
        "jobs": (1, 1),
    }
    (job,) = world.services.jobs.list(ada.id, limit=2)
    assert native.delete(f"{BASE}/jobs/{job.id}").status < 300
    assert native.post(f"{BASE}/jobs", {"workflow": "compose", "params": COMPOSE}).status == 200


def test_where_nothing_is_bounded_usage_tells_of_nothing(
    native: Api, monkeypatch: pytest.MonkeyPatch, ada: Tenant, world: World
) -> None:
    world.services.accounts.set_plan(ada.id, "operator")
    world.order(ada)
    world.order(ada)
    assert native.get(f"{BASE}/usage").json()["held"] == []
