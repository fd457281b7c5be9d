"""The ingest service's tasks on Fargate: what one is, and how it is ended."""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs import ingest_image, rights
from infra.constructs.acknowledged import ANYTHING, acknowledge, acknowledge_wildcards
from infra.constructs.handlers import RETENTION
from infra.constructs.ingest_network import SERVICE_PORT, IngestNetwork
from infra.stage import Stage

CPU_UNITS, MEMORY_MIB = 512, 2048
"""Forty uploads at once hold about 25 MiB each (`make bench`)."""
STOP_S = 120
"""From SIGTERM to SIGKILL, the longest that Fargate knows."""
GRACE_S = 110
KEEP_ALIVE_S = 200
"""Longer than the load balancer's, which would otherwise send a request down a connection that has just been closed."""
SCRATCH = "/tmp"  # noqa: S108 - a volume of the container's own


class IngestService(Construct):
    """Cluster, task and service. A task that has uploads under way asks ECS not to end it, see `container.Keeper`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        network: IngestNetwork,
        env: Mapping[str, str],
        allowed: Sequence[iam.PolicyStatement],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=stage.named("ingest"),
            vpc=network.vpc,
            container_insights_v2=ecs.ContainerInsights.DISABLED,
        )
        acknowledge(cluster, "ECS4", "the service counts what is under way itself, and its load balancer requests")
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=self._task(env, [*allowed, self._may_protect_itself()]),
            assign_public_ip=True,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="Tasks"),
            security_groups=[network.tasks],
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            health_check_grace_period=Duration.seconds(60),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )

    def _task(self, env: Mapping[str, str], allowed: Sequence[iam.PolicyStatement]) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=CPU_UNITS,
            memory_limit_mib=MEMORY_MIB,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            task_role=self._role(allowed),
        )
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"{self._stage.prefix}-ingest",
            retention=RETENTION[self._stage.log_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        limits = ["--grace-s", str(GRACE_S), "--keep-alive-s", str(KEEP_ALIVE_S)]
        container = task.add_container(
            "Service",
            image=ecs.ContainerImage.from_docker_image_asset(ingest_image.image(self)),
            command=[
                *("python", "-m", "functions.entrypoints.ingest"),
                *("--host", "0.0.0.0", "--port", str(SERVICE_PORT), *limits),  # noqa: S104 - the task's own interface
            ],
            environment=dict(env),
            logging=ecs.LogDriver.aws_logs(stream_prefix="ingest", log_group=log),
            port_mappings=[ecs.PortMapping(container_port=SERVICE_PORT)],
            readonly_root_filesystem=True,
            user="service",
            stop_timeout=Duration.seconds(STOP_S),
            linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True),
        )
        task.add_volume(name="scratch")
        container.add_mount_points(ecs.MountPoint(container_path=SCRATCH, source_volume="scratch", read_only=False))
        acknowledge(task, "ECS2", "the variables are names and addresses; secrets are read by name when it starts")
        acknowledge(task, ANYTHING, "a log-in to the image registry knows no resources")
        return task

    def _role(self, allowed: Sequence[iam.PolicyStatement]) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        for statement in allowed:
            role.add_to_policy(statement)
        acknowledge_wildcards(role, allowed)
        return role

    def _may_protect_itself(self) -> iam.PolicyStatement:
        """Tasks have no names beforehand: those of the one cluster."""
        task = Stack.of(self).format_arn(
            service="ecs",
            resource="task",
            resource_name=f"{self._stage.named('ingest')}/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        return rights.allow(["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], task)
