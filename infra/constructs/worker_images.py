"""Container images of the workers: one for each compute class, holding the engines whose steps ask for it."""

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from constructs import Construct

from infra.constructs.bundles import ROOT

DOCKERFILES = {"gpu": "gpu_workers/separation/Dockerfile", "cpu": "gpu_workers/encoding/Dockerfile"}
_CONTEXT = ["**", "!gpu_workers", "!layers/patchbay/src/patchbay", "!requirements.lock", "**/__pycache__", "**/*.pyc"]


def image(scope: Construct, compute: str) -> assets.DockerImageAsset:
    """The image of a compute class. It is built when the app is deployed, not when its templates are made."""
    return assets.DockerImageAsset(
        scope,
        "Image",
        directory=str(ROOT),
        file=DOCKERFILES[compute],
        platform=assets.Platform.LINUX_AMD64,
        exclude=_CONTEXT,
        ignore_mode=IgnoreMode.DOCKER,
    )
