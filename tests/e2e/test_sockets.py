"""The socket on the twin: npm `phoenix`, unmodified, hears of a job while it runs."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Live, run_node

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


def track(live: Live, song: Path) -> str:
    """A track with audio."""
    with live.http(f"Bearer {live.key}") as http:
        made = http.post("/api/tracks", json={"title": "Song"}).raise_for_status().json()["data"]
    httpx.put(made["upload_url"], content=song.read_bytes(), verify=live.tls, trust_env=False).raise_for_status()
    return str(made["track"]["id"])


def order(live: Live, track_id: str) -> str:
    with live.http(f"Bearer {live.key}") as http:
        begun = http.post("/api/processing/separate", json={"track_id": track_id}).raise_for_status().json()
    return str(begun["data"]["job_id"])


def listen(live: Live, job_id: str, other: str, token: str | None = None) -> Any:
    told = {
        "url": live.base_url.replace("https", "wss") + "/socket",
        "token": token or live.key,
        "job": job_id,
        "other": other,
        "longestMs": 120_000 if token is None else 3_000,
    }
    return run_node("phoenix.mjs", {"NODE_EXTRA_CA_CERTS": live.ca}, told)


@pytest.mark.usefixtures("npm_client")
def test_phoenixs_own_client_follows_a_separation(live: Live, song: Path) -> None:
    track_id = track(live, song)
    job_id = order(live, track_id)
    told = listen(live, job_id, "0198c0de-0000-7000-8000-000000000000")
    assert told["own"] == {"status": "ok", "reply": {}}
    assert (told["pinged"], told["pong"], told["left"], told["open"]) == ("ok", True, "ok", True)
    assert told["other"]["status"] == "error"
    assert "there is no job" in told["other"]["reply"]["reason"]
    assert told["problems"] == []
    events = [each["event"] for each in told["seen"]]
    assert events[-2:] == ["job:completed", "pipeline:complete"]
    percent = [each["payload"]["progress"] for each in told["seen"] if each["event"] == "job:progress"]
    assert percent == sorted(percent)
    completed = next(each["payload"] for each in told["seen"] if each["event"] == "job:completed")
    assert (completed["job_id"], completed["job_type"], completed["track_id"]) == (job_id, "processing", track_id)
    assert [stem["stem_type"] for stem in completed["result"]["stems"]] == ["vocals", "drums", "bass", "other"]
    with live.http(f"Bearer {live.key}") as http:
        over = http.get(f"/api/processing/job/{job_id}").json()["data"]
    assert over["status"] == "completed"


@pytest.mark.usefixtures("npm_client")
def test_without_a_good_token_there_is_no_socket(live: Live) -> None:
    began = time.monotonic()
    told = listen(live, "0198c0de-0000-7000-8000-000000000000", "0198c0de-0000-7000-8000-000000000001", token="pb_no")
    assert told["own"]["status"] == "timeout"
    assert told["problems"]
    assert time.monotonic() - began < 60
