"""The network of the ingest service: a load balancer that the world cannot reach, and tasks that only it can."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.acknowledged import acknowledge
from infra.constructs.network import log_refused

SERVICE_PORT = 8080
BALANCER_PORT = 80


class IngestNetwork(Construct):
    """A VPC of its own, which costs nothing by itself.

    CloudFront reaches into it by a VPC origin: network interfaces of CloudFront's, beside the internal load balancer in
    subnets without a way out. So nothing here can be called from outside but through the one address. Tasks have public
    addresses, as NAT gateways and interface endpoints cost more than all the rest; nobody gets in by them. Audio takes
    the free gateway endpoint to S3, as the table's traffic does that to DynamoDB.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.43.0.0/22"),
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Balancer", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26),
                ec2.SubnetConfiguration(
                    name="Tasks", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=26, map_public_ip_on_launch=False
                ),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Table": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            # Emptying the default group takes a Lambda of CDK's; nothing here is ever in that group.
            restrict_default_security_group=False,
        )
        log_refused(self, self.vpc)
        self.balancer = self._group("Balancer", "The load balancer: CloudFront gets in")
        self.tasks = self._group("Tasks", "Tasks: the load balancer gets in")
        # The VPC's own range does not let CloudFront in: through its interfaces it keeps its own addresses. Those are
        # in a list whose id differs by region, which a template cannot look up. No other way leads here.
        told = "CloudFront, by its interfaces in this VPC"
        self.balancer.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(BALANCER_PORT), told)
        self.balancer.add_egress_rule(self.tasks, ec2.Port.tcp(SERVICE_PORT), "Requests and health checks")
        self.tasks.add_ingress_rule(self.balancer, ec2.Port.tcp(SERVICE_PORT), "Requests and health checks")
        self.tasks.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS")
        acknowledge(self.balancer, "EC23", "an internal load balancer, with no way to it but CloudFront's")

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, name, vpc=self.vpc, description=description, allow_all_outbound=False)
