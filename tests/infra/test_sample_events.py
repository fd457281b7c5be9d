"""The events in `events/` are what AWS would send, and what the Lambdas understand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.definition_check import machines
from infra.constructs.pipeline_definition import definition
from patchbay.bootstrap import stream_changes
from patchbay.catalog.dialects import DIALECTS
from patchbay.core import events as core_events
from patchbay.domain.assets import parse_upload_key, result_prefix
from patchbay.domain.tasks import TaskMessage
from tests.support.templates import ROOT, resources

EVENTS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events").glob("*.json"))}

VARIANTS = {"finish_job_failed", "reconcile_jobs_restart", "upload_finished_eventbridge"}


def entry_points() -> set[str]:
    handlers = {f["Handler"].split(".")[2] for f in resources("prod", "AWS::Lambda::Function").values()}
    assert all(Path(ROOT, "functions/entrypoints", f"{name}.py").exists() for name in handlers)
    return handlers


def test_every_lambda_has_one() -> None:
    assert set(EVENTS) == entry_points() | VARIANTS


def test_an_upload_sets_off_the_inspection_and_a_result_does_not() -> None:
    rules = resources("prod", "AWS::Events::Rule").values()
    (pattern,) = [rule["EventPattern"] for rule in rules if "EventPattern" in rule]
    event = EVENTS["upload_finished_eventbridge"]
    assert (pattern["source"], pattern["detail-type"]) == ([event["source"]], [event["detail-type"]])
    (wanted,) = pattern["detail"]["object"]["key"]
    key = event["detail"]["object"]["key"]
    assert parse_upload_key(key) is not None
    assert key.startswith(wanted["prefix"])
    assert not result_prefix("t", "f").startswith(wanted["prefix"])


def test_a_buried_message_is_a_task() -> None:
    for record in EVENTS["bury_task"]["Records"]:
        TaskMessage.model_validate_json(record["body"])


def test_changes_become_events() -> None:
    told = [core_events.of_change(old, new) for _, old, new in stream_changes(EVENTS["publish_changes"])]
    assert [event and event["type"] for event in told] == ["job.queued", "job.started"]


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
