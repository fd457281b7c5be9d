"""Ends of preparation jobs reach the Lambda that settles samples, and it may do its part and no more."""

import json

import pytest

from infra.constructs.buckets import IMAGES, SAMPLES
from infra.stacks.api import OWN_PLACES
from infra.stacks.events import PREPARATION_OVER
from patchbay.catalog.dialects import DIALECTS
from patchbay.core import events as core_events
from patchbay.core import layout
from patchbay.core.preparation import WORKFLOW, preview_key
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.people import picture_key
from tests.infra.test_launch_rights import of_lambda
from tests.infra.test_notices import EVERY, function, named
from tests.support.samples import sample
from tests.support.templates import resources, templates


def test_places_are_those_of_the_keys_that_the_core_makes() -> None:
    assert preview_key("t", "s").startswith(SAMPLES)
    assert picture_key("t", 1).startswith(IMAGES)
    assert set(OWN_PLACES) <= {dialect.name for dialect in DIALECTS}


@pytest.mark.parametrize("stage", EVERY)
def test_the_rule_takes_every_end_of_a_preparation_and_nothing_else(stage: str) -> None:
    rule = named(stage, "AWS::Events::Rule", "Events/SettleRule")
    ends = {f"job.{state}" for state in JobState if state.terminal} | {"job.deleted"}
    assert set(PREPARATION_OVER) == ends
    wanted = {
        "source": ["patchbay"],
        "detail-type": list(PREPARATION_OVER),
        "detail": {"data": {"workflow": [WORKFLOW]}},
    }
    assert rule["EventPattern"] == wanted
    (target,) = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("SettleSample")
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith("Lost")


def test_the_committed_event_passes_the_rule_and_is_one_that_the_core_tells() -> None:
    event = sample("settle_sample")
    pattern = named("prod", "AWS::Events::Rule", "Events/SettleRule")["EventPattern"]
    told = event["detail"]
    assert [event["source"]] == pattern["source"]
    assert event["detail-type"] == told["type"]
    assert told["type"] in pattern["detail-type"]
    assert [told["data"]["workflow"]] == pattern["detail"]["data"]["workflow"]
    ended = Job.model_validate({**told["data"], "tenant_id": told["tenant_id"]})
    before = ended.model_copy(update={"state": JobState.STARTED})
    said = core_events.of_change(layout.put_job(before).record, layout.put_job(ended).record)
    assert said is not None
    assert {**said, "time": told["time"]} == told


@pytest.mark.parametrize("stage", EVERY)
def test_it_reads_results_and_writes_where_samples_stay(stage: str) -> None:
    may = of_lambda(templates(stage)["Events"], "settle_sample")
    places = {(action, json.loads(on).get("Fn::Join", ["", [""]])[1][-1]) for action, on in may if "s3:" in action}
    assert {end for action, end in places if action == "s3:GetObject"} == {"/results/*"}
    writing = {action for action, end in places if end == "/samples/*"}
    assert {"s3:PutObject", "s3:DeleteObject"} <= writing
    assert places == {
        ("s3:GetObject", "/results/*"),
        ("s3:ListBucket", ""),
        *((each, "/samples/*") for each in writing),
    }
    assert not {action for action, _ in may if action.startswith(("states:", "sqs:", "events:"))}


@pytest.mark.parametrize("stage", EVERY)
def test_what_it_cannot_do_is_tried_again_and_then_kept(stage: str) -> None:
    assert function(stage, "settle_sample")["Timeout"] == 30
    configs = resources(stage, "AWS::Lambda::EventInvokeConfig").values()
    (config,) = [c for c in configs if c["FunctionName"]["Ref"].startswith("SettleSample")]
    assert config["MaximumRetryAttempts"] == 2
    assert "OnFailure" in config["DestinationConfig"]
