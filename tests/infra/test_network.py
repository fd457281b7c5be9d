"""The workers' network: public by default, private by setting, and in both nothing that lets anybody in."""

import re
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.machine_guard import WORKER_UID
from tests.infra.test_rights import VARIANTS
from tests.support.policies import many, told
from tests.support.templates import Template

PRICE_USD, HOURS = 0.01, 730
"""Of an interface endpoint in one zone and hour (PrivateLink, us-east-1, read 2026), and hours of a month."""


def of(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"] == kind}


def endpoints(template: Template) -> dict[str, dict[str, Any]]:
    """By their services."""
    return {told(e["ServiceName"]).partition(">.")[2]: e for e in of(template, "AWS::EC2::VPCEndpoint").values()}


@pytest.fixture(params=["prod", "everything"])
def compute(request: pytest.FixtureRequest) -> Template:
    return VARIANTS[request.param]()["Compute"]


def test_by_default_nothing_is_paid_for_while_nobody_works() -> None:
    template = VARIANTS["prod"]()["Compute"]
    assert set(endpoints(template)) == {"s3", "dynamodb"}
    assert {e["VpcEndpointType"] for e in endpoints(template).values()} == {"Gateway"}
    assert all(s["MapPublicIpOnLaunch"] for s in of(template, "AWS::EC2::Subnet").values())
    assert of(template, "AWS::EC2::NatGateway") == {}


def test_private_workers_have_no_way_to_the_internet() -> None:
    template = VARIANTS["everything"]()["Compute"]
    for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"):
        assert of(template, kind) == {}
    assert not any(s["MapPublicIpOnLaunch"] for s in of(template, "AWS::EC2::Subnet").values())
    subnets = {told({"Ref": name}) for name in of(template, "AWS::EC2::Subnet")}
    for machines in of(template, "AWS::Batch::ComputeEnvironment").values():
        assert {told(each) for each in machines["ComputeResources"]["Subnets"]} == subnets


def test_a_stage_that_goes_private_keeps_its_subnets() -> None:
    """CloudFormation makes what is new before it removes what is old, and two subnets cannot have one range."""
    what = ("AvailabilityZone", "CidrBlock", "VpcId")
    public, private = (
        {name: [s[each] for each in what] for name, s in of(VARIANTS[stage]()["Compute"], "AWS::EC2::Subnet").items()}
        for stage in ("prod", "everything")
    )
    assert public == private


def test_private_workers_reach_what_they_call_and_it_costs_what_is_said() -> None:
    template = VARIANTS["everything"]()["Compute"]
    found = endpoints(template)
    wanted = {"ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs", "sqs", "states"}
    assert set(found) == {"s3", "dynamodb", *wanted}
    paid = [e for name, e in found.items() if name in wanted]
    assert all(e["VpcEndpointType"] == "Interface" and e["PrivateDnsEnabled"] for e in paid)
    month_usd = sum(len(e["SubnetIds"]) for e in paid) * PRICE_USD * HOURS
    said = [
        int(each)
        for path in ("infra/constructs/network.py", "infra/stage.py", "docs/safety.md")
        for each in re.findall(r"\$(\d+) a month", Path(path).read_text())
    ]
    assert said.count(round(month_usd)) == 3


def test_endpoints_let_the_stages_own_requests_through_and_no_others(compute: Template) -> None:
    """A worker that somebody took over cannot carry songs to a bucket of his."""
    found = endpoints(compute)
    for name, endpoint in found.items():
        if "PolicyDocument" not in endpoint:
            assert name in {"ecs-agent", "ecs-telemetry"}
            continue
        for statement in endpoint["PolicyDocument"]["Statement"]:
            layers = "starport-layer-bucket" in str(statement["Resource"])
            own = {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
            assert statement.get("Condition") == (None if layers else own)
            assert not layers or many(statement["Action"]) == ["s3:GetObject"]
    for name, kinds in (("s3", "Media|Weights|our-models|starport"), ("dynamodb", "Table")):
        for statement in found[name]["PolicyDocument"]["Statement"]:
            for resource in many(statement["Resource"]):
                assert re.search(kinds, told(resource)), resource


def test_only_workers_speak_with_endpoints(compute: Template) -> None:
    for rule in of(compute, "AWS::EC2::SecurityGroupIngress").values():
        assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")
        assert "SourceSecurityGroupId" in rule
        assert "CidrIp" not in rule
    for group in of(compute, "AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group


def test_a_machine_keeps_its_own_role_from_the_container(compute: Template) -> None:
    templates = of(compute, "AWS::EC2::LaunchTemplate").values()
    assert templates
    for each in templates:
        data = each["LaunchTemplateData"]
        assert data["MetadataOptions"] == {"HttpPutResponseHopLimit": 1, "HttpTokens": "required"}
        (script,) = data["UserData"].values()
        text = told(script)
        assert re.search(r"^MIME-Version: 1.0$", text, re.MULTILINE), "Batch puts a part of its own beside ours"
        rule = f"--destination 169.254.169.254 --match owner --uid-owner {WORKER_UID} --jump REJECT"
        assert f"\n#!/bin/bash\niptables --insert OUTPUT {rule}\n" in text


def test_the_images_run_as_the_user_that_is_kept_from_it() -> None:
    files = list(Path("gpu_workers").rglob("Dockerfile"))
    assert files
    for path in files:
        assert re.search(rf"useradd --uid {WORKER_UID}\b.* worker$", path.read_text(), re.MULTILINE), path
