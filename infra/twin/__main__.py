"""The commands `python -m infra.twin up [--port 8484] [--data .patchbay]` and `deploy`, into a twin that is up."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from infra.twin.deploy import DeployFailed
from infra.twin.folder import AlreadyRunning, DataFolder
from infra.twin.launcher import CannotStart, Options, prepare, say, up
from infra.twin.redeploy import redeploy
from infra.twin.server import PortTaken
from infra.twin.state import read_state
from infra.twin.toolchain import MissingTool

_EXPECTED = (CannotStart, DeployFailed, MissingTool, PortTaken)


def _arguments(argv: list[str]) -> tuple[str, Options]:
    parser = argparse.ArgumentParser(prog="python -m infra.twin", description="Patchbay's local twin")
    commands = parser.add_subparsers(dest="command", required=True)
    up_command = commands.add_parser("up", help="run the twin until Ctrl-C")
    up_command.add_argument("--port", type=int, default=8484, help="where to serve https (default 8484)")
    deploy = commands.add_parser("deploy", help="put the stacks of this checkout into a twin that is up")
    for command in (up_command, deploy):
        command.add_argument("--data", type=Path, default=Path(".patchbay"), help="folder that keeps everything")
        command.add_argument("--app", help="command of another CDK app than that of cdk.json")
    given = parser.parse_args(argv)
    return given.command, Options(getattr(given, "port", 0), given.data, given.app)


def _fail(text: str, what: str = "start") -> int:
    print(f"Patchbay cannot {what}: {text}", file=sys.stderr, flush=True)
    return 1


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status is the answer."""
    command, options = _arguments(sys.argv[1:] if argv is None else argv)
    os.umask(0o077)  # this folder holds keys and other people's music
    if command == "deploy":
        return _guarded(_deploy(options), "be deployed")
    data = DataFolder(options.data.resolve())
    try:
        prepare(data)
    except AlreadyRunning:
        state = read_state(data.state) or {}
        where = f" (pid {state['pid']}, {state['base_url']})" if "pid" in state else ""
        return _fail(f"it already runs on {data.root}{where}. Stop that one, or choose another folder with --data.")
    except OSError as error:
        return _fail(f"{data.root} cannot be used: {error}")
    logging.basicConfig(
        filename=data.logs / "twin.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return _guarded(up(options), "start")


async def _deploy(options: Options) -> None:
    asked = await redeploy(options, say)
    told = f"; {asked} workers were asked to leave" if asked else ""
    print(f"the stacks of this checkout are in the twin{told}", flush=True)


def _guarded(work: Coroutine[Any, Any, None], what: str) -> int:
    try:
        asyncio.run(work)
    except (*_EXPECTED, ExceptionGroup) as error:
        cause = _first(error)
        if not isinstance(cause, _EXPECTED):
            raise
        return _fail(str(cause), what)
    return 0


def _first(error: Exception) -> Exception:
    """The first of a task group's errors: the others are what it caused."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    sys.exit(main())
