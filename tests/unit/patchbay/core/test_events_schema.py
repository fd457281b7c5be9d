"""Every event that there can be is what `events/schema.json` promises, and the schema promises nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from patchbay.core import events
from patchbay.core.jobs import Order
from patchbay.domain.jobs import Failure, FailureKind
from patchbay.domain.webhooks import EVENT_TYPES
from tests.fakes.notices import FakeStream
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[4] / "events" / "schema.json").read_text())
VALID = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
URL = "https://example.org/a.wav"


def everything(world: World, tenant: Tenant) -> list[dict[str, Any]]:
    """Events of every type."""
    services, stream = world.services, FakeStream(world.records)
    world.web.pages[URL] = GOOD
    job = world.order(tenant, input_url=URL, name="n", batch_name="b")
    services.pipeline.plan(tenant.id, job.id)
    services.pipeline.dispatch(tenant.id, job.id, 0, "t")
    _, step = services.tasks.lease(world.queues.sent[-1][1], "w")
    assert step is not None
    services.tasks.progress(world.queues.sent[-1][1], step, 0.5)
    services.jobs.delete(tenant.id, job.id)
    world.carry_out(world.order(tenant, input_asset_id=world.upload(tenant, GOOD + b"2").id))
    failed = world.order(tenant)
    services.pipeline.fail(tenant.id, failed.id, Failure(kind=FailureKind.TIMEOUT, message="m"))
    bad = world.upload(tenant, b"no audio")
    services.assets.inspect(tenant.id, bad.id)
    orders = [Order(tenant.id, tenant.caller.application_id, "native", "stem-isolation-4", input_url=URL)] * 2
    services.groups.submit(orders, request={})
    services.budgets.set(tenant.id, monthly_usd=None, daily_usd=1e-9)
    assert services.budgets.warn(tenant.id)
    endpoint, _ = services.endpoints.create(tenant.id, URL)
    return [*stream.events(), services.notices.ping(tenant.id, endpoint.id).event]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["version"]["const"] == events.VERSION
    assert SCHEMA["$id"].endswith(f":{events.VERSION}")


def test_every_type_that_there_is_comes_and_fits(world: World, ada: Tenant) -> None:
    told = everything(world, ada)
    for event in told:
        VALID.validate(json.loads(json.dumps(event)))
    types = {kind["title"] for kind in SCHEMA["oneOf"]}
    assert {event["type"] for event in told} == types == set(SCHEMA["properties"]["type"]["enum"])
    assert types - set(EVENT_TYPES) == {"job.progressed", "asset.awaited"}, "these are not sent to webhooks"
    assert set(EVENT_TYPES) <= types


def test_the_schema_names_every_field_that_is_told_and_no_other(world: World, ada: Tenant) -> None:
    for event in everything(world, ada):
        kind = event["type"].split(".")[0]
        assert event["data"].keys() == SCHEMA["$defs"][kind]["properties"].keys()
        assert event.keys() == SCHEMA["properties"].keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2"},
        {"type": "job.exploded"},
        {"type": "asset.ready"},
        {"type": "job.failed"},
        {"tenant_id": "ada"},
        {"data": {}},
        {"time": None},
    ],
)
def test_what_does_not_fit_is_refused(world: World, ada: Tenant, changes: dict[str, Any]) -> None:
    world.carry_out(world.order(ada))
    event = FakeStream(world.records).events()[-1]
    assert VALID.is_valid(event)
    assert not VALID.is_valid({**event, **changes})
