"""Who may do what: every statement of every role, in every way that a stage can be set."""

import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from infra.constructs.egress import FETCHED
from infra.constructs.table import SECRETS
from patchbay.adapters.aws import egress
from patchbay.core import layout, layout_links, layout_people, layout_sockets, layout_vendors
from tests.support.policies import Role, functions, many, roles, told
from tests.support.templates import Template, on_sagemaker, templates

SET = {
    "private_workers": "true",
    "secrets": "patchbay/prod",
    "secrets_before": "patchbay/prod-1",
    "weights": "s3://our-models/v1",
    "audio_library": "s3://our-songs/all",
    "ingest_max": "2",
    "otlp_endpoint": "https://xray.us-east-1.amazonaws.com",
}
"""All that an operator can set which gives somebody a right."""
VARIANTS: dict[str, Callable[[], dict[str, Template]]] = {
    "twin": lambda: templates("twin"),
    "dev": lambda: templates("dev"),
    "prod": lambda: templates("prod"),
    "sagemaker": on_sagemaker,
    "everything": lambda: templates("prod", "batch,gpu=sagemaker-endpoint", **SET),
}
WILDCARDS = {
    r"s3:\S+ \S+/(images|incoming/(audio|pictures|videos|fetched)|orders|projects|results|samples|uploads|videos)/\*": (
        "objects are named by what is uploaded; below one prefix of one bucket"
    ),
    r"s3:GetObject <\S*Weights\S*>/\*": "workers read all weights",
    r"s3:GetObject arn:<AWS::Partition>:s3:::our-(models/v1|songs/all)/\*": "below the place that the operator names",
    r"states:(Stop|Describe)Execution arn:\S+:execution:patchbay-\w+-jobs:\*": "executions are named after jobs",
    r"batch:SubmitJob \S+:job-definition/patchbay-\w+-\w+-worker:\*": "revisions are numbered as they come",
    r"execute-api:ManageConnections \S+/live/POST/@connections/\*": "sockets are named as they open",
    r"sagemaker:\w+ \S+:processing-job/patchbay-dev-\*": "jobs are named as they come, after the stage",
    r"logs:\w+ \S+:log-group:/aws/sagemaker/(ProcessingJobs|Endpoints/patchbay-\w+-gpu-workers):\*": (
        "SageMaker names the streams of its groups"
    ),
    r"s3:\S+ \S+/endpoints/\*": "SageMaker names what an endpoint answers; below one prefix of one bucket",
    r"secretsmanager:GetSecretValue \S+:secret:patchbay/prod(-1)?-\?{6}": (
        "Secrets Manager makes the end of a secret's ARN"
    ),
    r"batch:CancelJob \S+:job/\*": "Batch numbers jobs as they come; what waits for a machine is taken back",
    r"ecs:(Get|Update)TaskProtection \S+:task/patchbay-prod-ingest/\*": "tasks of one cluster, numbered as they come",
    r"xray:PutTraceSegments \*": "knows no resources",
    r"batch:ListJobs \*": "knows no resources",
    r"sagemaker:ListProcessingJobs \*": "knows no resources",
    r"dynamodb:ListStreams \*": "knows no resources",
    r"ecr:GetAuthorizationToken \*": "knows no resources",
    r"logs:(Create|Get|Update|Delete|List)LogDeliver(y|ies) \*": "log delivery knows no resources",
    r"logs:(PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups) \*": "log delivery knows no resources",
}
"""Every right whose resource has a wildcard, as `action resource`, and why."""
SECRET_KEYS = {
    "BROWSERS": layout_people.browser_key("h")[0],
    "CONSENTS": layout_links.consent_key("h")[0],
    "EMAILS": layout.email_key("ada@example.org")[0],
    "ENDED": layout_people.ended_key("u", "s")[0],
    "HANDOVERS": layout_people.hand_over_key("h")[0],
    "KEYS": layout.api_key_key("t", "k")[0],
    "LINKS": layout_links.link_key("t", "c")[0],
    "RESETS": layout_people.reset_key("u")[0],
    "SECRETS": layout.secret_key("h")[0],
    "SIGNING": layout.signing_key("t", "e")[0],
    "TICKETS": layout_sockets.ticket_key("h")[0],
    "VENDORKEYS": layout_vendors.kept_key_key("t", "v")[0],
}
OPENED = {"deliver_webhook": {"SIGNING"}, "open_key": {"VENDORKEYS"}}
"""Lambdas behind the API that need some of them."""
CALLS_OUT = {"plan_job", "run_step", "import_asset", "deliver_webhook"}
TABLE_VERBS = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")


def every_role(variant: str) -> Iterator[tuple[str, Role]]:
    for stack, template in VARIANTS[variant]().items():
        for role in roles(template).values():
            yield stack, role


def every_function(variant: str) -> Iterator[tuple[str, Role, dict[str, object]]]:
    for template in VARIANTS[variant]().values():
        yield from functions(template)


@cache
def wildcards(variant: str) -> frozenset[tuple[str, str]]:
    """(whose, `action resource`) of each right whose resource has one."""
    return frozenset(
        (f"{stack}/{role.name}", f"{action} {resource}")
        for stack, role in every_role(variant)
        for action, resource in role.allowed
        if "*" in resource or "?" in resource
    )


def table_arn(role: Role) -> str:
    """The table as a role's own statements name it; empty if they do not."""
    return next((resource for action, resource in role.allowed if action == "dynamodb:GetItem"), "")


def behind(name: str) -> bool:
    """Whether a Lambda is behind the API: nobody outside speaks with it."""
    return not name.startswith("api_") and name not in {"socket", "push_progress"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_action_has_a_wildcard(variant: str) -> None:
    found = [
        (stack, role.name, action)
        for stack, role in every_role(variant)
        for statement in role.statements
        for action in many(statement["Action"])
        if "*" in action or "NotAction" in statement or "NotResource" in statement
    ]
    assert found == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_wildcard_in_a_resource_is_answered(variant: str) -> None:
    unknown = {(who, what) for who, what in wildcards(variant) if not any(re.fullmatch(w, what) for w in WILDCARDS)}
    assert unknown == set()


@pytest.mark.parametrize("answered", WILDCARDS)
def test_no_answer_is_left_over(answered: str) -> None:
    found = (what for variant in VARIANTS for _, what in wildcards(variant))
    assert any(re.fullmatch(answered, what) for what in found), f"nobody has this right any more: {answered}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_services_may_take_a_role_and_roles_are_handed_on_by_name(variant: str) -> None:
    for template in VARIANTS[variant]().values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role":
                for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                    assert list(statement["Principal"]) == ["Service"]
    for _, role in every_role(variant):
        for statement in role.statements:
            if "iam:PassRole" in many(statement["Action"]):
                assert "*" not in told(statement["Resource"])
                assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        assert not any(action.startswith(("sts:", "kms:Create", "kms:Put")) for action, _ in role.allowed)


@pytest.mark.parametrize("variant", ["dev", "prod", "everything"])
def test_who_calls_users_addresses_may_do_nothing_else(variant: str) -> None:
    ((role, variables),) = [(role, told) for name, role, told in every_function(variant) if name == "egress"]
    traces = {("xray:PutTraceSegments", "*")} if variant == "everything" else set()
    assert {action for action, _ in role.allowed - traces} == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert {resource.split(".")[-1] for _, resource in role.allowed - traces} == {"Arn>"}
    told_of = str(variables)
    assert all(name not in told_of for name in ("TABLE", "BUCKET", "QUEUE", "SECRETS", "ARN", "USER_POOL"))


@pytest.mark.parametrize("variant", ["dev", "prod", "everything"])
def test_nobody_else_calls_them(variant: str) -> None:
    calls = {name for name, _, variables in every_function(variant) if "PATCHBAY_EGRESS_FUNCTION" in variables}
    may = {
        name
        for name, role, _ in every_function(variant)
        for action, resource in role.allowed
        if action == "lambda:InvokeFunction" and "Egress" in resource
    }
    assert calls == may == CALLS_OUT
    assert {name for name, _, _ in every_function("twin") if name == "egress"} == set()


def test_both_sides_know_where_a_file_lies_on_its_way() -> None:
    assert FETCHED == egress.FETCHED


def test_the_secret_records_are_those_of_the_core() -> None:
    assert {name: key.partition("#")[0] for name, key in SECRET_KEYS.items()} == {name: name for name in SECRETS}


@pytest.mark.parametrize("variant", VARIANTS)
def test_behind_the_api_no_lambda_reads_or_writes_secrets(variant: str) -> None:
    seen = set()
    for name, role, _ in every_function(variant):
        table = table_arn(role)
        if not behind(name) or not table:
            continue
        seen.add(name)
        for kind, partition in SECRET_KEYS.items():
            may = {verb for verb in TABLE_VERBS if role.may(f"dynamodb:{verb}", table, partition=partition)}
            assert may == (set(TABLE_VERBS) if kind in OPENED.get(name, ()) else set()), (name, kind)
        assert role.may("dynamodb:GetItem", table, partition="JOBS#t")
    assert {"plan_job", "run_step", "import_asset", "settle_job", "finish_job", "deliver_webhook"} <= seen


@pytest.mark.parametrize("variant", ["prod", "sagemaker"])
def test_who_dispatches_takes_turns_where_batch_launches_and_writes_nothing_else(variant: str) -> None:
    """Without that, one worker that has waited for Spot too long would keep every dispatch from launching any."""
    ((role, variables),) = [(role, told) for name, role, told in every_function(variant) if name == "dispatch_step"]
    table = table_arn(role)
    partitions = (layout.turn_key("batch-job:1")[0], "JOBS#t", "STEPS#j", *SECRET_KEYS.values(), "")
    may = {
        (verb, partition)
        for verb in ("PutItem", "UpdateItem", "DeleteItem")
        for partition in partitions
        if role.may(f"dynamodb:{verb}", table, partition=partition)
    }
    on_batch = "batch" in str(variables["PATCHBAY_LAUNCHER"])
    assert on_batch is (variant == "prod")
    assert may == ({("PutItem", partitions[0])} if on_batch else set())


@pytest.mark.parametrize("variant", ["twin", "prod"])
def test_the_sweep_sees_what_there_is_and_removes_what_nobody_keeps(variant: str) -> None:
    (role,) = (role for name, role, _ in every_function(variant) if name == "sweep_assets")
    of_objects = {(action, resource.rpartition(">")[2]) for action, resource in role.allowed if action[:3] == "s3:"}
    listed = {(action, place) for action, place in of_objects if action == "s3:ListBucket"}
    assert len(listed) == 1
    places = ("incoming/audio", "incoming/videos", "projects", "uploads", "videos")
    assert of_objects - listed == {("s3:DeleteObject", f"/{place}/*") for place in places}


@pytest.mark.parametrize("variant", ["dev", "sagemaker", "everything"])
def test_a_worker_has_its_tasks_their_files_and_nothing_secret(variant: str) -> None:
    compute = roles(VARIANTS[variant]()["Compute"]).values()
    workers = [role for role in compute if any(action == "sqs:ReceiveMessage" for action, _ in role.allowed)]
    assert workers
    for role in workers:
        table = table_arn(role)
        for partition in SECRET_KEYS.values():
            assert not any(role.may(f"dynamodb:{verb}", table, partition=partition) for verb in TABLE_VERBS)
        assert role.may("dynamodb:PutItem", table, partition="STEPS#j")
        written = {resource for action, resource in role.allowed if action == "s3:PutObject"}
        rest = {"/endpoints/*"} if variant in {"sagemaker", "everything"} else set()
        assert {resource.rpartition(">")[2] for resource in written} - rest == {"/results/*"}
        actions = {action for action, _ in role.allowed}
        assert actions.isdisjoint({"secretsmanager:GetSecretValue", "dynamodb:Scan", "events:PutEvents"})
        assert not any(action.startswith(("cognito-idp:", "iam:", "batch:", "sagemaker:")) for action in actions)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_operators_secret_is_read_where_it_is_needed(variant: str) -> None:
    readers = {
        name
        for name, role, _ in every_function(variant)
        if any(action == "secretsmanager:GetSecretValue" for action, _ in role.allowed)
    }
    if variant != "everything":
        assert readers == set()
        return
    assert {name for name in readers if behind(name)} == set(OPENED)
    of_before = {
        name
        for name, role, _ in every_function(variant)
        if any("patchbay/prod-1-" in where for _, where in role.allowed)
    }
    assert of_before == {name for name in readers if not behind(name)}, "those who know the door"
    assert {name for name in readers if not behind(name)} == {
        name for name, _, _ in every_function(variant) if name.startswith("api_")
    }


def test_no_variable_of_a_function_holds_a_secret() -> None:
    for name, _, variables in every_function("everything"):
        assert "resolve:" not in str(variables), name
        assert not {"PATCHBAY_VAULT_KEY", "PATCHBAY_DOOR_SECRET", "PATCHBAY_SPOTIFY_CLIENT_SECRET"} & set(variables)
        reads = name.startswith("api_") or name in OPENED
        assert variables.get("PATCHBAY_SECRETS") == ("patchbay/prod" if reads else None)
        assert variables.get("PATCHBAY_SECRETS_BEFORE") == ("patchbay/prod-1" if name.startswith("api_") else None)


@pytest.mark.parametrize("template", [{"Resources": {}}])
def test_the_evaluator_lets_a_refusal_win(template: Template) -> None:
    """The tests above stand on it."""
    assert roles(template) == {}
    refused = {"Effect": "Deny", "Action": "dynamodb:GetItem", "Resource": "t"}
    keyed = {"Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["KEYS#*"]}}}
    given = {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": ["t", "x/*"]}
    role = Role("r", [given, {**refused, **keyed}])
    assert role.may("dynamodb:GetItem", "t", partition="JOBS#1")
    assert not role.may("dynamodb:GetItem", "t", partition="KEYS#1")
    assert role.may("dynamodb:GetItem", "x/1", partition="KEYS#1")
    assert not role.may("dynamodb:PutItem", "t")
    assert not Role("r", [given, refused]).may("dynamodb:GetItem", "t")
    assert not Role("r").may("dynamodb:GetItem", "t")
