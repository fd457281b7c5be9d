"""LALAL.AI on the twin: a browser's session saves a key, orders, watches and ends; workers send, wait and fetch."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.support.lalal import KEY, FakeLalal
from tests.support.live import Live

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]
LONGEST_S = 120


@pytest.fixture
def browser(live: Live) -> Iterator[httpx.Client]:
    """Somebody new, logged in by a cookie."""
    with httpx.Client(base_url=live.base_url, verify=live.tls, timeout=60, trust_env=False) as client:
        client.headers["accept"] = "application/json"
        client.headers["x-csrf-token"] = client.get("/api/session").json()["data"]["csrfToken"]
        told = {"email": f"{time.monotonic_ns()}@example.org", "password": "correct horse battery"}
        made = client.post("/users/register", data=told).raise_for_status().json()["data"]
        client.headers["x-csrf-token"] = made["csrfToken"]
        yield client


def ordered(browser: httpx.Client, live: Live, song: Path, **more: object) -> dict[str, Any]:
    made = browser.post("/api/tracks", json={"title": "Song"}).raise_for_status().json()["data"]
    httpx.put(made["upload_url"], content=song.read_bytes(), verify=live.tls, trust_env=False).raise_for_status()
    told = {"track_id": made["track"]["id"], "engine": "lalalai", **more}
    begun: dict[str, Any] = browser.post("/api/processing/separate", json=told).raise_for_status().json()["data"]
    return begun


def until(browser: httpx.Client, job_id: str, fine: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """How the job stands, once that is fine."""
    ends = time.monotonic() + LONGEST_S
    while True:
        told: dict[str, Any] = browser.get(f"/api/processing/job/{job_id}").raise_for_status().json()["data"]
        if fine(told):
            return told
        assert time.monotonic() < ends, told
        time.sleep(0.2)


def test_a_song_goes_there_and_comes_back_as_stems(
    live: Live, twin_lalal: FakeLalal, browser: httpx.Client, song: Path
) -> None:
    assert browser.get("/api/lalalai/quota").status_code == 404
    refused = browser.post("/api/processing/separate", json={"file_path": "x", "engine": "lalalai"})
    assert refused.status_code == 422
    browser.post("/users/lalalai", data={"license_key": KEY}).raise_for_status()
    before = browser.get("/api/lalalai/quota").raise_for_status().json()["data"]
    twin_lalal.looks = 1
    begun = ordered(browser, live, song)
    over = until(browser, begun["job_id"], lambda told: told["status"] in {"completed", "failed"})
    assert (over["status"], over["error"]) == ("completed", None)
    assert [stem["stem_type"] for stem in over["stems"]] == ["vocals", "drums", "bass", "other"]
    packed = browser.get(f"/export/stems/{begun['track_id']}").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        stems = [soundfile.read(io.BytesIO(found.read(name)))[0] for name in found.namelist()]
    mixture = soundfile.read(song)[0]
    assert np.abs(sum(stems) - mixture).max() < 4 / 2**15
    after = browser.get("/api/lalalai/quota").raise_for_status().json()["data"]
    spent = after["used_minutes"] - before["used_minutes"]
    assert spent == pytest.approx(3 * 6.0 / 60)
    told = {path: headers for _, path, headers in twin_lalal.seen if path.startswith("/d/")}
    assert told
    assert all(KEY not in str(headers) for headers in told.values())

    # The same once more costs nothing: it is not even sent.
    calls = twin_lalal.calls("upload/")
    again = browser.post("/api/processing/separate", json={"track_id": begun["track_id"], "engine": "lalalai"})
    job_id = again.raise_for_status().json()["data"]["job_id"]
    assert until(browser, job_id, lambda told: told["status"] == "completed")["stems"]
    assert twin_lalal.calls("upload/") == calls


def test_cancelling_ends_it_here_and_there(
    live: Live, twin_lalal: FakeLalal, browser: httpx.Client, song: Path
) -> None:
    browser.post("/users/lalalai", data={"license_key": KEY}).raise_for_status()
    twin_lalal.looks = -1
    try:
        begun = ordered(browser, live, song, stems=2)
        task_id = until(browser, begun["job_id"], lambda told: told["task_id"] is not None)["task_id"]
        assert twin_lalal.tasks[task_id].stems == ["vocals"]
        forged = browser.post("/api/lalalai/cancel", json={"task_id": task_id}, headers={"x-csrf-token": "x"})
        assert forged.status_code == 403
        other = browser.post("/api/lalalai/cancel", json={"task_id": "0198c0de-0000-7000-8000-000000000000"})
        assert other.status_code == 404
        ended = browser.post("/api/lalalai/cancel", json={"task_id": task_id}).raise_for_status().json()["data"]
        assert ended == {"task_id": task_id, "job_id": begun["job_id"], "status": "cancelled"}
        assert twin_lalal.tasks[task_id].state == "cancelled"
        assert until(browser, begun["job_id"], lambda told: told["status"] == "failed")["error"] == "cancelled"
        none = browser.post("/api/lalalai/cancel-all").raise_for_status().json()
        assert none == {"data": {"cancelled": 0, "left": 0}}
        again = ordered(browser, live, song, stems=2)
        task_id = until(browser, again["job_id"], lambda told: told["task_id"] is not None)["task_id"]
        browser.post(f"/patchbay/v1/jobs/{again['job_id']}/cancel").raise_for_status()
        assert twin_lalal.tasks[task_id].state == "cancelled", "by whatever API, before its worker hears of it"
    finally:
        twin_lalal.looks = 1


def test_the_key_is_in_nothing_that_the_twin_keeps(live: Live, twin_lalal: FakeLalal, browser: httpx.Client) -> None:
    """Table, queues and executions are in the emulator's snapshot, objects and logs in folders beside it."""
    browser.post("/users/lalalai", data={"license_key": KEY}).raise_for_status()
    user_id = browser.get("/api/session").json()["data"]["user"]["id"]
    snapshot, ends = live.data / "emulator" / "snapshot.json", time.monotonic() + LONGEST_S
    while not (snapshot.exists() and f"VENDORKEYS#{user_id}" in snapshot.read_text()):
        assert time.monotonic() < ends
        time.sleep(0.5)
    kept = [path for folder in ("emulator", "logs") for path in (live.data / folder).rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in kept)
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []
