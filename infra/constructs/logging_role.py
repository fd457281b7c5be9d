"""The role by which API Gateway writes logs of WebSocket APIs: a setting of the account, once in each region."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.acknowledged import acknowledge

_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_FINDING = f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_POLICY}]"


def account(scope: Construct) -> apigateway.CfnAccount:
    """The account's setting, with its role. What logs is to wait for it.

    Both stay when their stack goes: other stages, and whatever else of the account has an API, log by them.
    """
    role = iam.Role(
        scope,
        "GatewayLogs",
        assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        description="API Gateway of this account and region: write logs",
    )
    acknowledge(role, _FINDING, "API Gateway asks for these very rights before it takes a role for the account")
    made = apigateway.CfnAccount(scope, "GatewayAccount", cloud_watch_role_arn=role.role_arn)
    for kept in (role, made):
        kept.apply_removal_policy(RemovalPolicy.RETAIN)
    return made
