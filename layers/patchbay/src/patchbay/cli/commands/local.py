"""Commands that run or look at something on this machine: `up`, `worker`, `ca`."""

import importlib.util
import os
import sys
from typing import Annotated, Literal, NoReturn

import typer

from patchbay.cli import home, operator, options, show
from patchbay.cli.failures import CommandFailed

TWIN_PROGRAM = "infra.twin"
WORKER_PROGRAM = "gpu_workers.runtime"


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve on.")] = options.DEFAULT_PORT,
    data: options.Data = options.DEFAULT_DATA,
) -> None:
    """Run the local twin in the foreground, until Ctrl-C.

    Everything is served at https://localhost:PORT; `patchbay ca` tells the certificate authority to trust.
    """
    become(TWIN_PROGRAM, ["up", "--port", str(port), "--data", str(data)], {})


def worker(
    queue: Annotated[Literal["gpu", "cpu"], typer.Option(help="Queue to take tasks from.")],
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
) -> None:
    """Work for a deployment on this machine: take tasks of a queue until it is empty, and a while longer.

    With AWS credentials any machine can join the deployment that --stage names, or that PATCHBAY_... settings in the
    environment do; without either the local twin is worked for.
    """
    if stage:
        operator.join(stage)
    environment = {} if operator.in_cloud() else home.require(data).environment()
    become(WORKER_PROGRAM, ["--queue", queue], environment)


def ca(data: options.Data = options.DEFAULT_DATA, as_json: options.Json = False) -> None:
    """Print the path of the local twin's certificate authority, for clients to trust."""
    twin = home.find(data)
    path = (twin.ca if twin else data / "ca.pem").absolute()
    if not path.is_file():
        raise CommandFailed(f"{path} is not there yet; it is made by the first: patchbay up --data {data}")
    if as_json:
        show.as_json({"ca": str(path)})
    else:
        print(path)


def become(program: str, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """Turn this process into another program of the project, so that signals and terminal are its own."""
    if importlib.util.find_spec(program.partition(".")[0]) is None:
        raise CommandFailed(f"{program} is not installed here; this command needs a checkout of Patchbay")
    sys.stdout.flush()
    command = [sys.executable, "-m", program, *arguments]
    os.execve(sys.executable, command, {**os.environ, **environment})  # noqa: S606 - no shell is wanted
