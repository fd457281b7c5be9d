"""What jobs may cost, held to and told by every dialect in its own form."""

import json
from typing import Any

import pytest

from functions.dialects.native.schemas import accounts as schemas
from patchbay import bootstrap
from patchbay.domain.songs import Facts
from patchbay.settings import Settings
from tests.contract.test_native import BASE
from tests.contract.test_twoshot_generate import ORDER
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

COMPOSE: dict[str, Any] = {"duration_s": 10}
WORDS = ("may spend $1.00 a day", "has spent $4.0", "wait until 2026-01-", "ask the operator for a larger budget")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """One in which a day's jobs may cost a dollar."""
    made = World(Settings(stage="test", rate_limit_scale=1000, budget_daily_standard=1))
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


@pytest.fixture
def spent(world: World, ada: Tenant) -> None:
    """A job that cost more than it was put at."""
    job = world.order(ada)
    pipeline, tasks = world.services.pipeline, world.services.tasks
    pipeline.plan(ada.id, job.id)
    pipeline.dispatch(ada.id, job.id, 0, "token")
    message = world.queues.sent[-1][1]
    _, step = tasks.lease(message, "worker")
    assert step is not None
    tasks.complete(message, step, [], 5 * 3600.0)
    pipeline.finish(ada.id, job.id)


def checked(answer: Answer, status: int) -> dict[str, Any]:
    """The body of a refusal, which names the budget, what was spent, when it begins anew, and the way out."""
    assert answer.status == status, answer.text
    body: dict[str, Any] = answer.json()
    for words in WORDS:
        assert words in json.dumps(body), body
    return body


def test_music_ai(musicai: Api, spent: None) -> None:
    body = checked(musicai.post("/v1/job", {"name": "n", "workflow": "compose", "params": COMPOSE}), 402)
    assert body.keys() == {"code", "title", "message"}
    assert (body["code"], body["title"]) == ("BUDGET_EXCEEDED", "Budget exceeded")
    assert musicai.get("/v1/job").status == 200
    assert musicai.get("/v1/upload").status == 200, "files cost nothing"


def test_audioshake(audioshake: Api, spent: None, ada: Tenant, world: World) -> None:
    (asset,) = world.services.assets.list(ada.id, limit=5)
    target = {"model": "vocals", "formats": ["wav"]}
    body = checked(audioshake.post("/tasks", {"assetId": asset.id, "targets": [target] * 2}), 402)
    assert (body["statusCode"], body["code"], body["error"]) == (402, "BUDGET_EXCEEDED", "Budget Exceeded")


def test_beatoven_knows_no_other_status_than_400(beatoven: Api, spent: None) -> None:
    made = beatoven.post("/api/v1/tracks", {"genre": "pop"}).json()["uuid"]
    body = checked(beatoven.post(f"/api/v2/tracks/{made}/compose", {}), 400)
    assert body["code"] == "BUDGET_EXCEEDED"


def test_twoshot_has_no_402_in_its_document(twoshot: Api, spent: None) -> None:
    body = checked(twoshot.post("/generation", ORDER), 403)
    assert (body["code"], body["path"]) == ("BUDGET_EXCEEDED", "/generation")


def test_soundforge(soundforge: Api, world: World, ada: Tenant, spent: None) -> None:
    song = world.services.songs.found(ada.id, Facts(title="T", artist="A", catalogue="spotify", catalogue_id="x"))
    world.services.songs.bring(ada.id, song.id, world.upload(ada).id)
    body = checked(soundforge.post("/api/processing/separate", {"track_id": song.id, "engine": "local"}), 402)
    assert body["code"] == "BUDGET_EXCEEDED"
    assert body["request_id"]


def test_our_own(native: Api, spent: None, world: World, ada: Tenant) -> None:
    order = {"workflow": "compose", "params": COMPOSE}
    body = checked(native.post(f"{BASE}/jobs", order), 402)
    assert (body["code"], body["title"]) == ("budget-exceeded", "Budget exceeded")
    told = schemas.Usage.model_validate(native.get(f"{BASE}/usage").json())
    (budget,) = told.budgets
    assert (budget.period, budget.limit_usd, budget.reserved_usd) == ("day", 1.0, 0.0)
    assert 4.0 < budget.spent_usd < 4.2
    world.clock.advance(days=1)
    assert native.post(f"{BASE}/jobs", order).status == 200
    (budget,) = schemas.Usage.model_validate(native.get(f"{BASE}/usage").json()).budgets
    assert (budget.spent_usd, budget.reserved_usd > 0) == (0.0, True)


def test_a_repetition_of_what_was_taken_is_answered_though_the_budget_is_spent(native: Api, world: World) -> None:
    order = {"workflow": "compose", "params": COMPOSE}
    made = native.post(f"{BASE}/jobs", order, idempotency_key="k").json()
    world.services.budgets.set(next(iter(_tenants(world))), monthly_usd=1e-9, daily_usd=None)
    assert native.post(f"{BASE}/jobs", order, idempotency_key="k").json()["id"] == made["id"]
    assert native.post(f"{BASE}/jobs", order, idempotency_key="l").status == 402


def _tenants(world: World) -> list[str]:
    return [record.pk.partition("#")[2] for record in world.records.items.values() if record.kind == "job"]
