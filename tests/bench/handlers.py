"""What the handlers cost: import time of each Lambda module, and one warm request through Mangum.

Both are held against the least that any such Lambda has to do, measured on the same machine in the same minute.
`rows()` gives the figures; `python -m tests.bench.handlers` prints them.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from mangum import Mangum

from functions import entrypoints
from functions.dialects.musicai.routes import DIALECT
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from tests.fakes.gateway import event
from tests.fakes.world import World

IMPORT_TARGET, REQUEST_TARGET = 1.3, 2.0
BASELINE = "import fastapi, mangum, boto3; boto3.client('dynamodb', region_name='us-east-1')"
NOT_LAMBDAS = {"ingest", "openapi"}
IN_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_DEFAULT_REGION": "us-east-1", "PATCHBAY_TABLE": "bench"}
ROUNDS = 7
_TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def rows() -> list[dict[str, Any]]:
    """One row a measurement: name, ours, theirs, ratio, unit, target, ok."""
    return [*import_rows(), request_row()]


def import_rows() -> list[dict[str, Any]]:
    """Seconds that each Lambda module takes to import, in a fresh interpreter, as the best of alternating rounds."""
    names = sorted(p.stem for p in Path(entrypoints.__path__[0]).glob("*.py") if p.stem[0] != "_")
    modules = {name: f"import functions.entrypoints.{name}" for name in names if name not in NOT_LAMBDAS}
    taken: dict[str, list[float]] = {name: [] for name in ["", *modules]}
    for _ in range(ROUNDS):
        for name, statement in {"": BASELINE, **modules}.items():
            taken[name].append(_import_s(statement))
    theirs = min(taken[""]) * 1000
    return [_row(f"import {n}", min(taken[n]) * 1000, theirs, "ms", IMPORT_TARGET) for n in modules]


def request_row(slices: int = 60, calls: int = 50) -> dict[str, Any]:
    """Seconds of one GET of a job with a stubbed store, against a bare FastAPI route that answers the same JSON.

    The two take turns in short slices, and the best slice of each counts: the rest is what others did to the machine.
    """
    world = World()
    wired = patch.object(bootstrap, "services", lambda: world.services)
    with wired, patch.dict(os.environ, IN_LAMBDA), Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        ours, body = _our_call(world)
        theirs = _bare_call(body)
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(slices):
            for call, times in zip((ours, theirs), taken, strict=True):
                times.append(_per_call_s(call, calls))
    mine, bare = (min(times) * 1e6 for times in taken)
    return _row("GET job, warm, through Mangum", mine, bare, "us", REQUEST_TARGET)


def _row(name: str, ours: float, theirs: float, unit: str, target: float) -> dict[str, Any]:
    ratio = round(ours / theirs, 2)
    return {
        "name": name,
        "ours": round(ours, 1),
        "theirs": round(theirs, 1),
        "ratio": ratio,
        "unit": unit,
        "target": f"ratio <= {target}",
        "ok": ratio <= target,
    }


def _import_s(statement: str) -> float:
    env = {**os.environ, **IN_LAMBDA}
    command = [sys.executable, "-c", _TIMED.format(statement)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _per_call_s(call: Callable[[], Any], calls: int) -> float:
    call()
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started) / calls


def _our_call(world: World) -> tuple[Callable[[], Any], dict[str, Any]]:
    ada = world.tenant()
    job = world.carry_out(world.order(ada))
    link = world.objects.presign_get("results/a/b", expires_s=1)
    world.objects.presign_get = lambda key, **_: link  # type: ignore[method-assign]
    handler = lambda_handler(DIALECT)
    asked = event("GET", f"/v1/job/{job.id}", headers={"authorization": ada.secret})
    answer = handler(asked, None)
    assert answer["statusCode"] == 200, answer
    return lambda: handler(asked, None), json.loads(answer["body"])


def _bare_call(body: dict[str, Any]) -> Callable[[], Any]:
    app = FastAPI()

    @app.get("/v1/job/{job_id}")
    async def job(job_id: str) -> dict[str, Any]:
        return body

    handler = Mangum(app, lifespan="off")
    asked = event("GET", f"/v1/job/{body['id']}", headers={"authorization": "k"})
    assert handler(asked, None)["statusCode"] == 200  # type: ignore[arg-type]
    return lambda: handler(asked, None)  # type: ignore[arg-type]


if __name__ == "__main__":
    for row in rows():
        print(row)
