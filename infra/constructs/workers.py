"""Workers of one compute class on AWS Batch: machines that come when there is work and go when there is none."""

from collections.abc import Mapping, Sequence

from aws_cdk import RemovalPolicy, Size
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs import batch_names, machine_guard, worker_images
from infra.constructs.acknowledged import ANYTHING, acknowledge, acknowledge_wildcards
from infra.constructs.handlers import RETENTION
from infra.constructs.network import WorkerNetwork
from infra.stage import Stage
from patchbay.catalog.compute import Compute

SCRATCH = "/tmp"  # noqa: S108 - a volume of the container's own
DISK_GIB = 100
DISK_MIB_PER_S = 400
"""Unpacking a GPU image of several gigabytes waits for the disk. At $0.04 a month for each above 125 (EBS gp3,
us-east-1, read 2026) this is 1.5 cents for an hour of a machine.
"""
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
        spot, on_demand = self._machines("Spot", spot=True), self._machines("OnDemand", spot=False)
        self._queue("Queue", batch_names.queue(stage, compute.name), spot, on_demand)
        # For whom the first kept waiting: see the launcher.
        self._queue("OnDemandQueue", batch_names.on_demand_queue(stage, compute.name), on_demand)
        batch.EcsJobDefinition(
            self,
            "Definition",
            job_definition_name=batch_names.job_definition(stage, compute.name),
            container=self._container(env, rights),
            retry_attempts=5,
            retry_strategies=_retries(),
            propagate_tags=True,
        )

    def _queue(self, name: str, told: str, *machines: batch.ManagedEc2EcsComputeEnvironment) -> None:
        ordered = [
            batch.OrderedComputeEnvironment(compute_environment=each, order=order)
            for order, each in enumerate(machines, start=1)
        ]
        batch.JobQueue(self, name, job_queue_name=told, compute_environments=ordered)

    def _machines(self, name: str, *, spot: bool) -> batch.ManagedEc2EcsComputeEnvironment:
        gpu = self._compute.gpus > 0
        types = self._stage.instances(gpu)
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
        # A new version of the template never becomes its default one, and Batch keeps what it once read: without a
        # number that changes, machines would begin as those of the first deployment did (CDK leaves it out).
        resource = machines.node.default_child
        assert isinstance(resource, batch.CfnComputeEnvironment)
        version = "ComputeResources.LaunchTemplate.Version"
        resource.add_property_override(version, self._template.latest_version_number)
        acknowledge(machines, _AGENT_POLICY, "this is the policy that AWS keeps up to date for the agent")
        return machines

    def _launch_template(self) -> ec2.LaunchTemplate:
        """An encrypted disk with room for images and songs; the machine's own role is out of the containers' reach.

        Batch runs containers in the machine's own network, where a limit of hops keeps nobody from its credentials:
        the guard does.
        """
        disk = ec2.BlockDeviceVolume.ebs(
            DISK_GIB, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, throughput=DISK_MIB_PER_S
        )
        return ec2.LaunchTemplate(
            self,
            "Template",
            block_devices=[ec2.BlockDevice(device_name="/dev/xvda", volume=disk)],
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            user_data=machine_guard.user_data(),
        )

    def _container(
        self, env: Mapping[str, str], rights: Sequence[iam.PolicyStatement]
    ) -> batch.IEcsContainerDefinition:
        stage, compute = self._stage, self._compute
        role = iam.Role(self, "JobRole", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        for statement in rights:
            role.add_to_policy(statement)
        acknowledge_wildcards(role, rights)
        name = f"{stage.prefix}-worker_{compute.name}"  # known beforehand, as those of Lambdas are
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=name,
            retention=RETENTION[stage.log_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        container = batch.EcsEc2ContainerDefinition(
            self,
            "Container",
            image=ecs.ContainerImage.from_docker_image_asset(worker_images.image(self, stage, compute.name)),
            command=["--queue", compute.name, "--idle-s", str(stage.idle_s)],
            cpu=compute.vcpus,
            gpu=compute.gpus or None,
            memory=Size.mebibytes(compute.memory_mib),
            environment={**env, **worker_images.env(stage, compute.name)},
            job_role=role,
            logging=ecs.LogDriver.aws_logs(stream_prefix=compute.name, log_group=log),
            readonly_root_filesystem=True,
            user=str(machine_guard.WORKER_UID),
            # Decoders and encoders are processes of their own: somebody has to fetch the dead.
            linux_parameters=batch.LinuxParameters(self, "Linux", init_process_enabled=True),
            # No path on the host: Docker makes a volume with the image's own rights, gone with the container.
            volumes=[batch.EcsVolume.host(name="scratch", container_path=SCRATCH, readonly=False)],
        )
        acknowledge(container, ANYTHING, "a log-in to the image registry knows no resources")
        return container


def _retries() -> list[batch.RetryStrategy]:
    """Another machine for a worker that lost its own, or asked for it; none for one that failed by itself.

    Its task does not wait for this: the message comes back to the queue, where any worker finds it. Batch takes the
    first rule that fits, five of them at most, and tries again where none does; so the last one is for all others
    ("Automated job retries" and "Retry strategies" of its guide, read in 2026).
    """
    again, stop = batch.Action.RETRY, batch.Action.EXIT
    return [
        batch.RetryStrategy.of(again, batch.Reason.SPOT_INSTANCE_RECLAIMED),
        batch.RetryStrategy.of(again, batch.Reason.CANNOT_PULL_CONTAINER),
        # Docker was too slow, the disk or the network not ready: the worker itself had not begun.
        batch.RetryStrategy.of(again, batch.Reason.custom(on_status_reason="Task failed to start*")),
        batch.RetryStrategy.of(again, batch.Reason.custom(on_exit_code=_GAVE_UP)),
        batch.RetryStrategy.of(stop, batch.Reason.custom(on_reason="*")),
    ]
