"""The account's role for logs of API Gateway: without it an account that is new cannot have sockets."""

from typing import Any

import pytest

from infra.stage import stage
from tests.support.templates import templates

CLOUD = ("dev", "prod")


def of(name: str, kind: str) -> dict[str, dict[str, Any]]:
    found = templates(name)["Sockets"]["Resources"].items()
    return {key: resource for key, resource in found if resource["Type"] == kind}


@pytest.mark.parametrize("name", CLOUD)
def test_what_logs_waits_for_the_role(name: str) -> None:
    ((account, told),) = of(name, "AWS::ApiGateway::Account").items()
    role = told["Properties"]["CloudWatchRoleArn"]["Fn::GetAtt"][0]
    assert role in of(name, "AWS::IAM::Role")
    (logging,) = of(name, "AWS::ApiGatewayV2::Stage").values()
    assert "AccessLogSettings" in logging["Properties"]
    assert account in logging["DependsOn"]


@pytest.mark.parametrize("name", CLOUD)
def test_only_the_gateway_may_take_it_and_it_writes_logs_alone(name: str) -> None:
    (account,) = of(name, "AWS::ApiGateway::Account").values()
    role = of(name, "AWS::IAM::Role")[account["Properties"]["CloudWatchRoleArn"]["Fn::GetAtt"][0]]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trusted["Action"], trusted["Principal"]) == ("sts:AssumeRole", {"Service": "apigateway.amazonaws.com"})
    (policy,) = role["ManagedPolicyArns"]
    assert policy["Fn::Join"][1][-1] == ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    assert "Policies" not in role


@pytest.mark.parametrize("name", CLOUD)
def test_it_stays_for_the_others_of_the_account_when_a_stage_goes(name: str) -> None:
    (account,) = of(name, "AWS::ApiGateway::Account").values()
    role = of(name, "AWS::IAM::Role")[account["Properties"]["CloudWatchRoleArn"]["Fn::GetAtt"][0]]
    assert account["DeletionPolicy"] == account["UpdateReplacePolicy"] == "Retain"
    assert role["DeletionPolicy"] == role["UpdateReplacePolicy"] == "Retain"


def test_who_keeps_that_setting_himself_says_so_and_the_twin_has_none() -> None:
    assert stage("prod", {}).gateway_logs_role
    assert not stage("prod", {"PATCHBAY_GATEWAY_LOGS_ROLE": "false"}).gateway_logs_role
    assert of("twin", "AWS::ApiGateway::Account") == {}
    (logging,) = of("twin", "AWS::ApiGatewayV2::Stage").values()
    assert "AccessLogSettings" in logging["Properties"]
