"""Workers of one compute class on AWS Batch: machines that come when there is work and go when there is none."""

from collections.abc import Mapping, Sequence

from aws_cdk import RemovalPolicy, Size
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs import batch_names, worker_images
from infra.constructs.acknowledged import ANYTHING, acknowledge, acknowledge_wildcards
from infra.constructs.handlers import RETENTION
from infra.constructs.network import WorkerNetwork
from infra.stage import Stage
from patchbay.catalog.compute import Compute

IDLE_S = 120
"""How long a worker waits for more before it ends: about what starting the next one would take."""
SCRATCH = "/tmp"  # noqa: S108 - a volume of the container's own
DISK_GIB = 100
_GAVE_UP = "75"
"""Exit status by which a worker asks for another in its place."""
_AGENT_POLICY = "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]"


class Workers(Construct):
    """Queue, job definition, and the machines behind them: Spot first, on demand where Spot has none."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        compute: Compute,
        network: WorkerNetwork,
        env: Mapping[str, str],
        rights: Sequence[iam.PolicyStatement],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._compute, self._network = stage, compute, network
        self._template = self._launch_template()
        machines = [self._machines("Spot", spot=True), self._machines("OnDemand", spot=False)]
        batch.JobQueue(
            self,
            "Queue",
            job_queue_name=batch_names.queue(stage, compute.name),
            compute_environments=[
                batch.OrderedComputeEnvironment(compute_environment=each, order=order)
                for order, each in enumerate(machines, start=1)
            ],
        )
        batch.EcsJobDefinition(
            self,
            "Definition",
            job_definition_name=batch_names.job_definition(stage, compute.name),
            container=self._container(env, rights),
            retry_attempts=5,
            retry_strategies=_retries(),
            propagate_tags=True,
        )

    def _machines(self, name: str, *, spot: bool) -> batch.ManagedEc2EcsComputeEnvironment:
        gpu = self._compute.gpus > 0
        types = self._stage.gpu_instances if gpu else self._stage.cpu_instances
        kind = batch.EcsMachineImageType.ECS_AL2023_NVIDIA if gpu else batch.EcsMachineImageType.ECS_AL2023
        cheapest = batch.AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
        machines = batch.ManagedEc2EcsComputeEnvironment(
            self,
            name,
            vpc=self._network.vpc,
            security_groups=[self._network.security_group],
            spot=spot,
            allocation_strategy=cheapest if spot else batch.AllocationStrategy.BEST_FIT_PROGRESSIVE,
            instance_types=[ec2.InstanceType(each) for each in types],
            use_optimal_instance_classes=False,
            images=[batch.EcsMachineImage(image_type=kind)],
            launch_template=self._template,
            minv_cpus=0,
            maxv_cpus=self._stage.max_workers * self._compute.vcpus,
        )
        acknowledge(machines, _AGENT_POLICY, "this is the policy that AWS keeps up to date for the agent")
        return machines

    def _launch_template(self) -> ec2.LaunchTemplate:
        """An encrypted disk with room for images and songs; the machine's own role is out of the containers' reach."""
        disk = ec2.BlockDeviceVolume.ebs(DISK_GIB, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3)
        return ec2.LaunchTemplate(
            self,
            "Template",
            block_devices=[ec2.BlockDevice(device_name="/dev/xvda", volume=disk)],
            require_imdsv2=True,
            http_put_response_hop_limit=1,
        )

    def _container(
        self, env: Mapping[str, str], rights: Sequence[iam.PolicyStatement]
    ) -> batch.IEcsContainerDefinition:
        stage, compute = self._stage, self._compute
        role = iam.Role(self, "JobRole", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        for statement in rights:
            role.add_to_policy(statement)
        acknowledge_wildcards(role, rights)
        log = logs.LogGroup(self, "Log", retention=RETENTION[stage.log_days], removal_policy=RemovalPolicy.DESTROY)
        command = ["python", "-m", "gpu_workers.runtime", "--queue", compute.name, "--idle-s", str(IDLE_S)]
        container = batch.EcsEc2ContainerDefinition(
            self,
            "Container",
            image=ecs.ContainerImage.from_docker_image_asset(worker_images.image(self, compute.name)),
            command=[*command, "--shell", "batch"],
            cpu=compute.vcpus,
            gpu=compute.gpus or None,
            memory=Size.mebibytes(compute.memory_mib),
            environment=dict(env),
            job_role=role,
            logging=ecs.LogDriver.aws_logs(stream_prefix=compute.name, log_group=log),
            readonly_root_filesystem=True,
            user="worker",
            # No path on the host: Docker makes a volume with the image's own rights, gone with the container.
            volumes=[batch.EcsVolume.host(name="scratch", container_path=SCRATCH, readonly=False)],
        )
        acknowledge(container, ANYTHING, "a log-in to the image registry knows no resources")
        return container


def _retries() -> list[batch.RetryStrategy]:
    """Another machine for a worker that lost its own, or asked for it; none for one that failed by itself.

    Its task does not wait for this: the message comes back to the queue, where any worker finds it.
    """
    again, stop = batch.Action.RETRY, batch.Action.EXIT
    return [
        batch.RetryStrategy.of(again, batch.Reason.SPOT_INSTANCE_RECLAIMED),
        batch.RetryStrategy.of(again, batch.Reason.CANNOT_PULL_CONTAINER),
        batch.RetryStrategy.of(again, batch.Reason.custom(on_exit_code=_GAVE_UP)),
        batch.RetryStrategy.of(stop, batch.Reason.custom(on_reason="*")),
    ]
