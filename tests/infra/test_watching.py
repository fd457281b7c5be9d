"""What watches a stage: every alarm leads somewhere, and what should be watched is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions import entrypoints
from infra.constructs.watching.ring import PAGE, RUNBOOKS
from infra.stage import stage
from patchbay.catalog import metrics
from patchbay.catalog.compute import QUEUED
from patchbay.catalog.dialects import DIALECTS
from tests.support.templates import ROOT, Template, _made, resources, templates

CLOUD = ("dev", "prod")
EVERY = ("twin", *CLOUD)
ALARM = "AWS::CloudWatch::Alarm"
SECTIONS = ("What it means", "How bad", "Look at", "Do", "Prevent")
OUTSIDE = {
    "PATCHBAY_PUBLIC_URL": "https://music.example.org",
    "PATCHBAY_ALARM_EMAIL": "ops@example.org",
    "PATCHBAY_ALARM_COST_USD": "7.5",
    "PATCHBAY_LAMBDA_CONCURRENCY": "100",
    "PATCHBAY_OTLP_ENDPOINT": "https://xray.eu-central-1.amazonaws.com",
}


@pytest.fixture(scope="session")
def outside() -> dict[str, Template]:
    """A stage with an address of its own, somebody to tell, and spans for X-Ray."""
    return _made(stage("dev", OUTSIDE), ("Pipeline", "Compute", "Watching"))


def alarms(stage_name: str) -> dict[str, Any]:
    return resources(stage_name, ALARM)


def of(template: Template, kind: str) -> list[Any]:
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


def runbook(alarm: dict[str, Any]) -> str:
    return str(alarm["AlarmDescription"]).rpartition("#")[2]


def sections() -> dict[str, str]:
    """Heading -> text of the page of runbooks."""
    parts = re.split(r"^## (.+)$", (ROOT / PAGE).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm(outside: dict[str, Template]) -> None:
    rung = {runbook(alarm) for name in CLOUD for alarm in alarms(name).values()}
    rung |= {runbook(alarm) for alarm in of(outside["Watching"], ALARM)}
    assert rung == set(RUNBOOKS) == set(sections())


@pytest.mark.parametrize("name", sorted(RUNBOOKS))
def test_a_runbook_says_all_that_it_should(name: str) -> None:
    text = sections()[name]
    assert re.findall(r"^\*\*(.+?)\.\*\*", text, flags=re.MULTILINE) == list(SECTIONS)
    assert name in (ROOT / "docs/watching.md").read_text()


@pytest.mark.parametrize("stage_name", EVERY)
def test_an_alarm_leads_to_its_page_and_stays_quiet_about_nothing(stage_name: str) -> None:
    for name, alarm in alarms(stage_name).items():
        assert f"{PAGE}#{runbook(alarm)}" in alarm["AlarmDescription"], name
        assert alarm["TreatMissingData"] == "notBreaching", name


@pytest.mark.parametrize("stage_name", CLOUD)
def test_every_alarm_is_told_when_it_begins_and_when_it_is_over(stage_name: str) -> None:
    topic = f"patchbay-{stage_name}-alarms"
    for name, alarm in alarms(stage_name).items():
        for when in ("AlarmActions", "OKActions"):
            assert len(alarm[when]) == 1, name
            assert topic in json.dumps(alarm[when]) or name.startswith("Watching/"), name


@pytest.mark.parametrize("stage_name", CLOUD)
def test_the_topic_is_sealed_and_alarms_may_tell_it(stage_name: str) -> None:
    watching = templates(stage_name)["Watching"]
    (topic,) = of(watching, "AWS::SNS::Topic")
    assert "KmsMasterKeyId" in topic
    (policy,) = of(watching, "AWS::SNS::TopicPolicy")
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert [s["Principal"] for s in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    keys = [*of(watching, "AWS::KMS::Key"), *of(templates(stage_name)["Data"], "AWS::KMS::Key")]
    assert any("cloudwatch.amazonaws.com" in json.dumps(key["KeyPolicy"]) for key in keys)


def test_whom_to_tell_is_a_setting(outside: dict[str, Template]) -> None:
    (told,) = of(outside["Watching"], "AWS::SNS::Subscription")
    assert (told["Protocol"], told["Endpoint"]) == ("email", "ops@example.org")
    assert of(templates("prod")["Watching"], "AWS::SNS::Subscription") == []


@pytest.mark.parametrize("stage_name", EVERY)
def test_no_queue_is_unwatched(stage_name: str) -> None:
    """Where messages end a single one rings; where they pass, one that is too old, or what is behind."""
    watched = json.dumps([alarm.get("Dimensions", []) for alarm in alarms(stage_name).values()])
    for name, queue in resources(stage_name, "AWS::SQS::Queue").items():
        logical = name.rpartition("/")[2]
        behind = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn", {}).get("Fn::GetAtt", [""])[0]
        assert logical in watched or behind in watched, name


@pytest.mark.parametrize("stage_name", CLOUD)
def test_every_lambda_is_watched_for_errors_and_throttles(stage_name: str) -> None:
    for stack, template in templates(stage_name).items():
        names = {n for n, r in template["Resources"].items() if r["Type"] == "AWS::Lambda::Function"}
        ours = {n for n in names if "patchbay" in json.dumps(template["Resources"][n]).lower()}
        for metric in ("Errors", "Throttles"):
            seen = {
                dimension["Value"]["Ref"]
                for alarm in of(template, ALARM)
                for query in alarm.get("Metrics", [])
                if (stat := query.get("MetricStat", {}).get("Metric", {})).get("MetricName") == metric
                for dimension in stat["Dimensions"]
            }
            assert ours <= seen, f"{stack}: {metric}"
        for alarm in of(template, ALARM):
            assert sum("MetricStat" in query for query in alarm.get("Metrics", [])) <= 10, "AWS takes no more"


@pytest.mark.parametrize("stage_name", CLOUD)
def test_each_dialect_is_watched_for_how_long_it_takes(stage_name: str) -> None:
    slow = [alarm for alarm in alarms(stage_name).values() if runbook(alarm) == "api-slow"]
    assert {alarm["Dimensions"][0]["Value"] for alarm in slow} == {dialect.name for dialect in DIALECTS}
    assert {(alarm["Namespace"], alarm["ExtendedStatistic"]) for alarm in slow} == {(f"Patchbay/{stage_name}", "p95")}


def test_thresholds_that_only_the_operator_knows_are_settings(outside: dict[str, Template]) -> None:
    found = {runbook(alarm): alarm["Threshold"] for alarm in of(outside["Watching"], ALARM)}
    assert (found["cost-per-day"], found["concurrency-near-limit"]) == (7.5, 80)


@pytest.mark.parametrize("stage_name", CLOUD)
def test_alarms_and_dashboard_ask_for_metrics_that_are_measured(stage_name: str) -> None:
    known = {name: group for group in metrics.GROUPS for name in group.units}
    text = json.dumps(templates(stage_name)["Watching"])
    for name, dimensions in re.findall(r'\[\\+"Patchbay/[a-z]+\\+",\\+"(\w+)\\+"((?:,\\+"[\w ]+\\+")*)', text):
        told = tuple(re.findall(r"[\w ]+", dimensions)[::2])
        assert told in known[name].dimensions, name


@pytest.mark.parametrize("stage_name", CLOUD)
def test_saved_queries_look_into_every_part(stage_name: str) -> None:
    queries = of(templates(stage_name)["Watching"], "AWS::Logs::QueryDefinition")
    assert f"Patchbay/{stage_name}/Everything about one job" in {query["Name"] for query in queries}
    groups = set(queries[0]["LogGroupNames"])
    names = [p.stem for p in Path(entrypoints.__path__[0]).glob("*.py")]
    wanted = [n for n in names if n.startswith("api_") or n in {"plan_job", "finish_job", "deliver_webhook"}]
    assert {f"Patchbay-{stage_name}-{name}" for name in wanted} <= groups
    assert {f"Patchbay-{stage_name}-worker_{compute.name}" for compute in QUEUED} <= groups or stage_name == "dev"
    assert f"/aws/vendedlogs/states/patchbay-{stage_name}-jobs" in groups
    assert len(groups) <= 50, "Logs Insights asks no more at once"


@pytest.mark.parametrize("stage_name", EVERY)
def test_the_state_machine_tells_which_job_and_nothing_of_it(stage_name: str) -> None:
    (machine,) = resources(stage_name, "AWS::StepFunctions::StateMachine").values()
    told = machine["LoggingConfiguration"]
    assert (told["Level"], told["IncludeExecutionData"]) == ("ALL", False)


def test_a_public_address_is_looked_at_from_outside(outside: dict[str, Template]) -> None:
    watching = outside["Watching"]
    (look,) = of(watching, "AWS::Lambda::Function")
    assert look["Handler"] == "functions.entrypoints.look_outside.handler"
    assert look["Environment"]["Variables"]["PATCHBAY_PUBLIC_URL"] == OUTSIDE["PATCHBAY_PUBLIC_URL"]
    assert [rule["ScheduleExpression"] for rule in of(watching, "AWS::Events::Rule")] == ["rate(5 minutes)"]
    found = {runbook(alarm): alarm for alarm in of(watching, ALARM)}
    assert {found[name]["ComparisonOperator"] for name in ("unreachable", "certificate-expiry")} == {
        "LessThanThreshold"
    }


def test_who_sends_spans_to_x_ray_may(outside: dict[str, Template]) -> None:
    for stack in ("Pipeline", "Compute"):
        rights = [s for p in of(outside[stack], "AWS::IAM::Policy") for s in p["PolicyDocument"]["Statement"]]
        assert any(s["Action"] == "xray:PutTraceSegments" for s in rights), stack
        ours = templates("dev")[stack]
        assert "xray:" not in json.dumps(ours)


def test_the_page_tells_what_the_metrics_are_and_cost() -> None:
    text = (ROOT / "docs/watching.md").read_text()
    table = text.partition("<!-- metrics -->\n")[2].partition("<!-- /metrics -->")[0]
    assert table == metrics_table()


def metrics_table() -> str:
    """The part of `docs/watching.md` that follows from the catalogue."""
    many = {"service": "dialects", "state": "3", "workflow": "workflows", "compute": "classes", "outcome": "3"}
    rows = ["| metrics | by | metrics in all |", "| --- | --- | --- |"]
    for group in metrics.GROUPS:
        by = "; ".join(", ".join(names) or "nothing" for names in group.dimensions)
        sets = [" x ".join([str(len(group.units)), *(many[name] for name in names)]) for names in group.dimensions]
        rows.append(f"| {', '.join(f'`{name}`' for name in group.units)} | {by} | {' + '.join(sets)} |")
    return "\n".join(rows) + "\n"
