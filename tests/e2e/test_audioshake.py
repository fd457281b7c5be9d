"""Both AudioShake APIs through the twin's front door: whole files by form, jobs, Tasks, signed callbacks."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from standardwebhooks import Webhook

from tests.e2e.conftest import Live
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

DONE_S = 120


@pytest.fixture(scope="module")
def key(live: Live) -> str:
    return live.new_key("shake@example.org")


@pytest.fixture
def tasks(live: Live, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=live.base_url, verify=live.tls, headers={"x-api-key": key}, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def legacy(live: Live, key: str) -> Iterator[httpx.Client]:
    with live.http(f"Bearer {key}") as client:
        yield client


def taken(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def decoded(live: Live, link: str) -> np.ndarray:
    """Samples of a result."""
    data = httpx.get(link, verify=live.tls, trust_env=False).raise_for_status().content
    samples: np.ndarray = soundfile.read(io.BytesIO(data))[0]
    return samples


def test_a_task_of_two_targets_and_its_callbacks(live: Live, tasks: httpx.Client, song: Path) -> None:
    asset = taken(tasks.post("/assets", files={"file": (song.name, song.read_bytes(), "audio/wav")}))
    assert asset["format"] == "wav"
    targets = [
        {"model": "vocals", "formats": ["wav", "mp3"], "residual": True},
        {"model": "instrumental", "formats": ["wav"]},
    ]
    secret = taken(tasks.get("/patchbay/v1/webhook-secret"))["secret"]
    with Receiver() as receiver:
        body = {"assetId": asset["id"], "metadata": "mine", "callbackUrl": receiver.url, "targets": targets}
        task = taken(tasks.post("/tasks", json=body))
        receipts = receiver.wait_for(2, DONE_S)
    told = [Webhook(secret).verify(receipt.body, receipt.headers) for receipt in receipts]
    assert len({receipt.id for receipt in receipts}) == 2
    assert {each["id"] for each in told} == {task["id"]}
    done = taken(tasks.get(f"/tasks/{task['id']}/"))
    assert [target["status"] for target in done["targets"]] == ["completed", "completed"], done
    vocals, instrumental = done["targets"]
    made = {(output["name"], output["format"]): output["link"] for output in vocals["output"]}
    assert set(made) == {(name, fmt) for name in ("vocals", "vocals_residual") for fmt in ("wav", "mp3")}
    mix = soundfile.read(song)[0]
    rest = decoded(live, made["vocals_residual", "wav"])
    assert np.abs(decoded(live, made["vocals", "wav"]) + rest - mix).max() < 1e-3
    assert len(decoded(live, made["vocals", "mp3"])) == pytest.approx(len(mix), abs=4000)
    (alone,) = instrumental["output"]
    assert np.array_equal(decoded(live, alone["link"]), rest), "both come of one separation"
    assert vocals["duration"] == 6.0
    found = taken(tasks.get("/tasks", params={"skip": 0, "take": 10}))
    assert task["id"] in [each["id"] for each in found]
    assert taken(tasks.get("/tasks/statistics", params={"name": "usage"}))[-1]["totalTargets"] >= 2


def test_a_job_as_older_clients_order_it(live: Live, legacy: httpx.Client, song: Path) -> None:
    asset = taken(legacy.post("/upload/", files={"file": (song.name, song.read_bytes())}))
    order = {"assetId": asset["id"], "metadata": {"name": "drums", "format": "wav", "variant": "high_quality"}}
    job = taken(legacy.post("/job", json=order))["job"]
    until = time.monotonic() + DONE_S
    while (job := taken(legacy.get(f"/job/{job['id']}"))["job"])["status"] not in {"completed", "failed", "error"}:
        assert time.monotonic() < until
        time.sleep(0.3)
    assert job["status"] == "completed", job
    assert float(job["statusInfo"]["code"]) == 200
    (made,) = job["outputAssets"]
    assert made["name"] == "drums.wav"
    assert len(decoded(live, made["link"])) == len(soundfile.read(song)[0])
    source = httpx.get(job["sourceAsset"]["link"], verify=live.tls, trust_env=False).raise_for_status()
    assert source.content == song.read_bytes()
    month = taken(legacy.get("/usage"))["usage"][0]
    assert (month["totalJobs"] >= 1, month["totalMinutes"] >= 0.1) == (True, True)


def test_a_slash_at_the_end_makes_no_difference(legacy: httpx.Client) -> None:
    """One client probes `GET /job/` before anything else, and the generated ones end every path so."""
    answers = {path: legacy.get(path).status_code for path in ("/job/", "/usage/", "/tasks/", "/assets/")}
    assert set(answers.values()) == {200}, answers
    assert legacy.post("/job/", json={}).status_code == 422


def test_a_linked_file_that_is_not_there_is_told_in_its_job(legacy: httpx.Client) -> None:
    with Receiver() as receiver:
        receiver.ready.clear()  # The job is ordered before the file is missed; afterwards it would be refused.
        asset = taken(legacy.post("/upload/link", json={"link": receiver.url + "/none.mp3", "name": "song"}))
        order = {"assetId": asset["id"], "metadata": {"name": "vocals", "format": "mp3"}, "callbackUrl": receiver.url}
        taken(legacy.post("/job", json=order))
        receiver.ready.set()
        (receipt,) = receiver.wait_for(1, DONE_S)
    job = receipt.told["job"]
    assert (job["status"], job["statusInfo"]["code"]) == ("failed", 422)
    assert "404" in job["statusInfo"]["message"]
