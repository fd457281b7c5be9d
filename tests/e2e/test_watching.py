"""The twin of the real stacks, watched: the doctor finds it well, and one job leaves its id in every part's lines."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from patchbay.cli import home
from tests.e2e.conftest import Live
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]
CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PARTS = ("api_native", "plan_job", "dispatch_step", "finish_job", "publish_changes", "route_event", "deliver_webhook")
WITHIN_S = 90


@pytest.fixture
def logs(live: Live) -> Any:
    """The emulator's log service."""
    told = home.require(live.data).environment()
    return boto3.client(
        "logs",
        endpoint_url=told["AWS_ENDPOINT_URL"],
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        region_name=told["AWS_REGION"],
    )


def lines(logs: Any, part: str, job_id: str) -> Iterator[dict[str, Any]]:
    """Lines of a part that name a job. Raises ValueError where one is no JSON."""
    for event in logs.filter_log_events(logGroupName=f"Patchbay-twin-{part}")["events"]:
        if job_id in event["message"]:
            yield json.loads(event["message"])


def test_the_doctor_finds_the_twin_well(live: Live) -> None:
    done = live.command("doctor", "--json", check=False)
    told = json.loads(done.stdout)
    wrong = [finding for finding in told["findings"] if finding["state"] in {"warn", "fail"}]
    # What other tests left on queues is theirs.
    assert [finding for finding in wrong if finding["area"] != "queues"] == [], wrong
    assert done.returncode == 0
    assert {finding["area"] for finding in told["findings"]} >= {"account", "stacks", "table", "functions", "address"}


def test_one_job_is_found_in_the_lines_of_every_part(live: Live, song: Path, logs: Any) -> None:
    with Receiver() as receiver, live.http(f"Bearer {live.key}") as http:
        made = http.post("/patchbay/v1/webhooks", json={"url": f"{receiver.url}/hook"})
        made.raise_for_status()
        try:
            job_id = _ordered(live, http, song)
            (report, *_) = receiver.wait_until(
                lambda found: any(r.told["data"]["id"] == job_id for r in found), within_s=120
            )
        finally:
            http.delete(f"/patchbay/v1/webhooks/{made.json()['id']}")
    assert report.headers["traceparent"].split("-")[1] == CALLER.split("-")[1]
    until = time.monotonic() + WITHIN_S
    missing = set(PARTS)
    while missing and time.monotonic() < until:
        missing = {part for part in missing if not any(_of(line, job_id) for line in lines(logs, part, job_id))}
        time.sleep(0.5 if missing else 0)
    assert not missing
    worker = (live.data / "logs" / "worker-cpu.log").read_text()
    of_worker = [json.loads(line) for line in worker.splitlines() if job_id in line]
    assert any(line.get("message") == "task over" and _of(line, job_id) for line in of_worker)


def _of(line: dict[str, Any], job_id: str) -> bool:
    """Whether a line says all that it should of its job."""
    return line.get("job_id") == job_id and bool(line.get("tenant_id"))


def _ordered(live: Live, http: httpx.Client, song: Path) -> str:
    """Id of a job on a fresh upload, ordered within a caller's trace."""
    upload = http.post("/patchbay/v1/uploads", json={"name": "song.wav"})
    upload.raise_for_status()
    sent = httpx.put(upload.json()["put_url"], content=song.read_bytes(), verify=live.tls, trust_env=False, timeout=60)
    sent.raise_for_status()  # by a client of its own: a key beside the signature would be refused
    order = {"workflow": "audio-analysis", "input": {"asset_id": upload.json()["asset_id"]}}
    made = http.post("/patchbay/v1/jobs", json=order, headers={"traceparent": CALLER})
    made.raise_for_status()
    return str(made.json()["id"])
