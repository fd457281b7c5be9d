"""A stage that has all that a front can have: a name, a web ACL, links to objects, the service for large bodies."""

import json
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_all

from functions.entrypoints import ingest as service
from functions.http.container import PROTECTED_MIN
from functions.http.limits import DOOR_HEADER as KNOWN_HEADER
from functions.http.pace import Pace
from infra.constructs import ingest_service
from infra.constructs.answer_headers import HARMLESS, NOTHING
from infra.constructs.ingest_image import DOCKERFILE
from infra.stacks.ingest import BUSY, DRAINED_S, IDLE_S
from infra.stacks.studio import ANSWER_S, KEPT_S, SERVICE_ORIGIN
from infra.stage import Stage, stage
from patchbay.catalog import metrics
from patchbay.catalog.front import OBJECTS, READY, SERVICE
from tests.support.templates import ROOT, Template, resources

pytestmark = pytest.mark.slow
GIVEN = {
    "DOMAIN": "music.example.org",
    "HOSTED_ZONE": "Z0123456789",
    "WAF_REQUESTS": "2000",
    "FRONT_OBJECTS": "true",
    "INGEST_MIN": "0",
    "INGEST_MAX": "4",
    "SECRETS": "patchbay/prod",
    "SECRETS_BEFORE": "patchbay/prod-1",
    "LAUNCHER": "none",
}
DOOR = "{{resolve:secretsmanager:patchbay/prod:SecretString:door_secret}}"
DOOR_BEFORE = "{{resolve:secretsmanager:patchbay/prod-1:SecretString:door_secret}}"


@cache
def made() -> dict[str, Template]:
    """The front's stacks; "Awake" is the service of a stage that keeps a task at rest and has no secrets."""
    import aws_cdk as cdk

    from infra import app as infra_app
    from infra.constructs.bundles import Bundler
    from infra.stacks.ingest import IngestStack

    chosen = stage("prod", {f"PATCHBAY_{name}": value for name, value in GIVEN.items()})
    awake: Stage = replace(chosen, name="awake", ingest_min=1, secrets="", secrets_before="")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=f"{folder}/assembly", context=context, analytics_reporting=False)
        infra_app.check(app, chosen)
        bundler = Bundler(out=Path(folder, "bundles"), target=infra_app.target_of(chosen), install=False)
        pipeline: Any = infra_app.build(app, chosen, bundler)["Pipeline"]
        IngestStack(app, f"{chosen.prefix}-Awake", stage=awake, pipeline=pipeline)
        app.synth()
        names = ("Edge", "Studio", "Ingest", "Awake")
        files = {name: Path(folder, "assembly", f"{chosen.prefix}-{name}.template.json") for name in names}
        files["Manifest"] = Path(folder, "assembly", "manifest.json")
        return {name: json.loads(path.read_text()) for name, path in files.items()}


def test_what_watches_comes_after_all_that_it_names() -> None:
    """Its saved queries name log groups of the others, without a reference by which CDK would see to the order."""
    artifacts = made()["Manifest"]["artifacts"]
    stacks = {name for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    watching = "Patchbay-prod-Watching"
    assert stacks - {watching, "Patchbay-prod-Awake"} <= set(artifacts[watching]["dependencies"])


def found(stack: str, kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in made()[stack]["Resources"].values() if each["Type"] == kind]


def one(stack: str, kind: str) -> dict[str, Any]:
    (only,) = found(stack, kind)
    return only


def distribution() -> dict[str, Any]:
    told: dict[str, Any] = one("Studio", "AWS::CloudFront::Distribution")["DistributionConfig"]
    return told


def attributes(of: dict[str, Any], name: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in of[name]}


@pytest.mark.parametrize("name", ["Edge", "Studio", "Ingest", "Awake"])
def test_cfn_lint_finds_nothing(name: str) -> None:
    matches = [match for match in lint_all(json.dumps(made()[name])) if not match.rule.id.startswith("I")]
    if name == "Awake":  # made beside the app, which has the one rule off for all of its stacks
        matches = [match for match in matches if match.rule.id != "W3005"]
    assert [str(match) for match in matches] == []


def test_the_front_has_its_own_name_over_tls_of_today() -> None:
    assert distribution()["Aliases"] == ["music.example.org"]
    told = distribution()["ViewerCertificate"]
    assert told["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert told["SslSupportMethod"] == "sni-only", "an address of its own would cost $600 a month"
    where = {"StackName": "Patchbay-prod-Edge", "Region": "us-east-1"}
    assert told["AcmCertificateArn"] == {"Fn::GetStackOutput": {**where, "OutputName": "CertificateArn"}}
    assert distribution()["WebACLId"] == {"Fn::GetStackOutput": {**where, "OutputName": "WebAclArn"}}
    assert {"CertificateArn", "WebAclArn"} <= set(made()["Edge"]["Outputs"])
    records = found("Studio", "AWS::Route53::RecordSet")
    assert {(each["Type"], each["Name"], each["HostedZoneId"]) for each in records} == {
        (kind, "music.example.org.", "Z0123456789") for kind in ("A", "AAAA")
    }
    assert made()["Studio"]["Outputs"]["PublicUrl"]["Value"] == "https://music.example.org"


def test_the_certificate_is_proved_in_the_zone() -> None:
    told = one("Edge", "AWS::CertificateManager::Certificate")
    assert told["DomainName"] == "music.example.org"
    assert told["ValidationMethod"] == "DNS"
    assert [each["HostedZoneId"] for each in told["DomainValidationOptions"]] == ["Z0123456789"]


def test_too_many_requests_of_an_address_are_refused_and_audio_is_not() -> None:
    acl = one("Edge", "AWS::WAFv2::WebACL")
    assert acl["Scope"] == "CLOUDFRONT"
    assert acl["DefaultAction"] == {"Allow": {}}
    rules = {each["Name"]: each for each in acl["Rules"]}
    rate = rules["Rate"]
    assert rate["Priority"] == min(each["Priority"] for each in rules.values())
    assert rate["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 2000,
    }  # fmt: skip
    answer = rate["Action"]["Block"]["CustomResponse"]
    assert answer["ResponseCode"] == 429
    assert {"Name": "retry-after", "Value": "300"} in answer["ResponseHeaders"]
    body = acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]
    assert json.loads(body["Content"])["message"]
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {each["Name"] for each in common["RuleActionOverrides"] if each["ActionToUse"] == {"Count": {}}}
    # All rules of the group that look at bodies, of which a song's first bytes are one.
    in_bodies = {"SizeRestrictions", "CrossSiteScripting", "GenericLFI", "GenericRFI", "EC2MetaDataSSRF"}
    assert {f"{name}_BODY" for name in in_bodies} <= counted
    assert "SizeRestrictions_QUERYSTRING" in counted, "signed links are long"


def test_each_path_leads_to_its_own_place() -> None:
    origins = {each["Id"]: each for each in distribution()["Origins"]}
    leads = {each["PathPattern"]: each["TargetOriginId"] for each in distribution()["CacheBehaviors"]}
    assert set(leads) == {"/studio/*", "/studio/assets/*", "/socket/*", f"{OBJECTS}/*", f"{SERVICE}/*"}
    assert leads[f"{SERVICE}/*"] == SERVICE_ORIGIN
    assert "RegionalDomainName" in json.dumps(origins[leads[f"{OBJECTS}/*"]]["DomainName"])
    assert "OriginAccessControlId" not in origins[leads[f"{OBJECTS}/*"]], "the link counts, and nothing else"
    to_service = origins[SERVICE_ORIGIN]
    assert to_service["VpcOriginConfig"]["OriginReadTimeout"] == ANSWER_S
    assert to_service["OriginCustomHeaders"] == [{"HeaderName": KNOWN_HEADER, "HeaderValue": DOOR}]
    codes = [each["FunctionCode"] for each in found("Studio", "AWS::CloudFront::Function")]
    choosing = [code for code in codes if "selectRequestOriginById" in code]
    assert len(choosing) == 2
    assert all(f'"service":"{SERVICE_ORIGIN}"' in code for code in choosing)


def test_what_somebody_uploaded_runs_nothing_under_the_studios_address() -> None:
    policies = {
        each["Name"]: each["SecurityHeadersConfig"]
        for each in (
            p["ResponseHeadersPolicyConfig"] for p in found("Studio", "AWS::CloudFront::ResponseHeadersPolicy")
        )
    }
    (objects,) = [told for name, told in policies.items() if "ObjectHeaders" in name]
    (api,) = [told for name, told in policies.items() if "ApiHeaders" in name]
    wanted = {"ContentSecurityPolicy": HARMLESS, "Override": True}
    assert objects["ContentSecurityPolicy"] == wanted
    assert objects["ContentTypeOptions"]["Override"] is True
    assert api["ContentSecurityPolicy"] == {"ContentSecurityPolicy": NOTHING, "Override": False}
    assert api["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31536000


def test_nothing_reaches_the_service_but_what_comes_through_the_front() -> None:
    balancer = one("Ingest", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internal"
    subnets = {each["Ref"] for each in balancer["Subnets"]}
    of_subnet = {name: each["Properties"] for name, each in made()["Ingest"]["Resources"].items() if name in subnets}
    assert not any(each["MapPublicIpOnLaunch"] for each in of_subnet.values())
    listener = one("Ingest", "AWS::ElasticLoadBalancingV2::Listener")
    assert listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "403"
    rule = one("Ingest", "AWS::ElasticLoadBalancingV2::ListenerRule")
    assert rule["Conditions"][0]["HttpHeaderConfig"]["HttpHeaderName"] == KNOWN_HEADER
    groups = {each["GroupDescription"]: each for each in found("Ingest", "AWS::EC2::SecurityGroup")}
    (into,) = groups["The load balancer: CloudFront gets in"]["SecurityGroupIngress"]
    # CloudFront keeps its own addresses on its way through the VPC. Nobody else has a way to the load balancer.
    assert (into["CidrIp"], into["FromPort"]) == ("0.0.0.0/0", 80)
    assert "SecurityGroupIngress" not in groups["Tasks: the load balancer gets in"]
    into_tasks = one("Ingest", "AWS::EC2::SecurityGroupIngress")
    assert "SourceSecurityGroupId" in into_tasks
    assert into_tasks["FromPort"] == into_tasks["ToPort"] == 8080


def test_while_the_doors_secret_turns_the_new_one_is_sent_and_both_are_taken() -> None:
    sent = {
        each["HeaderValue"] for origin in distribution()["Origins"] for each in origin.get("OriginCustomHeaders", [])
    }
    assert sent == {DOOR}
    rule = one("Ingest", "AWS::ElasticLoadBalancingV2::ListenerRule")
    assert rule["Conditions"][0]["HttpHeaderConfig"]["Values"] == [DOOR, DOOR_BEFORE]
    (container,) = one("Ingest", "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    told = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert (told["PATCHBAY_SECRETS"], told["PATCHBAY_SECRETS_BEFORE"]) == ("patchbay/prod", "patchbay/prod-1")


def test_the_services_log_has_a_name_that_is_known_and_an_end() -> None:
    (container,) = one("Ingest", "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    log = made()["Ingest"]["Resources"][container["LogConfiguration"]["Options"]["awslogs-group"]["Ref"]]["Properties"]
    assert (log["LogGroupName"], log["RetentionInDays"]) == ("Patchbay-prod-ingest", 90)


def test_without_a_secret_the_network_alone_keeps_others_out() -> None:
    (action,) = one("Awake", "AWS::ElasticLoadBalancingV2::Listener")["DefaultActions"]
    assert action["Type"] == "forward"
    assert found("Awake", "AWS::ElasticLoadBalancingV2::ListenerRule") == []


def test_an_upload_of_an_hour_is_let_end() -> None:
    longest_s = Pace().total_s
    told = attributes(one("Ingest", "AWS::ElasticLoadBalancingV2::TargetGroup"), "TargetGroupAttributes")
    assert told["deregistration_delay.timeout_seconds"] == str(DRAINED_S)
    assert longest_s <= DRAINED_S <= PROTECTED_MIN * 60
    balancer = attributes(one("Ingest", "AWS::ElasticLoadBalancingV2::LoadBalancer"), "LoadBalancerAttributes")
    assert balancer["idle_timeout.timeout_seconds"] == str(IDLE_S)
    # Each keeps an idle connection longer than whoever sends requests down it.
    assert Pace().idle_s <= KEPT_S < IDLE_S < ingest_service.KEEP_ALIVE_S
    assert ingest_service.GRACE_S < ingest_service.STOP_S <= 120
    (container,) = one("Ingest", "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert container["StopTimeout"] == ingest_service.STOP_S
    assert one("Ingest", "AWS::ElasticLoadBalancingV2::TargetGroup")["HealthCheckPath"] == READY


def test_a_task_may_ask_to_be_left_alone_and_little_else() -> None:
    statements = [
        statement
        for policy in found("Ingest", "AWS::IAM::Policy")
        if "ecs:UpdateTaskProtection" in json.dumps(policy)
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    services = {action.partition(":")[0] for each in statements for action in _many(each["Action"])}
    assert services == {"dynamodb", "s3", "states", "ecs", "secretsmanager"}
    assert not any("*" in action for each in statements for action in _many(each["Action"]))
    (protects,) = [each for each in statements if "ecs:UpdateTaskProtection" in _many(each["Action"])]
    assert "task/patchbay-prod-ingest/*" in json.dumps(protects["Resource"])
    written = json.dumps([each for each in statements if "s3:PutObject" in _many(each["Action"])])
    assert "/incoming/audio/*" in written
    assert "/results/*" not in written
    assert "weights" not in json.dumps(statements).lower()


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_container_is_nobody_and_writes_nowhere_but_in_scratch() -> None:
    task = one("Ingest", "AWS::ECS::TaskDefinition")
    (container,) = task["ContainerDefinitions"]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "service"
    assert container["LinuxParameters"]["InitProcessEnabled"] is True
    assert [each["ContainerPath"] for each in container["MountPoints"]] == ["/tmp"]
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert task["TaskRoleArn"] != task["ExecutionRoleArn"]
    told = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert told["PATCHBAY_ALLOW_PRIVATE_URLS"] == "false"
    assert told["PATCHBAY_SECRETS"] == "patchbay/prod"
    assert "resolve:secretsmanager" not in json.dumps(told)
    assert container["Command"][:3] == ["python", "-m", service.__name__]


def test_the_service_takes_the_arguments_that_it_is_given() -> None:
    (container,) = one("Ingest", "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    arguments = container["Command"][3:]
    told = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert told == {
        "--host": "0.0.0.0",
        "--port": str(container["PortMappings"][0]["ContainerPort"]),
        "--grace-s": str(ingest_service.GRACE_S),
        "--keep-alive-s": str(ingest_service.KEEP_ALIVE_S),
    }


def test_more_tasks_come_before_one_is_full() -> None:
    assert 0 < BUSY < service.THREADS
    policies = found("Ingest", "AWS::ApplicationAutoScaling::ScalingPolicy")
    tracked = [
        each["TargetTrackingScalingPolicyConfiguration"] for each in policies if "Tracking" in each["PolicyType"]
    ]
    (own,) = [each for each in tracked if "CustomizedMetricSpecification" in each]
    told = own["CustomizedMetricSpecification"]
    assert told["Namespace"] == metrics.namespace("prod")
    assert [told["MetricName"]] == list(metrics.INGEST.units)
    assert own["TargetValue"] == BUSY
    assert one("Ingest", "AWS::ApplicationAutoScaling::ScalableTarget")["MaxCapacity"] == 4


def test_from_none_the_first_refusal_starts_one() -> None:
    assert one("Ingest", "AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 0
    alarm = one("Ingest", "AWS::CloudWatch::Alarm")
    assert alarm["MetricName"] == "HTTPCode_ELB_503_Count"
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (60, 1, 1)
    assert alarm["TreatMissingData"] == "notBreaching"
    (step,) = [
        (name, each["Properties"]["StepScalingPolicyConfiguration"])
        for name, each in made()["Ingest"]["Resources"].items()
        if each["Type"].endswith("::ScalingPolicy") and each["Properties"]["PolicyType"] == "StepScaling"
    ]
    assert alarm["AlarmActions"] == [{"Ref": step[0]}]
    assert step[1]["AdjustmentType"] == "ExactCapacity"
    assert [each["ScalingAdjustment"] for each in step[1]["StepAdjustments"]] == [1]


@pytest.mark.parametrize(("stack", "kept_by_cpu"), [("Ingest", True), ("Awake", False)])
def test_the_last_task_goes_by_its_uploads_and_not_by_a_cpu_that_is_never_quite_idle(
    stack: str, kept_by_cpu: bool
) -> None:
    policies = found(stack, "AWS::ApplicationAutoScaling::ScalingPolicy")
    told = [each.get("TargetTrackingScalingPolicyConfiguration", {}) for each in policies]
    (cpu,) = [each for each in told if "PredefinedMetricSpecification" in each]
    (own,) = [each for each in told if "CustomizedMetricSpecification" in each]
    assert cpu.get("DisableScaleIn", False) is kept_by_cpu
    assert own.get("DisableScaleIn", False) is False


def test_where_one_is_kept_nothing_has_to_be_woken() -> None:
    assert one("Awake", "AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 1
    assert found("Awake", "AWS::CloudWatch::Alarm") == []


def test_a_stage_that_asked_for_none_of_it_has_none() -> None:
    for kind in ("AWS::ECS::Service", "AWS::WAFv2::WebACL", "AWS::CloudFront::VpcOrigin", "AWS::Route53::RecordSet"):
        assert resources("prod", kind) == {}


def test_the_image_is_nobodys_and_copies_what_there_is() -> None:
    lines = (ROOT / DOCKERFILE).read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER service"]
    assert 'VOLUME ["/tmp"]' in lines
    (base,) = [line for line in lines if line.startswith("ARG PYTHON=")]
    assert base in (ROOT / "gpu_workers/Dockerfile").read_text().splitlines(), "pinned by its contents, as the workers'"
    assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"${PYTHON}"}
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert copied
    assert all((ROOT / source).exists() for source in copied)


def test_every_package_of_the_image_is_pinned() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    wanted = (ROOT / DOCKERFILE).with_name("requirements.txt").read_text().splitlines()
    names = [line for line in wanted if line and not line.startswith("#")]
    assert "uvicorn" in names
    assert [name for name in names if name.lower() not in locked] == []


def test_the_image_has_what_the_lambdas_layer_has() -> None:
    text = (ROOT / "layers/runtime/requirements.txt").read_text().replace("\n#", "")
    directly = text.partition("Directly wanted: ")[2].partition(". The rest")[0].replace("\n", " ")
    lambdas = {name.strip() for name in directly.split(",")}
    names = set((ROOT / DOCKERFILE).with_name("requirements.txt").read_text().splitlines())
    assert lambdas
    assert lambdas <= names
