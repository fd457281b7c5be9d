"""One Lambda: its role, its log group, the layers, and nothing it was not given."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs import environment
from infra.constructs.acknowledged import acknowledge, acknowledge_wildcards
from infra.constructs.bundles import Bundle, Bundler
from infra.constructs.rights import tracing_rights
from infra.stage import Stage

RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
}


class Code(Construct):
    """The code that the Lambdas of one stack share. Each stack has its own layer versions: an export that is in use
    could not be replaced, and the zips are uploaded once all the same.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, bundler: Bundler) -> None:
        super().__init__(scope, construct_id)
        self.functions = _asset(bundler.functions())
        self.layers = [self._layer("Patchbay", bundler.patchbay_layer())]
        if not stage.emulated:
            # The twin's Lambdas run on the developer's interpreter, which has these packages for its own platform.
            self.layers.append(self._layer("Runtime", bundler.runtime_layer()))

    def _layer(self, name: str, bundle: Bundle) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            name,
            code=_asset(bundle),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_12],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )


class Handler(Construct):
    """A Lambda whose role may write its own log and do what `rights` say."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        code: Code,
        entrypoint: str,
        timeout: Duration,
        env: Mapping[str, str],
        rights: Sequence[iam.PolicyStatement] = (),
        memory_mib: int = 512,
        storage: Size | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Log",
            # By a name that is known beforehand: saved queries find it without holding on to this stack.
            log_group_name=f"{stage.prefix}-{entrypoint}",
            retention=RETENTION[stage.log_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(role)
        allowed = [*rights, *tracing_rights(stage)]
        for statement in allowed:
            role.add_to_policy(statement)
        acknowledge_wildcards(role, allowed)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.entrypoints.{entrypoint}.handler",
            code=code.functions,
            layers=code.layers,
            memory_size=memory_mib,
            timeout=timeout,
            ephemeral_storage_size=storage,
            environment={**environment.of_stage(stage), **env},
            log_group=self.log_group,
            role=role,
            description=f"Patchbay: {entrypoint}",
        )
        acknowledge(self.function, "L1", "the runtime layer's wheels are pinned and tried for Python 3.12")


def _asset(bundle: Bundle) -> lambda_.AssetCode:
    return lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.digest)
