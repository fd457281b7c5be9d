"""The network of the workers: without a NAT gateway, and with nothing that listens to the outside."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledged import acknowledge

_SERVICES = {
    "EcrApi": ec2.InterfaceVpcEndpointAwsService.ECR,
    "EcrDocker": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Ecs": ec2.InterfaceVpcEndpointAwsService.ECS,
    "EcsAgent": ec2.InterfaceVpcEndpointAwsService.ECS_AGENT,
    "EcsTelemetry": ec2.InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Queues": ec2.InterfaceVpcEndpointAwsService.SQS,
    "States": ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
}
"""What machines and workers call beside S3 and DynamoDB: to get an image, to report, to take tasks and answer them.
KMS, Secrets Manager, CloudWatch's metrics and Batch are none of it: others ask those, or nobody here.
"""
_WITHOUT_POLICIES = ("EcsAgent", "EcsTelemetry")
"""Endpoints for which no policies are documented; only the agent's own protocol goes through them."""
_IMAGE_LAYERS = "prod-{region}-starport-layer-bucket"
"""Where the image registry keeps layers (ECR user guide, "Minimum Amazon S3 bucket permissions")."""


class WorkerNetwork(Construct):
    """A VPC in one of two ways.

    By default it costs nothing while no worker runs. NAT gateways and interface endpoints cost by the hour, work or no
    work, where workers should cost nothing at rest. So workers have public addresses for the while they run, with a
    security group that lets nobody in; the bulk of the traffic, audio and weights, takes the free gateway endpoint to
    S3, as the table's does that to DynamoDB.

    A private one has no way to the internet at all, but an endpoint for each service that is needed, in two zones. That
    is $0.01 an hour for each of the sixteen, $117 a month of 730 hours, and $0.01 a GB (PrivateLink, us-east-1, read
    2026); audio, weights and the layers of images go by the free ones.

    Either way the endpoints let only this account's own requests through, to the stage's table and buckets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        private: bool = False,
        table_arn: str = "*",
        bucket_arns: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        kind = ec2.SubnetType.PRIVATE_ISOLATED if private else ec2.SubnetType.PUBLIC
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.42.0.0/20"),
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    # One name for both: by it a stage that changes its mind keeps its subnets. Others would be made
                    # before these go, and have their ranges, which EC2 refuses.
                    name="Workers",
                    subnet_type=kind,
                    map_public_ip_on_launch=None if private else True,
                )
            ],
            # Emptying the default group takes a Lambda of CDK's; nothing here is ever in that group.
            restrict_default_security_group=False,
        )
        self._gateways(table_arn, bucket_arns)
        log_refused(self, self.vpc)
        self.security_group = ec2.SecurityGroup(
            self, "Group", vpc=self.vpc, description="Workers: nobody gets in", allow_all_outbound=True
        )
        if private:
            self._services()

    def _gateways(self, table_arn: str, bucket_arns: Sequence[str]) -> None:
        """The free ones, which are the routes to S3 and DynamoDB in either network: their policies bind all workers."""
        s3 = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        objects = [each for arn in bucket_arns for each in (arn, f"{arn}/*")] or ["*"]
        s3.add_to_policy(self._own(["s3:*"], objects))
        stack = Stack.of(self)
        layers = f"arn:{stack.partition}:s3:::{_IMAGE_LAYERS.format(region=stack.region)}/*"
        s3.add_to_policy(
            iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=[layers])
        )
        table = self.vpc.add_gateway_endpoint("Table", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        records = ["*"] if table_arn == "*" else [table_arn, f"{table_arn}/index/*"]
        table.add_to_policy(self._own(["dynamodb:*"], records))

    def _services(self) -> None:
        """The paid ones. One group for them all, which takes TLS from the network and sends nothing."""
        group = ec2.SecurityGroup(
            self, "Endpoints", vpc=self.vpc, description="Endpoints: TLS from the workers", allow_all_outbound=False
        )
        group.add_ingress_rule(self.security_group, ec2.Port.tcp(443), "TLS from the workers")
        for name, service in _SERVICES.items():
            endpoint = self.vpc.add_interface_endpoint(
                name, service=service, private_dns_enabled=True, open=False, security_groups=[group]
            )
            if name not in _WITHOUT_POLICIES:
                endpoint.add_to_policy(self._own(["*"], ["*"]))
        acknowledge(group, "EC23", "the rule names the workers' group, not a range of addresses")

    def _own(self, actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
        """What this account's own identities ask for. It allows nothing that their roles do not."""
        return iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=list(actions),
            resources=list(resources),
            conditions={"StringEquals": {"aws:PrincipalAccount": Stack.of(self).account}},
        )


def log_refused(scope: Construct, vpc: ec2.Vpc) -> None:
    """Keep for a month what a network let nobody do."""
    log = logs.LogGroup(scope, "Refused", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY)
    vpc.add_flow_log(
        "FlowLog",
        destination=ec2.FlowLogDestination.to_cloud_watch_logs(log),
        traffic_type=ec2.FlowLogTrafficType.REJECT,
    )
