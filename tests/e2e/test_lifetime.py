"""The twin of the real stacks through restarts and a crash: nothing lost, nothing hanging, nothing left running."""

import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.conftest import Live, free_port, start, stop, write_song

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


def upload(live: Live, http: httpx.Client, path: Path) -> str:
    place = http.get("/v1/upload").json()
    httpx.put(place["uploadUrl"], content=path.read_bytes(), verify=live.tls, trust_env=False, timeout=60)
    return str(place["downloadUrl"])


def order(http: httpx.Client, url: str) -> str:
    body = {"name": "x", "workflow": "stem-isolation-4", "params": {"inputUrl": url}}
    return str(http.post("/v1/job", json=body).json()["id"])


def wait(http: httpx.Client, job_id: str, *statuses: str, within_s: float = 120) -> dict[str, object]:
    until = time.monotonic() + within_s
    job: dict[str, object] = {}
    while time.monotonic() < until:
        job = http.get(f"/v1/job/{job_id}").json()
        if job["status"] in statuses:
            return job
        time.sleep(0.2)
    raise AssertionError(job)


def family(pid: int) -> list[psutil.Process]:
    own = psutil.Process(pid)
    return [own, *own.children(recursive=True)]


def left_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    _, left = psutil.wait_procs(processes, timeout=10)
    return [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_restart_crash_and_resume(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    process = start(data, port)
    live = Live(f"https://localhost:{port}", data, "", process.pid)
    live = Live(live.base_url, data, live.new_key("a@example.org"), process.pid)
    try:
        with live.http() as http:
            done = order(http, upload(live, http, write_song(tmp_path / "short.wav", 3.0)))
            result = wait(http, done, "SUCCEEDED")["result"]
            long = order(http, upload(live, http, write_song(tmp_path / "long.wav", 120.0, seed=2)))
            wait(http, long, "STARTED")
            time.sleep(2.5)  # the last two seconds of writes may be lost, these were made before
        processes = family(process.pid)
        stop(process, signal.SIGKILL)
        assert left_of(processes) == []

        began = time.monotonic()
        process = start(data, port)
        restarted_in_s = time.monotonic() - began
        assert restarted_in_s < 8
        with live.http() as http:
            assert http.get(f"/v1/job/{done}").json()["result"].keys() == result.keys()  # type: ignore[attr-defined]
            job = wait(http, long, "SUCCEEDED", "FAILED")
            assert job["status"] == "SUCCEEDED", job

        processes = family(process.pid)
        stop(process, signal.SIGTERM)
        assert process.returncode == 0
        assert left_of(processes) == []
        process = start(data, port)
        with live.http() as http:
            assert {job["id"] for job in http.get("/v1/job").json()} == {done, long}
            url = http.get(f"/v1/job/{done}").json()["result"]["vocals"]
            assert httpx.get(url, verify=live.tls, trust_env=False).content[:4] == b"RIFF"
    finally:
        if process.poll() is None:
            stop(process)
