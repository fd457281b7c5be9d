"""`GET /costs`: what was spent, from day to day, and by what."""

import pytest

from functions.dialects.native.schemas import costs as schemas
from patchbay.domain.users import READ
from tests.contract.test_native import BASE, fits, told
from tests.contract.test_native_account import key_with
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World

COSTS = f"{BASE}/costs"


def test_a_month_from_its_first_day_to_today(native: Api, world: World, ada: Tenant, bob: Tenant) -> None:
    done = world.carry_out(world.order(ada))
    world.carry_out(world.order(bob))
    body = fits(schemas.Costs, native.get(COSTS))
    today = world.clock.now().date().isoformat()
    assert (body["from"], body["to"], body["by"], body["budgets"]) == ("2026-01-01", today, "day", [])
    assert [group["name"] for group in body["groups"]] == [f"2026-01-{d + 1:02d}" for d in range(len(body["groups"]))]
    assert body["groups"][-1] == {"name": today, **body["total"]}
    assert body["total"] == {"jobs": 1, "failed": 0, "audio_minutes": 0.208, "cost_usd": done.cost_usd}


def test_by_workflow_dialect_and_month(native: Api, world: World, ada: Tenant) -> None:
    world.carry_out(world.order(ada))
    world.clock.advance(days=31)
    world.carry_out(world.order(ada, dialect="native", params={"sample_format": "wav24"}))
    world.services.jobs.cancel(ada.id, world.order(ada, dialect="native", workflow="compose", input_asset_id=None).id)
    days = ("from", "2025-12-31"), ("to", "2026-12-31")

    def names(by: str) -> list[tuple[str, int, int]]:
        body = fits(schemas.Costs, native.get(COSTS, *days, ("by", by)))
        return [(group["name"], group["jobs"], group["failed"]) for group in body["groups"]]

    assert names("workflow") == [("stem-isolation-4", 2, 0), ("compose", 0, 1)]
    assert names("dialect") == [("native", 1, 1), ("musicai", 1, 0)]
    assert names("month")[:4] == [("2025-12", 0, 0), ("2026-01", 1, 0), ("2026-02", 1, 1), ("2026-03", 0, 0)]
    assert len(names("day")) == 366


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ([("by", "tenant")], 422, "invalid-fields", "by"),
        ([("from", "yesterday")], 422, "invalid-fields", "from"),
        ([("to", "2026-02-30")], 422, "invalid-fields", "to"),
        ([("from", "2026-01-05"), ("to", "2026-01-04")], 400, "invalid-input", "from"),
        ([("from", "2020-01-01"), ("to", "2026-01-04")], 400, "invalid-input", "from"),
    ],
)
def test_what_cannot_be_asked(native: Api, query: list[tuple[str, str]], status: int, code: str, field: str) -> None:
    told(native.get(COSTS, *query), status, code, field)


def test_budgets_stand_there_and_reading_keys_may_look(native: Api, world: World, ada: Tenant) -> None:
    world.services.budgets.set(ada.id, monthly_usd=20.0, daily_usd=5.0)
    world.order(ada)
    body = fits(schemas.Costs, native.with_key(key_with(world, ada, READ)).get(COSTS))
    assert [(b["period"], b["limit_usd"], b["spent_usd"]) for b in body["budgets"]] == [("month", 20, 0), ("day", 5, 0)]
    assert 0 < body["budgets"][0]["reserved_usd"] < 0.1
    assert body["budgets"][0]["resets_at"] == "2026-02-01T00:00:00+00:00"
    told(native.with_key(None).get(COSTS), 401, "unauthenticated")
