"""Synthesis and deployment of the CDK app to the emulator, by the same command line tool that deploys to AWS."""

import asyncio
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.twin import processes
from infra.twin.emulator_client import ACCOUNT, REGION
from infra.twin.folder import AlreadyRunning, DataFolder, write_private
from infra.twin.outputs import read_outputs
from infra.twin.toolchain import ensure_cdk, find_node, search_path

COMMAND_TIMEOUT_S = 600
_TAIL_LINES = 30


class DeployFailed(Exception):
    """A step of the deployment ended badly; the text has the end of its output."""


@dataclass(frozen=True)
class Deployer:
    """Brings the app of this checkout, or another one, into the emulator."""

    root: Path
    data: DataFolder
    environment: Mapping[str, str]
    say: Callable[[str], None]
    app: str | None = None

    async def deploy(self, emulator_ready: asyncio.Event, fingerprint: str) -> dict[str, str]:
        """Synthesise while the emulator starts and is prepared, then deploy, and remember what was deployed.

        Raises `DeployFailed`, at once if another deployment is at it.
        """
        try:
            with self.data.deploying():
                return await self._deploy(emulator_ready, fingerprint)
        except AlreadyRunning:
            told = f"another deployment into {self.data.root} is under way; wait for its end"
            raise DeployFailed(f"{told}, then deploy again if this checkout is not what it deployed") from None

    async def _deploy(self, emulator_ready: asyncio.Event, fingerprint: str) -> dict[str, str]:
        node = find_node()
        log = self.data.logs / "deploy.log"
        self.data.deployed.unlink(missing_ok=True)
        self.say("preparing the deployment tool")
        cdk = await asyncio.to_thread(ensure_cdk, self.root / "infra", node, self.environment, log)
        environment = {
            **self.environment,
            "PATH": search_path(node, self.environment),
            "JSII_NODE": str(node),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        }
        base = [str(node), str(cdk), "--ci", "--no-notices", "--no-version-reporting", "--no-color"]

        async def bootstrap() -> None:
            await emulator_ready.wait()
            # In an empty folder, so that the tool does not run the app a second time.
            empty = self.data.temporary / "bootstrap"
            empty.mkdir(exist_ok=True)
            target = f"aws://{ACCOUNT}/{REGION}"
            await self._run("bootstrap", [*base, "bootstrap", target], environment, empty, log)

        self.say("building the stacks and preparing the emulator (about half a minute the first time)")
        app = ["--app", self.app] if self.app else []
        synth = [*base, "synth", *app, "--quiet", "-c", "stage=twin", "-o", str(self.data.assembly)]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run("synth", synth, environment, self.root, log))
            group.create_task(bootstrap())
        self.say("deploying the stacks")
        arguments = ["deploy", "--app", str(self.data.assembly), "--all", "--require-approval", "never"]
        arguments += ["--progress", "events", "--outputs-file", str(self.data.outputs), "--concurrency", "4"]
        await self._run("deploy", [*base, *arguments], environment, self.data.temporary, log)
        write_private(self.data.deployed, json.dumps({"fingerprint": fingerprint}) + "\n")
        return read_outputs(self.data.outputs)

    async def _run(self, what: str, argv: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> None:
        start = _size(log)
        process = processes.spawn(argv, environment=environment, log=log, cwd=cwd, on_parent_death=signal.SIGKILL)
        try:
            status = await processes.wait(process, COMMAND_TIMEOUT_S)
        finally:
            await processes.stop(process, grace_s=0)
        if status != 0:
            tail = await asyncio.to_thread(_tail, log, start)
            reason = "took too long" if status is None else f"failed with status {status}"
            raise DeployFailed("\n".join([f"{what} {reason}; the log is {log}", *tail]))


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _tail(log: Path, start: int) -> list[str]:
    return log.read_bytes()[start:].decode(errors="replace").splitlines()[-_TAIL_LINES:]


def deployed_fingerprint(data: DataFolder) -> str | None:
    """What was deployed last; None when that was never, or was not finished."""
    try:
        return str(json.loads(data.deployed.read_text())["fingerprint"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
