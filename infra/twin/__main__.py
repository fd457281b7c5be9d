"""The command `python -m infra.twin up [--port 8484] [--data .patchbay]`."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from infra.twin.deploy import DeployFailed
from infra.twin.folder import AlreadyRunning, DataFolder
from infra.twin.launcher import CannotStart, Options, prepare, up
from infra.twin.server import PortTaken
from infra.twin.state import read_state
from infra.twin.toolchain import MissingTool

_EXPECTED = (CannotStart, DeployFailed, MissingTool, PortTaken)


def _arguments(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m infra.twin", description="Patchbay's local twin")
    command = parser.add_subparsers(dest="command", required=True).add_parser("up", help="run the twin until Ctrl-C")
    command.add_argument("--port", type=int, default=8484, help="where to serve https (default 8484)")
    command.add_argument("--data", type=Path, default=Path(".patchbay"), help="folder that keeps everything")
    command.add_argument("--app", help="command of another CDK app than that of cdk.json")
    given = parser.parse_args(argv)
    return Options(given.port, given.data, given.app)


def _fail(text: str) -> int:
    print(f"Patchbay cannot start: {text}", file=sys.stderr, flush=True)
    return 1


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status is the answer."""
    options = _arguments(sys.argv[1:] if argv is None else argv)
    os.umask(0o077)  # this folder holds keys and other people's music
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
    try:
        asyncio.run(up(options))
    except (*_EXPECTED, ExceptionGroup) as error:
        cause = _first(error)
        if not isinstance(cause, _EXPECTED):
            raise
        return _fail(str(cause))
    return 0


def _first(error: Exception) -> Exception:
    """The first of a task group's errors: the others are what it caused."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    sys.exit(main())
