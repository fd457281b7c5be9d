"""Ends of jobs reach the Lambda that settles what they made, and it may do its part and no more."""

import json

import pytest

from infra.constructs import notice_queues
from infra.constructs.buckets import IMAGES, SAMPLES
from infra.stacks.api import OWN_PLACES
from infra.stacks.events import JOB_OVER
from patchbay.catalog.dialects import DIALECTS
from patchbay.core import events as core_events
from patchbay.core import layout
from patchbay.core.preparation import preview_key
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
def test_the_rule_takes_every_end_of_a_job_and_nothing_else(stage: str) -> None:
    rule = named(stage, "AWS::Events::Rule", "Events/SettleRule")
    ends = {f"job.{state}" for state in JobState if state.terminal} | {"job.deleted"}
    assert set(JOB_OVER) == ends
    assert rule["EventPattern"] == {"source": ["patchbay"], "detail-type": list(JOB_OVER)}
    (target,) = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("Ended")
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith("Lost")


def test_the_committed_event_passes_the_rule_and_is_one_that_the_core_tells() -> None:
    (record,) = sample("settle_job")["Records"]
    event = json.loads(record["body"])
    pattern = named("prod", "AWS::Events::Rule", "Events/SettleRule")["EventPattern"]
    told = event["detail"]
    assert [event["source"]] == pattern["source"]
    assert event["detail-type"] == told["type"]
    assert told["type"] in pattern["detail-type"]
    ended = Job.model_validate({**told["data"], "tenant_id": told["tenant_id"]})
    before = ended.model_copy(update={"state": JobState.STARTED})
    said = core_events.of_change(layout.put_job(before).record, layout.put_job(ended).record)
    assert said is not None
    assert {**said, "time": told["time"]} == told


@pytest.mark.parametrize("stage", EVERY)
def test_it_reads_results_and_writes_where_things_stay(stage: str) -> None:
    may = of_lambda(templates(stage)["Events"], "settle_job")
    places = {(action, json.loads(on).get("Fn::Join", ["", [""]])[1][-1]) for action, on in may if "s3:" in action}
    kept = {"/uploads/*", "/samples/*", "/videos/*"}
    incoming = "/incoming/audio/*"
    of = {action: {end for each, end in places if each == action} for action, _ in places}
    assert of["s3:GetObject"] == {"/results/*", incoming, *kept}
    assert of["s3:PutObject"] == kept
    assert of["s3:DeleteObject"] == {incoming, *kept}
    # Of queues it may take from its own alone, which the mapping of events asks for.
    assert not {action for action, _ in may if action.startswith(("states:", "events:")) or action == "sqs:SendMessage"}


@pytest.mark.parametrize("stage", EVERY)
def test_what_it_cannot_do_is_tried_again_and_then_kept(stage: str) -> None:
    queue = named(stage, "AWS::SQS::Queue", "Events/Ended")
    settle, plan = function(stage, "settle_job"), function(stage, "plan_job")
    assert queue["VisibilityTimeout"] >= 6 * settle["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == notice_queues.RECEIVES == 5
    behind = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert behind.startswith("Lost")
    watched = [str(alarm.get("Dimensions")) for alarm in resources(stage, "AWS::CloudWatch::Alarm").values()]
    assert sum(behind in dimensions for dimensions in watched) >= 1
    for what in ("Timeout", "MemorySize", "EphemeralStorage"):
        assert settle[what] == plan[what], "both look at whole files"
    mappings = resources(stage, "AWS::Lambda::EventSourceMapping").values()
    (mapping,) = [each for each in mappings if each["FunctionName"]["Ref"].startswith("SettleJob")]
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
