"""How soon and how fast webhooks come, on the twin: from a job's end in the table to a receiver on this machine.

Ends are written straight to the table, for no engine is measured here. Paced: one end after another, each clocked from
its `completed_at` to the receiver's last byte. At once: all ends as fast as the table takes them, clocked from the
first write to the last receipt, and held against how many plain writes the same table takes in the same time, for that
figure tells how busy the machine is: a notice costs a dozen calls.
"""

import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from patchbay.bootstrap import Services
from patchbay.core import layout
from patchbay.domain import jobs as life
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job
from patchbay.domain.users import Application
from patchbay.ports import Put, Record
from tests.e2e.conftest import free_port, start, stop
from tests.support.receiver import Receiver

JOBS, A_SECOND, WRITERS = 500, 10.0, 4
P50_TARGET_S, P99_TARGET_S, RATIO_TARGET = 0.5, 3.0, 0.03
WARM_UP, LIMIT_S = 20, 300.0


def rows() -> list[dict[str, Any]]:
    """Two rows for one after another, one for all at once."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        process = start(data, free_port())
        try:
            core = services(data)
            waits_s = one_after_another(core, WARM_UP) and one_after_another(core, JOBS)
            writes = plain_writes(core, JOBS)
            rate = all_at_once(core, JOBS)
        finally:
            stop(process)
    p50_s, p99_s = statistics.median(waits_s), statistics.quantiles(waits_s, n=100)[98]
    paced = f"{JOBS} jobs, {A_SECOND:g} a second"
    return [
        row(f"webhook after a job's end, p50 ({paced})", p50_s, "s", f"< {P50_TARGET_S} s", ok=p50_s < P50_TARGET_S),
        row(f"webhook after a job's end, p99 ({paced})", p99_s, "s", f"< {P99_TARGET_S} s", ok=p99_s < P99_TARGET_S),
        {
            **row(f"webhooks, {JOBS} at once, and plain writes", rate, "1/s", f"ratio > {RATIO_TARGET}"),
            "theirs": round(writes, 3),
            "ratio": round(rate / writes, 3),
            "ok": rate / writes > RATIO_TARGET,
        },
    ]


def row(name: str, ours: float, unit: str, target: str, *, ok: bool = True) -> dict[str, Any]:
    """One line of the table."""
    return {
        "name": name,
        "ours": round(ours, 3),
        "theirs": None,
        "ratio": None,
        "unit": unit,
        "target": target,
        "ok": ok,
    }


def services(data: Path) -> Services:
    """The core on a running twin's table and queues."""
    from patchbay.cli import home
    from patchbay.settings import from_env

    os.environ.update(home.require(data).environment())
    return Services(from_env(os.environ))


def one_after_another(core: Services, count: int) -> list[float]:
    """Seconds from each job's end to its receipt."""
    who = owner(core)
    with Receiver() as receiver:
        core.endpoints.create(who.tenant_id, receiver.url)
        began = time.monotonic()
        for number in range(1, count + 1):
            end(core, who)
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        receipts = receiver.wait_for(count, LIMIT_S)
    ended = [datetime.fromisoformat(receipt.told["data"]["completed_at"]).timestamp() for receipt in receipts]
    return [receipt.at - when for receipt, when in zip(receipts, ended, strict=True)]


def all_at_once(core: Services, count: int) -> float:
    """Receipts a second."""
    who = owner(core)
    with Receiver() as receiver:
        core.endpoints.create(who.tenant_id, receiver.url)
        began = time.time()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda _: end(core, who), range(count)))
        receipts = receiver.wait_for(count, LIMIT_S)
    return count / (receipts[-1].at - began)


def plain_writes(core: Services, count: int) -> float:
    """Writes a second of records that nobody hears of, by as many writers as `all_at_once` has."""
    writes = [Put(Record("BENCH", str(number), "bench", "{}"), expected=None) for number in range(count)]
    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(core.records.write, writes))
    return count / (time.monotonic() - began)


def owner(core: Services) -> Application:
    """Somebody new, with no jobs and no endpoints."""
    user = core.accounts.ensure_user(f"{new_id()}@example.org")
    return core.accounts.applications(user.id)[0]


def end(core: Services, who: Application) -> None:
    """A job is there and done, in one write."""
    now = core.clock.now()
    told = {"tenant_id": who.tenant_id, "application_id": who.id, "dialect": "native", "workflow": "audio-encoder"}
    job = Job(id=new_id(), created_at=now, **told)
    core.records.write(layout.put_job(life.succeed(job, (), core.clock.now())))
