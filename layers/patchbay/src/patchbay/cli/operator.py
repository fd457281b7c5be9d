"""Commands of the operator reach the core directly: with the twin's settings, or with a deployment's in the cloud."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from patchbay.cli import home
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchbay.bootstrap import Services
    from patchbay.core.accounts import Accounts
    from patchbay.domain.checkup import Finding
    from patchbay.domain.users import User


def in_cloud() -> bool:
    """Whether the environment names a deployment: then it is meant, and the twin is not."""
    return bool(os.environ.get("PATCHBAY_TABLE"))


def accounts_of(twin: home.Twin) -> "Accounts":
    """Users and keys of a running twin."""
    return _of_twin(twin).accounts


def join(stage: str) -> None:
    """Put a deployed stage's settings into the environment. Raises `CommandFailed`."""
    from patchbay.bootstrap import deployment_environment
    from patchbay.domain.errors import PatchbayError

    _same_region()
    try:
        os.environ.update(deployment_environment(stage))
    except PatchbayError as error:
        raise CommandFailed(str(error)) from None


def accounts(data: Path, stage: str = "") -> "Accounts":
    """Users and keys of `stage`, else of the deployment that the environment names, else of the twin in `data`."""
    return services(data, stage).accounts


def services(data: Path, stage: str = "") -> "Services":
    """All of the same deployment."""
    if stage:
        join(stage)
    return _services() if in_cloud() else _of_twin(home.require(data))


def findings(data: Path, stage: str = "", *, read_weights: bool = False) -> "Iterator[Finding]":
    """What is well and what is not of the same deployment, one after the other."""
    from patchbay.bootstrap.doctor import of_environment, of_stage

    _same_region()
    if stage and stage != "twin":
        return of_stage(stage, read_weights=read_weights)
    if not in_cloud():
        twin = home.require(data)
        os.environ.update({**twin.environment(), "PATCHBAY_EXTRA_CA": str(twin.ca)})
    return of_environment(os.environ, read_weights=read_weights)


def findings_before(stage: str) -> "Iterator[Finding]":
    """The same of what the next deployment of a stage takes from here."""
    from patchbay.bootstrap.doctor import before_deployment

    _same_region()
    return before_deployment(stage, os.environ)


def _same_region() -> None:
    """Look where deployments go: CDK takes `AWS_REGION` first, and boto3 knows only the other name."""
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region


def user(of: "Accounts", email: str) -> "User":
    """A person who is there already. Raises `CommandFailed`."""
    found = of.find_user(email)
    if found is None:
        raise CommandFailed(f"there is no user {email}")
    return found


def _of_twin(twin: home.Twin) -> "Services":
    os.environ.update(twin.require_running().environment())
    return _services()


def _services() -> "Services":
    from patchbay.bootstrap import Services
    from patchbay.settings import from_env

    told = from_env(os.environ)
    if not told.table:
        raise CommandFailed("the deployment's settings lack PATCHBAY_TABLE")
    return Services(told)
