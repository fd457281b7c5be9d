"""The network of the workers: public subnets without a NAT gateway, and nothing that listens."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct


class WorkerNetwork(Construct):
    """A VPC that costs nothing while no worker runs.

    NAT gateways and interface endpoints cost by the hour, work or no work, where workers should cost nothing at rest.
    So workers have public addresses for the while they run, with a security group that lets nobody in; the bulk of the
    traffic, audio and weights, takes the free gateway endpoint to S3, as the table's does that to DynamoDB.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.42.0.0/20"),
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Workers", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=True)
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Table": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            # Emptying the default group takes a Lambda of CDK's; nothing here is ever in that group.
            restrict_default_security_group=False,
        )
        log = logs.LogGroup(
            self, "Refused", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        self.security_group = ec2.SecurityGroup(
            self, "Group", vpc=self.vpc, description="Workers: nobody gets in", allow_all_outbound=True
        )
