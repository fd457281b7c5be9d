"""Container images of the workers: one for each compute class, holding the engines whose steps ask for it."""

import hashlib
from pathlib import Path
from typing import Any

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from constructs import Construct

from infra.constructs import environment
from infra.constructs.bundles import ROOT
from infra.stage import Stage

DOCKERFILE = "gpu_workers/Dockerfile"
ENGINES: dict[str, tuple[str, ...]] = {
    "cpu": ("analysis", "composition", "elsewhere", "encoding", "rendering", "video"),
    "gpu": ("generation", "separation"),
}
"""A class's queue holds tasks of all its engines, so its image has them all."""
WITH_WEIGHTS = ("gpu",)
"""Classes whose engines load weights."""
_PLACE = "/opt/weights"
_BLOCK_BYTES = 1024 * 1024


def image(scope: Construct, stage: Stage, compute: str) -> assets.DockerImageAsset:
    """The image of a compute class. It is built when the app is deployed, not when its templates are made."""
    return assets.DockerImageAsset(scope, "Image", **options(stage, compute))


def options(stage: Stage, compute: str) -> dict[str, Any]:
    """How it is built."""
    weights = _weights(stage, compute)
    return {
        "directory": str(ROOT),
        "file": DOCKERFILE,
        "target": "worker-with-weights" if weights else "worker",
        "build_args": {"ENGINES": " ".join(ENGINES[compute])},
        "build_contexts": {"weights": str(weights)} if weights else None,
        "extra_hash": _hash_of(weights) if weights else None,
        "platform": assets.Platform.LINUX_AMD64,
        "exclude": context(compute),
        "ignore_mode": IgnoreMode.DOCKER,
    }


def context(compute: str) -> list[str]:
    """What the build does not see, as `.dockerignore` has it: an engine that changes makes no other class's image anew.

    What every engine needs installed is seen, for the file that builds the image names them all.
    """
    rules = (ROOT / f"{DOCKERFILE}.dockerignore").read_text().splitlines()
    others = [f"gpu_workers/{name}/*" for each, names in ENGINES.items() if each != compute for name in names]
    return [*(rule for rule in rules if rule and rule[0] != "#"), *others, "!gpu_workers/*/requirements.txt"]


def env(stage: Stage, compute: str) -> dict[str, str]:
    """What a worker is told beside what all are: where the weights are that its image has."""
    return environment.variables(weights=_PLACE) if _weights(stage, compute) else {}


def _weights(stage: Stage, compute: str) -> Path | None:
    return Path(stage.image_weights).resolve() if stage.image_weights and compute in WITH_WEIGHTS else None


def _hash_of(folder: Path) -> str:
    """Of all names and contents: other weights are another image."""
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()
