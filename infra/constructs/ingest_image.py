"""The container image of the ingest service."""

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from constructs import Construct

from infra.constructs.bundles import ROOT

DOCKERFILE = "functions/Dockerfile"
_CONTEXT = ["**", "!functions", "!layers/patchbay/src/patchbay", "!requirements.lock", "**/__pycache__", "**/*.pyc"]


def image(scope: Construct) -> assets.DockerImageAsset:
    """It is built when the app is deployed, not when its templates are made."""
    return assets.DockerImageAsset(
        scope,
        "Image",
        directory=str(ROOT),
        file=DOCKERFILE,
        platform=assets.Platform.LINUX_ARM64,
        exclude=_CONTEXT,
        ignore_mode=IgnoreMode.DOCKER,
    )
