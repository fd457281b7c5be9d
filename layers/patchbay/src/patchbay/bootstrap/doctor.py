"""The doctor, put together for the twin, or for a stage in the cloud as its own Lambdas are told what it is."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from patchbay.adapters.aws import deployment
from patchbay.adapters.aws.inspection import Inspection
from patchbay.bootstrap.outside import Outside
from patchbay.catalog import backends
from patchbay.core.doctor import examine
from patchbay.core.doctor.patient import Given
from patchbay.domain.checkup import Finding, State
from patchbay.domain.errors import PatchbayError
from patchbay.settings import Settings, from_env

_TELLS = "Native"
"""Beginning of the logical id of the Lambda whose environment says what a stage is."""


def of_environment(env: Mapping[str, str], *, read_weights: bool) -> Iterator[Finding]:
    """What is found of the deployment that an environment describes."""
    told = from_env(env)
    return examine(_inspection(told), _given(told, read_weights))


def of_stage(stage: str, *, read_weights: bool) -> Iterator[Finding]:
    """What is found of a stage in the account of the credentials at hand."""
    try:
        told = from_env({**deployment.environment(stage), **_settings(stage)})
    except PatchbayError:  # the doctor finds the same, and says what to do
        told = from_env({"PATCHBAY_STAGE": stage})
    except ValueError as error:
        told = from_env({"PATCHBAY_STAGE": stage})
        todo = "correct it and deploy again"
        yield Finding("settings", "of the Lambdas", State.FAIL, str(error), todo)
    yield from examine(_inspection(told), _given(told, read_weights))


def before_deployment(stage: str, env: Mapping[str, str]) -> Iterator[Finding]:
    """What a deployment would fail on that its templates cannot tell, as `env` sets it: credentials and secrets."""
    try:
        told = from_env({**env, "PATCHBAY_STAGE": stage})
    except ValueError as error:
        yield Finding("settings", "of the deployment", State.FAIL, str(error), "correct it")
        return
    yield from examine(_inspection(told), _given(told, read_weights=False), areas=("account", "secrets"))


def release() -> str:
    """Of this program."""
    try:
        return version("patchbay")
    except PackageNotFoundError:
        return "unknown"


def _settings(stage: str) -> Mapping[str, str]:
    """As one of its Lambdas has them. Raises `NotFound`."""
    look = Inspection("", lambda name, path: None)
    for resource in look.stack(f"Patchbay-{stage}-Api").resources:
        if resource.kind == "AWS::Lambda::Function" and resource.logical_id.startswith(_TELLS):
            return look.function(resource.name).environment
    return {}


def _inspection(told: Settings) -> Inspection:
    return Inspection(told.weights, Outside(told).fetch_weights, told.extra_ca or None)


def _given(told: Settings, read_weights: bool) -> Given:
    try:
        machines = set(backends.parse(told.launcher).values()) != {"none"}
    except ValueError:
        machines = False
    return Given(
        stage=told.stage,
        release=release(),
        table=told.table,
        media_bucket=told.media_bucket,
        state_machine_arn=told.state_machine_arn,
        public_url=told.public_url.rstrip("/"),
        models=told.installed_models,
        allow_research=told.allow_research_weights,
        mail_from=told.mail_from,
        secrets=told.secrets,
        secrets_before=told.secrets_before,
        ingest=told.ingest_max > 0,
        launcher=told.launcher,
        max_workers=told.max_workers,
        machines=machines,
        read_weights=read_weights,
    )
