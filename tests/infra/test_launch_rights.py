"""Who may start workers, and what a worker may do once it runs."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra import app as infra_app
from infra.constructs.bundles import ROOT, Bundler
from infra.stage import stage
from patchbay.core import turns
from tests.support.templates import Template, on_sagemaker, templates

Pairs = set[tuple[str, str]]

LAUNCH = {
    "batch": {"sqs:GetQueueAttributes", "batch:SubmitJob", "batch:CancelJob", "batch:ListJobs"},
    "sagemaker": {
        "sqs:GetQueueAttributes",
        "sagemaker:CreateProcessingJob",
        "sagemaker:ListProcessingJobs",
        "sagemaker:InvokeEndpointAsync",
        "s3:PutObject",
        "iam:PassRole",
    },
}
CLOUD = {"batch": lambda: templates("prod"), "sagemaker": on_sagemaker}


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(template: Template, role: str) -> Pairs:
    """(action, resource as JSON) of all that the policies of a role name allow."""
    policies = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::IAM::Policy"]
    return {
        (action, json.dumps(resource))
        for policy in policies
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in many(statement["Action"])
        for resource in many(statement["Resource"])
        if "Lost" not in json.dumps(resource)  # where Lambda itself leaves what failed for good
    }


def of_lambda(template: Template, entrypoint: str) -> Pairs:
    handler = f"functions.entrypoints.{entrypoint}.handler"
    (role,) = [
        r["Properties"]["Role"]["Fn::GetAtt"][0]
        for r in template["Resources"].values()
        if r["Type"] == "AWS::Lambda::Function" and r["Properties"]["Handler"] == handler
    ]
    return allowed(template, role)


def of_workers(template: Template) -> list[Pairs]:
    """Of each role in the stack of machines that takes tasks."""
    roles = [name for name, r in template["Resources"].items() if r["Type"] == "AWS::IAM::Role"]
    found = [allowed(template, role) for role in roles]
    return [pairs for pairs in found if resources_of("sqs:ReceiveMessage", pairs)]


def resources_of(action: str, pairs: Pairs) -> set[str]:
    return {resource for given, resource in pairs if given == action}


@pytest.mark.parametrize("launcher", CLOUD)
def test_dispatch_and_reconciliation_may_launch_alike(launcher: str) -> None:
    pipeline = CLOUD[launcher]()["Pipeline"]
    dispatch, reconcile = (
        {(action, on) for action, on in of_lambda(pipeline, entrypoint) if action in LAUNCH[launcher]}
        for entrypoint in ("dispatch_step", "reconcile_jobs")
    )
    assert dispatch == reconcile
    assert {action for action, _ in reconcile} == LAUNCH[launcher]
    assert len(resources_of("sqs:GetQueueAttributes", reconcile)) == 2


@pytest.mark.parametrize("launcher", CLOUD)
def test_dispatch_and_reconciliation_know_how_to_launch_alike(launcher: str) -> None:
    found = []
    for entrypoint in ("dispatch_step", "reconcile_jobs"):
        handler = f"functions.entrypoints.{entrypoint}.handler"
        (variables,) = [
            r["Properties"]["Environment"]["Variables"]
            for r in CLOUD[launcher]()["Pipeline"]["Resources"].values()
            if r["Type"] == "AWS::Lambda::Function" and r["Properties"]["Handler"] == handler
        ]
        assert variables["PATCHBAY_LAUNCHER"].startswith(launcher)
        found.append({k: v for k, v in variables.items() if k.startswith(f"PATCHBAY_{launcher.upper()}_")})
    assert found[0] == found[1]
    assert len(found[0]) >= 3


@pytest.mark.parametrize("launcher", CLOUD)
def test_whose_turn_it_is_has_it_for_as_long_as_he_may_run(launcher: str) -> None:
    """Or another would move the same worker while he is at it."""
    longest_s = [
        r["Properties"]["Timeout"]
        for r in CLOUD[launcher]()["Pipeline"]["Resources"].values()
        if r["Type"] == "AWS::Lambda::Function"
        and r["Properties"]["Handler"].split(".")[2] in {"dispatch_step", "reconcile_jobs"}
    ]
    assert len(longest_s) == 2
    assert max(longest_s) < turns.LASTS.total_seconds()


@pytest.mark.parametrize("launcher", CLOUD)
def test_reconciliation_sends_no_tasks_and_answers_none(launcher: str) -> None:
    actions = {action for action, _ in of_lambda(CLOUD[launcher]()["Pipeline"], "reconcile_jobs")}
    assert actions.isdisjoint({"sqs:SendMessage", "states:SendTaskSuccess", "states:SendTaskFailure"})


def test_only_jobs_of_the_own_stage_are_made_on_sagemaker() -> None:
    pairs = of_lambda(on_sagemaker()["Pipeline"], "dispatch_step")
    (jobs,) = resources_of("sagemaker:CreateProcessingJob", pairs)
    assert ":processing-job/patchbay-dev-*" in jobs


def test_an_endpoint_is_rung_by_its_name_and_told_at_one_key() -> None:
    pairs = of_lambda(on_sagemaker()["Pipeline"], "dispatch_step")
    (endpoint,) = resources_of("sagemaker:InvokeEndpointAsync", pairs)
    assert endpoint.endswith(':endpoint/patchbay-dev-gpu-workers"]]}')
    (key,) = resources_of("s3:PutObject", pairs)
    assert key.endswith('"/endpoints/gpu.json"]]}')


@pytest.mark.parametrize("launcher", CLOUD)
def test_a_worker_may_send_to_the_queues_it_takes_from(launcher: str) -> None:
    workers = of_workers(CLOUD[launcher]()["Compute"])
    assert len(workers) == 2
    for pairs in workers:
        taken = resources_of("sqs:ReceiveMessage", pairs)
        assert len(taken) == 1
        assert resources_of("sqs:SendMessage", pairs) == taken


def test_workers_read_weights_where_the_operator_keeps_them(tmp_path: Path) -> None:
    chosen = stage("dev", {"PATCHBAY_WEIGHTS": "s3://our-models/v1", "PATCHBAY_LAUNCHER": "sagemaker"})
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(outdir=str(tmp_path / "assembly"), context=context, analytics_reporting=False)
    infra_app.check(app, chosen)
    infra_app.build(app, chosen, Bundler(out=tmp_path, target=infra_app.target_of(chosen), install=False))
    app.synth()
    made = json.loads((tmp_path / f"assembly/{chosen.prefix}-Compute.template.json").read_text())
    (pairs,) = of_workers(made)
    bucket = ["arn:", {"Ref": "AWS::Partition"}, ":s3:::our-models"]
    objects = json.dumps({"Fn::Join": ["", [*bucket[:2], ":s3:::our-models/v1/*"]]})
    assert objects in resources_of("s3:GetObject", pairs)
    assert json.dumps({"Fn::Join": ["", bucket]}) in resources_of("s3:ListBucket", pairs)
    assert "Weights" not in str(pairs)
