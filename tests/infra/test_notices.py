"""The way from the bus to webhook receivers: nothing is lost on it, and each Lambda may do its part and no more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.constructs import notice_queues
from infra.stacks.events import BATCH, ROUTED, SOURCE
from patchbay.adapters.aws import bus
from patchbay.core.receivers import TIMEOUT_S
from patchbay.domain.webhooks import EVENT_TYPES
from patchbay.ports import LONGEST_DELAY_S
from tests.infra.test_launch_rights import of_lambda, resources_of
from tests.support.templates import resources, templates

EVERY = ("twin", "dev", "prod")
KEPT_S = 14 * 86400


def named(stage: str, kind: str, beginning: str) -> Any:
    """Properties of the one resource of a type whose name begins so."""
    (found,) = [r for name, r in resources(stage, kind).items() if name.startswith(beginning)]
    return found


def function(stage: str, entrypoint: str) -> Any:
    handler = f"functions.entrypoints.{entrypoint}.handler"
    (found,) = [f for f in resources(stage, "AWS::Lambda::Function").values() if f["Handler"] == handler]
    return found


def drains(stage: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name of the Lambda, mapping) of those that take messages from queues, in the stack of events."""
    for mapping in resources(stage, "AWS::Lambda::EventSourceMapping").values():
        name = mapping["FunctionName"]["Ref"]
        if name.startswith(("RouteEvent", "DeliverWebhook")):
            yield name, mapping


def test_the_names_are_those_of_the_core() -> None:
    assert {*ROUTED, "ping"} == set(EVENT_TYPES)
    assert SOURCE == bus.SOURCE


@pytest.mark.parametrize("stage", EVERY)
def test_every_event_that_can_be_asked_for_goes_to_the_queue_and_progress_does_not(stage: str) -> None:
    rule = named(stage, "AWS::Events::Rule", "Events/RouteRule")
    assert rule["EventPattern"] == {"source": ["patchbay"], "detail-type": list(ROUTED)}
    (target,) = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("Events")
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].startswith("Lost")


@pytest.mark.parametrize("stage", EVERY)
def test_batches_are_not_waited_for_and_one_message_does_not_hold_up_the_others(stage: str) -> None:
    mappings = dict(drains(stage))
    assert len(mappings) == 2
    for mapping in mappings.values():
        assert mapping["BatchSize"] == BATCH
        assert mapping.get("MaximumBatchingWindowInSeconds", 0) == 0
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


@pytest.mark.parametrize("stage", EVERY)
@pytest.mark.parametrize(
    ("queue", "entrypoint"), [("Events/Events", "route_event"), ("Pipeline/NoticesAttempts", "deliver_webhook")]
)
def test_a_message_comes_back_and_ends_where_somebody_is_told(stage: str, queue: str, entrypoint: str) -> None:
    queues = {name: q for name, q in resources(stage, "AWS::SQS::Queue").items() if name.startswith(queue)}
    (source,) = [q for q in queues.values() if "RedrivePolicy" in q]
    assert source["VisibilityTimeout"] >= 6 * function(stage, entrypoint)["Timeout"]
    assert source["RedrivePolicy"]["maxReceiveCount"] == 5
    behind = source["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    dead = resources(stage, "AWS::SQS::Queue")[f"{queue.partition('/')[0]}/{behind}"]
    assert source["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == KEPT_S
    watched = [str(alarm.get("Dimensions")) for alarm in resources(stage, "AWS::CloudWatch::Alarm").values()]
    assert sum(behind in dimensions for dimensions in watched) == 1


@pytest.mark.parametrize("stage", EVERY)
def test_given_up_notices_are_kept_and_many_at_once_ring_a_bell(stage: str) -> None:
    queue = named(stage, "AWS::SQS::Queue", "Pipeline/NoticesGivenUp")
    assert queue["MessageRetentionPeriod"] == KEPT_S
    alarm = named(stage, "AWS::CloudWatch::Alarm", "Pipeline/NoticesGivenUp")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("NumberOfMessagesSent", "Sum")
    assert alarm["Threshold"] == notice_queues.MANY
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("stage", EVERY)
def test_an_attempt_has_ended_when_its_lambda_does(stage: str) -> None:
    assert function(stage, "deliver_webhook")["Timeout"] > 2 * TIMEOUT_S


@pytest.mark.parametrize("stage", EVERY)
def test_the_sweep_comes_more_often_than_a_message_can_wait(stage: str) -> None:
    rule = named(stage, "AWS::Events::Rule", "Events/SweepRule")
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert LONGEST_DELAY_S > 120
    assert function(stage, "sweep_notices")["Timeout"] <= 60


@pytest.mark.parametrize("stage", EVERY)
def test_an_import_has_the_room_and_time_that_a_plan_has(stage: str) -> None:
    rule = named(stage, "AWS::Events::Rule", "Events/ImportRule")
    assert rule["EventPattern"] == {"source": ["patchbay"], "detail-type": ["asset.awaited"]}
    plan, fetch = function(stage, "plan_job"), function(stage, "import_asset")
    for what in ("Timeout", "MemorySize", "EphemeralStorage"):
        assert fetch[what] == plan[what]
    stack = templates(stage)
    files = [
        {(action, on.rpartition("/")[2]) for action, on in of_lambda(stack[name], entry) if action.startswith("s3:")}
        for name, entry in (("Pipeline", "plan_job"), ("Events", "import_asset"))
    ]
    assert {action for action, _ in files[0]} == {action for action, _ in files[1]}


@pytest.mark.parametrize("stage", EVERY)
def test_who_sends_notices_knows_where_to(stage: str) -> None:
    for entrypoint in ("api_native", "route_event", "deliver_webhook", "sweep_notices"):
        told = function(stage, entrypoint)["Environment"]["Variables"]
        assert told["PATCHBAY_NOTICE_QUEUE_URL"]
        assert told["PATCHBAY_DEAD_NOTICE_QUEUE_URL"]


@pytest.mark.parametrize("stage", EVERY)
@pytest.mark.parametrize(
    ("stack", "entrypoint", "queues"),
    [
        ("Api", "api_native", ("NoticesAttempts",)),
        ("Api", "api_musicai", ()),
        ("Events", "publish_changes", ()),
        ("Events", "route_event", ("NoticesAttempts",)),
        ("Events", "deliver_webhook", ("NoticesAttempts", "NoticesGivenUp")),
        ("Events", "sweep_notices", ("NoticesAttempts", "NoticesGivenUp")),
        ("Events", "import_asset", ()),
        ("Pipeline", "reconcile_jobs", ()),
    ],
)
def test_who_may_send_to_which_queue(stage: str, stack: str, entrypoint: str, queues: tuple[str, ...]) -> None:
    given = resources_of("sqs:SendMessage", of_lambda(templates(stage)[stack], entrypoint))
    assert len(given) == len(queues)
    for queue in queues:
        assert any(f"{queue}" in resource for resource in given), json.dumps(sorted(given))
