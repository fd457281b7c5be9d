"""The events in `events/` are what AWS would send, and what the Lambdas understand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.definition_check import machines
from infra.constructs.pipeline_definition import definition
from patchbay.bootstrap import notice_message, stream_changes
from patchbay.catalog.dialects import DIALECTS
from patchbay.core import events as core_events
from patchbay.core import layout
from patchbay.domain.assets import (
    Asset,
    incoming_key,
    parse_incoming_key,
    parse_upload_key,
    result_prefix,
    upload_key,
)
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.tasks import TaskMessage
from tests.support.templates import ROOT, resources

EVENTS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / "events").glob("*.json"))
    if path.stem != "schema"
}

VARIANTS = {"finish_job_failed", "reconcile_jobs_restart", "upload_finished_eventbridge"}


def entry_points() -> set[str]:
    handlers = {f["Handler"].split(".")[2] for f in resources("prod", "AWS::Lambda::Function").values()}
    assert all(Path(ROOT, "functions/entrypoints", f"{name}.py").exists() for name in handlers)
    return handlers


def pattern_of(rule: str) -> dict[str, Any]:
    """What events a rule is for, by the beginning of its name."""
    (found,) = [
        r["EventPattern"] for name, r in resources("prod", "AWS::Events::Rule").items() if name.startswith(rule)
    ]
    told: dict[str, Any] = found
    return told


def test_every_lambda_has_one() -> None:
    assert set(EVENTS) == entry_points() | VARIANTS


def test_an_upload_sets_off_the_inspection_and_a_result_does_not() -> None:
    pattern = pattern_of("Pipeline/UploadRule")
    event = EVENTS["upload_finished_eventbridge"]
    assert (pattern["source"], pattern["detail-type"]) == ([event["source"]], [event["detail-type"]])
    prefixes = tuple(wanted["prefix"] for wanted in pattern["detail"]["object"]["key"])
    key = event["detail"]["object"]["key"]
    assert (parse_upload_key(key) or parse_incoming_key(key)) is not None
    assert all(made("t", "a").startswith(prefixes) for made in (upload_key, incoming_key))
    assert key.startswith(prefixes)
    assert not result_prefix("t", "f").startswith(prefixes)


def test_a_buried_message_is_a_task() -> None:
    for record in EVENTS["bury_task"]["Records"]:
        TaskMessage.model_validate_json(record["body"])


def test_changes_become_events() -> None:
    told = [core_events.of_change(old, new) for _, old, new in stream_changes(EVENTS["publish_changes"])]
    assert [event and event["type"] for event in told] == ["job.queued", "job.started"]


@pytest.mark.parametrize(
    ("sample", "rule"),
    [
        ("route_event", "Events/RouteRule"),
        ("settle_job", "Events/SettleRule"),
        ("import_asset", "Events/ImportRule"),
        ("push_progress", "Sockets/TellRule"),
    ],
)
def test_events_of_the_bus_pass_the_rule_of_their_lambda(sample: str, rule: str) -> None:
    event = EVENTS[sample]
    if "Records" in event:
        (event,) = [json.loads(record["body"]) for record in event["Records"]]
    pattern = pattern_of(rule)
    assert pattern["source"] == [event["source"]]
    assert event["detail-type"] in pattern["detail-type"]
    assert event["detail-type"] == event["detail"]["type"]


def test_an_event_on_its_way_to_webhooks_is_one_that_the_core_tells() -> None:
    (record,) = EVENTS["route_event"]["Records"]
    told = json.loads(record["body"])["detail"]
    ended = Job.model_validate({**told["data"], "tenant_id": told["tenant_id"]})
    before = ended.model_copy(update={"state": JobState.STARTED})
    said = core_events.of_change(layout.put_job(before).record, layout.put_job(ended).record)
    assert said is not None
    assert {**said, "time": told["time"]} == told


def test_an_asset_that_waits_to_be_imported_is_told_as_such() -> None:
    told = EVENTS["import_asset"]["detail"]
    fields = {"tenant_id": told["tenant_id"], "created_at": told["time"], "source_url": "https://example.org/song.wav"}
    asset = Asset.model_validate({**told["data"], **fields, "key": "k"})
    assert core_events.of_change(None, layout.put_asset(asset).record) == told


def test_a_notice_in_the_queue_can_be_read() -> None:
    (record,) = EVENTS["deliver_webhook"]["Records"]
    message = notice_message(record["body"])
    assert record["attributes"]["MessageGroupId"] == message.tenant_id
    assert message.attempt == 0


@pytest.mark.parametrize("dialect", [dialect.name for dialect in DIALECTS])
def test_requests_are_for_a_path_of_their_dialect(dialect: str) -> None:
    (entry,) = [d for d in DIALECTS if d.name == dialect]
    assert EVENTS[f"api_{dialect}"]["rawPath"].startswith(entry.paths)


def test_the_state_machine_sends_what_the_samples_hold() -> None:
    payloads: dict[str, list[set[str]]] = {}
    for machine in machines(definition(_classes())):
        for state in machine["States"].values():
            if state["Type"] == "Task":
                name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", state["Arguments"]["FunctionName"].strip("${}")).lower()
                payloads.setdefault(name, []).append(set(state["Arguments"]["Payload"]))
    assert set(payloads) == {"plan_job", "run_step", "dispatch_step", "finish_job"}
    for name, sent in payloads.items():
        samples = [set(EVENTS[name])] + ([set(EVENTS["finish_job_failed"])] if name == "finish_job" else [])
        assert all(fields in samples for fields in sent), name


def _classes() -> Any:
    from patchbay.catalog.compute import CLASSES

    return CLASSES.values()
