"""How soon a job's progress is at a client of the socket: from the write that a worker's report is, to the client."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from patchbay.bootstrap import Services
from patchbay.core import layout, store
from patchbay.domain import jobs as life
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job
from tests.support.live import Live

OPEN_S, LOST_S = 60.0, 20.0
MOST = 90
"""Reports of one job: what is told of it is whole per cents."""


def waits_s(live: Live, core: Services, key: str, count: int, pause_s: float) -> list[float]:
    """Seconds from each of `count` reports, `pause_s` apart, to the message that tells of it; `LOST_S` for one that is
    not told of at all, as the next one tells where the job stands.
    """
    if not 0 < count <= MOST:
        raise ValueError(f"1 to {MOST} reports")
    who = core.accounts.authenticate(key)
    now = core.clock.now()
    job = Job(
        id=new_id(), tenant_id=who.tenant_id, application_id=who.application_id, dialect="native",
        workflow="stem-isolation-4", created_at=now,
    )  # fmt: skip
    core.records.write(layout.put_job(life.start(job, now)))
    found: list[float] = []
    try:
        with listening(live, key, job.id) as socket:
            for percent in range(1, count + 1):
                time.sleep(pause_s)
                began = time.monotonic()
                report(core, job, (percent + 0.5) / 100)  # what is told is cut down to a whole per cent
                try:
                    while told(socket)["progress"] < percent:
                        continue
                    found.append(time.monotonic() - began)
                except TimeoutError:
                    found.append(LOST_S)
    finally:
        core.jobs.delete(job.tenant_id, job.id)
    return found


def report(core: Services, job: Job, progress: float) -> None:
    """What `Tasks.progress` does for a worker."""
    key = layout.job_key(job.tenant_id, job.id)
    store.change(core.records, Job, key, lambda found: life.advance(found, progress), layout.put_job)


@contextmanager
def listening(live: Live, key: str, job_id: str) -> Iterator[ClientConnection]:
    """A socket that has joined a job's channel."""
    url = f"{live.base_url.replace('https', 'wss', 1)}/socket/websocket?token={key}&vsn=2.0.0"
    with connect(url, ssl=live.tls, open_timeout=OPEN_S, proxy=None) as socket:
        socket.send(json.dumps(["1", "1", f"jobs:{job_id}", "phx_join", {}]))
        _, _, _, event, payload = json.loads(socket.recv(OPEN_S))
        assert (event, payload["status"]) == ("phx_reply", "ok"), payload
        yield socket


def told(socket: ClientConnection) -> dict[str, Any]:
    """The next progress that is told. Raises `TimeoutError`."""
    event, payload = "", dict[str, Any]()
    while event != "job:progress":
        _, _, _, event, payload = json.loads(socket.recv(LOST_S))
    return payload
