"""What a job costs beside its engine's work, on the twin: submitted to succeeded, less the seconds that the engine ran.

Cold: the first job of a fresh twin, whose worker has yet to start. Warm: one after another with the worker there.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.conftest import Live, free_port, start, stop, write_song

COLD_TARGET_S, WARM_TARGET_S, WARM_JOBS = 6.0, 2.0, 8


def rows() -> list[dict[str, Any]]:
    """One row for cold, one for warm."""
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", free_port()
        process = start(data, port)
        try:
            live = Live(f"https://localhost:{port}", data, "", process.pid)
            key = live.new_key("bench@example.org")
            with live.http(key) as http:
                times = [overhead_s(live, http, Path(folder), n) for n in range(WARM_JOBS + 1)]
        finally:
            stop(process)
    return [
        row("job overhead, cold", times[0], COLD_TARGET_S),
        row(f"job overhead, warm (median of {WARM_JOBS})", statistics.median(times[1:]), WARM_TARGET_S),
    ]


def row(name: str, seconds: float, target: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(seconds, 3),
        "theirs": None,
        "ratio": None,
        "unit": "s",
        "target": f"< {target} s",
        "ok": seconds < target,
    }


def overhead_s(live: Live, http: httpx.Client, folder: Path, number: int) -> float:
    """Seconds from submitting a three-second song to its success, less the engine's own."""
    song = write_song(folder / f"{number}.wav", 3.0, seed=number)
    place = http.get("/v1/upload").json()
    httpx.put(place["uploadUrl"], content=song.read_bytes(), verify=live.tls, trust_env=False).raise_for_status()
    body = {"name": "bench", "workflow": "stem-isolation-4", "params": {"inputUrl": place["downloadUrl"]}}
    began = time.monotonic()
    job_id = http.post("/v1/job", json=body).json()["id"]
    while (status := http.get(f"/v1/job/{job_id}/status").json()["status"]) not in {"SUCCEEDED", "FAILED"}:
        time.sleep(0.05)
    took_s = time.monotonic() - began
    assert status == "SUCCEEDED", http.get(f"/v1/job/{job_id}").json()
    return took_s - engine_s(live, job_id)


def engine_s(live: Live, job_id: str) -> float:
    """Seconds that the engines of a job ran, as its steps tell."""
    from patchbay.bootstrap import Services
    from patchbay.cli import home
    from patchbay.settings import from_env

    os.environ.update(home.require(live.data).environment())
    return sum(step.engine_s for step in Services(from_env(os.environ)).pipeline.steps(job_id))
