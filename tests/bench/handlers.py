"""What the handlers cost: the import of each Lambda module, the first answer of a process, a warm one through Mangum.

All are held against the least that any such Lambda has to do, which takes turns with them, as medians of processor
time: a machine that does other things too tells nearly the same. Modules are compiled, as they are where Python may
write. `rows()` gives the figures; `python -m tests.bench.handlers` prints them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from mangum import Mangum

from functions import entrypoints
from functions.dialects.musicai.routes import DIALECT
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.core import layout
from tests.fakes.gateway import event
from tests.fakes.table_server import table_server
from tests.fakes.world import Tenant, World

IMPORT_TARGET, FIRST_TARGET, REQUEST_TARGET = 1.3, 1.5, 2.0
BASELINE = "import fastapi, mangum, boto3; boto3.client('dynamodb', region_name='us-east-1')"
NOT_LAMBDAS = {"ingest", "openapi"}
IN_LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "PATCHBAY_TABLE": "bench",
    "PATCHBAY_MEDIA_BUCKET": "bench",
}
ROUNDS = 7
_TIMED = "import time; t = time.process_time(); {}; print(time.process_time() - t)"
_OURS = "from functions.entrypoints.api_musicai import handler"
_BARE = """
import boto3, fastapi, json, mangum
app, table = fastapi.FastAPI(), boto3.client("dynamodb")
@app.get("/v1/job/{job_id}")
async def job(job_id: str):
    key = {"pk": {"S": told["pk"]}, "sk": {"S": job_id}}
    return json.loads(table.get_item(TableName="bench", Key=key, ConsistentRead=True)["Item"]["body"]["S"])
handler = mangum.Mangum(app, lifespan="off")
"""
_FIRST = """
import json, sys, time
began = time.process_time()
told = json.loads(sys.argv[1])
exec(told["make"])
answer = handler(told["event"], None)
took_s = time.process_time() - began
assert answer["statusCode"] == 200, answer
print(took_s)
"""


def rows() -> list[dict[str, Any]]:
    """One row a measurement: name, ours, theirs, ratio, unit, target, ok."""
    return [*import_rows(), first_row(), request_row()]


def import_rows() -> list[dict[str, Any]]:
    """Processor time of the import of each Lambda module, in fresh interpreters that take turns."""
    names = sorted(p.stem for p in Path(entrypoints.__path__[0]).glob("*.py") if p.stem[0] != "_")
    modules = {name: f"import functions.entrypoints.{name}" for name in names if name not in NOT_LAMBDAS}
    taken = _in_turns({n: ["-c", _TIMED.format(told)] for n, told in {"": BASELINE, **modules}.items()}, IN_LAMBDA)
    theirs = taken.pop("") * 1000
    return [_row(f"import {name}", taken[name] * 1000, theirs, "ms", IMPORT_TARGET) for name in modules]


def first_row() -> dict[str, Any]:
    """Processor time from the start of a process to its first answer: a GET of a job that the table has.

    Ours looks for the key, counts the request, and signs links; the other reads the job and does nothing else.
    """
    world = World()
    ada, job_id = _job_of(world)
    asked = event("GET", f"/v1/job/{job_id}", headers={"authorization": ada.secret})
    told = {"event": asked, "pk": layout.job_key(ada.id, job_id)[0]}
    with table_server(world.records) as url:
        programs = {name: json.dumps({**told, "make": make}) for name, make in (("ours", _OURS), ("bare", _BARE))}
        env = {**IN_LAMBDA, "AWS_ENDPOINT_URL_DYNAMODB": url}
        taken = _in_turns({name: ["-c", _FIRST, text] for name, text in programs.items()}, env)
    return _row("first answer of a process, GET job", taken["ours"] * 1000, taken["bare"] * 1000, "ms", FIRST_TARGET)


def request_row(slices: int = 200, calls: int = 20) -> dict[str, Any]:
    """Processor time of one GET of a job with a stubbed store, against a bare FastAPI route that answers the same JSON.

    The two take turns in short slices, and the median of each counts.
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
    mine, bare = (median(times) * 1e6 for times in taken)
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


def _in_turns(programs: Mapping[str, list[str]], env: Mapping[str, str]) -> dict[str, float]:
    """The median of what each program, arguments of an interpreter, prints last. A round before has all compiled."""
    taken: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        given = {**os.environ, **env, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(1 + ROUNDS):
            for name, arguments in programs.items():
                command = [sys.executable, *arguments]
                done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
                taken[name].append(float(done.stdout.split()[-1]))
    return {name: median(times[1:]) for name, times in taken.items()}


def _per_call_s(call: Callable[[], Any], calls: int) -> float:
    call()
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls


def _job_of(world: World) -> tuple[Tenant, str]:
    """Somebody with a job that is done, and its id."""
    ada = world.tenant()
    return ada, world.carry_out(world.order(ada)).id


def _our_call(world: World) -> tuple[Callable[[], Any], dict[str, Any]]:
    ada, job_id = _job_of(world)
    link = world.objects.presign_get("results/a/b", expires_s=1)
    world.objects.presign_get = lambda key, **_: link  # type: ignore[method-assign]
    handler = lambda_handler(DIALECT)
    asked = event("GET", f"/v1/job/{job_id}", headers={"authorization": ada.secret})
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
