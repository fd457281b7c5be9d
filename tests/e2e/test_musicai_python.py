"""PyPI `musicai-sdk`, unmodified but for its base address."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from musicai_sdk import MusicAiClient
from requests.exceptions import HTTPError

from tests.e2e.conftest import Live, write_song

pytestmark = pytest.mark.twin
STEMS = {"vocals", "drums", "bass", "other"}


@pytest.fixture(params=["v1", "api"])
def client(live: Live, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MusicAiClient:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", live.ca)
    made = MusicAiClient(api_key=live.key, job_monitor_interval=0.2)
    made.base_url = f"{live.base_url}/{request.param}"
    return made


def test_upload_add_wait_list_download_delete(client: MusicAiClient, song: Path, tmp_path: Path) -> None:
    url = client.upload_file(str(song))
    made = client.add_job("from Python", "stem-isolation-4", {"inputUrl": url}, metadata={"n": 1})
    job = client.wait_for_job_completion(made["id"])
    assert job["status"] == "SUCCEEDED", job
    assert client.get_job_status(made["id"]) == {"id": made["id"], "status": "SUCCEEDED"}
    assert set(job["result"]) == STEMS
    assert job["workflowParams"]["inputUrl"] == url
    assert job["metadata"] == {"n": 1}
    assert job["createdAt"] <= job["startedAt"] <= job["completedAt"]
    listed = client.list_jobs({"status": ["SUCCEEDED"], "workflow": "stem-isolation-4"})
    assert made["id"] in [found["id"] for found in listed]
    files = client.download_job_results(job, str(tmp_path))
    assert {Path(path).name for path in files.values()} == {f"{stem}.wav" for stem in STEMS}
    assert client.get_application_info()["name"]
    assert client.list_workflows({"size": 3, "page": 0})["workflows"]
    client.delete_job(made["id"])
    with pytest.raises(HTTPError, match="404"):
        client.get_job(made["id"])


def test_stems_add_up_to_the_song(client: MusicAiClient, song: Path, tmp_path: Path) -> None:
    url = client.upload_file(str(song))
    made = client.add_job("sum", "stem-isolation-4", {"inputUrl": url, "sampleFormat": "wav32f"})
    files = client.download_job_results(client.wait_for_job_completion(made["id"]), str(tmp_path))
    total = sum(soundfile.read(path)[0] for path in files.values())
    assert np.abs(total - soundfile.read(song)[0]).max() < 1e-4


def test_a_chain_and_an_encoder(client: MusicAiClient, song: Path, tmp_path: Path) -> None:
    url = client.upload_file(str(song))
    chain = client.add_job("c", "stem-isolation-encoded", {"inputUrl": url, "stems": 2, "format": "mp3"})
    encode = client.add_job("e", "audio-encoder", {"inputUrl": url, "format": "flac", "sampleRateHz": 22050})
    files = client.download_job_results(client.wait_for_job_completion(chain["id"]), str(tmp_path))
    assert {Path(path).name for path in files.values()} == {"vocals.mp3", "accompaniment.mp3"}
    files = client.download_job_results(client.wait_for_job_completion(encode["id"]), str(tmp_path))
    assert soundfile.info(files["audio"]).samplerate == 22050


def test_results_are_copied_to_ones_own_storage(client: MusicAiClient, live: Live, song: Path) -> None:
    """The storage is the twin's own, by the upload address of another asset."""
    with live.http() as http:
        place = http.get("/v1/upload").json()
    url = client.upload_file(str(song))
    options = {"copy_results_to": {"vocals": place["uploadUrl"]}}
    made = client.add_job("copy", "stems-vocals-accompaniment", {"inputUrl": url}, **options)
    job = client.wait_for_job_completion(made["id"])
    assert job["status"] == "SUCCEEDED", job
    assert job["result"]["vocals"] == "[custom storage]"
    assert job["result"]["accompaniment"].startswith("https://")
    with httpx.Client(verify=live.tls, trust_env=False) as http:
        copied = http.get(place["downloadUrl"])
    assert copied.status_code == 200
    assert copied.content[:4] == b"RIFF"


def test_import_by_url(client: MusicAiClient, live: Live, song: Path) -> None:
    """A signed link of another tenant's is a URL like any other, the twin's own base URL included."""
    with live.http(live.new_key("other@example.org")) as http:
        place = http.get("/v1/upload").json()
    with httpx.Client(verify=live.tls, trust_env=False) as http:
        assert http.put(place["uploadUrl"], content=song.read_bytes()).status_code == 200
    made = client.add_job("import", "audio-encoder", {"inputUrl": place["downloadUrl"], "format": "ogg"})
    assert client.wait_for_job_completion(made["id"])["status"] == "SUCCEEDED"


def test_an_upload_is_never_served_as_a_page(live: Live) -> None:
    with live.http() as http:
        place = http.get("/v1/upload").json()
    with httpx.Client(verify=live.tls, trust_env=False) as http:
        http.put(place["uploadUrl"], content=b"<script>", headers={"Content-Type": "text/html"}).raise_for_status()
        answer = http.get(place["downloadUrl"])
    if answer.status_code == 200:  # else it was looked at and removed by now
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == "attachment"
    else:
        assert answer.status_code == 404


def test_a_bad_file_fails_with_words(client: MusicAiClient, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt and then nothing of use")
    made = client.add_job("bad", "stem-isolation-4", {"inputUrl": client.upload_file(str(bad))})
    job = client.wait_for_job_completion(made["id"])
    assert job["status"] == "FAILED"
    assert job["error"]["code"] == "BAD_INPUT"
    assert "audio" in job["error"]["message"] or "damaged" in job["error"]["message"]


def test_what_is_wrong_is_said_and_nothing_is_made(client: MusicAiClient, live: Live, song: Path) -> None:
    before = len(client.list_jobs({"size": 200}))
    url = client.upload_file(str(song))
    for workflow, params, says in (
        ("no-such-workflow", {"inputUrl": url}, "no-such-workflow"),
        ("stem-isolation-4", {}, "inputUrl"),
        ("stem-isolation-4", {"inputUrl": url, "modle": "x"}, "modle"),
        ("stem-isolation-4", {"inputUrl": url, "model": "htdemucs"}, "patchbay-classic"),
        ("stem-isolation-4", {"inputUrl": "ftp://example.org/a"}, "inputUrl"),
    ):
        with pytest.raises(HTTPError, match=r"Error creating job: 4\d\d") as caught:
            client.add_job("x", workflow, params)
        assert says in str(caught.value)
    assert len(client.list_jobs({"size": 200})) == before


def test_anothers_job_is_not_there(client: MusicAiClient, live: Live, song: Path) -> None:
    made = client.add_job("mine", "audio-encoder", {"inputUrl": client.upload_file(str(song)), "format": "opus"})
    other = live.new_key("stranger@example.org")
    with live.http(other) as http:
        for method, path in (("GET", ""), ("GET", "/status"), ("DELETE", "")):
            answer = http.request(method, f"/v1/job/{made['id']}{path}")
            assert answer.status_code == 404
            assert answer.json()["code"]
        assert http.get("/v1/job").json() == []
    assert client.wait_for_job_completion(made["id"])["status"] == "SUCCEEDED"


def test_batches_are_listed_newest_first(live: Live, song: Path) -> None:
    with live.http(live.new_key("batches@example.org")) as http:
        place = http.get("/v1/upload").json()
        httpx.put(place["uploadUrl"], content=song.read_bytes(), verify=live.tls, trust_env=False)
        ids = []
        for number in range(4):
            body = {
                "name": f"n{number}",
                "workflow": "audio-encoder",
                "batchName": "b" if number % 2 else "other",
                "params": {"inputUrl": place["downloadUrl"], "format": "wav"},
            }
            ids.append(http.post("/v1/job", json=body).json()["id"])
        assert [job["id"] for job in http.get("/v1/job").json()] == ids[::-1]
        assert [job["id"] for job in http.get("/v1/job", params={"batchName": "b"}).json()] == [ids[3], ids[1]]
        assert [job["id"] for job in http.get("/v1/job", params={"page": 1, "size": 3}).json()] == [ids[0]]


def test_keys(live: Live) -> None:
    with live.http("nonsense") as http:
        assert http.get("/v1/application").status_code == 401
    key = live.new_key("revoked@example.org")
    with live.http(key) as http:
        assert http.get("/v1/application").status_code == 200


def test_a_cancelled_job_stops_its_worker(live: Live, tmp_path: Path) -> None:
    """Deleting a running job ends the engine's work within seconds; the next task runs at once."""
    long = write_song(tmp_path / "long.wav", seconds=400.0, seed=5)
    short = write_song(tmp_path / "short.wav", seconds=3.0, seed=6)
    with live.http() as http:
        urls = []
        for path in (long, short):
            place = http.get("/v1/upload").json()
            httpx.put(place["uploadUrl"], content=path.read_bytes(), verify=live.tls, trust_env=False, timeout=60)
            urls.append(place["downloadUrl"])
        body = {"name": "x", "workflow": "stem-isolation-4", "params": {"inputUrl": urls[0]}}
        job_id = http.post("/v1/job", json=body).json()["id"]
        _until(http, job_id, lambda job: job["status"] == "STARTED" and job.get("progress", 0) > 0)
        assert http.delete(f"/v1/job/{job_id}").status_code == 200
        body["params"] = {"inputUrl": urls[1]}
        next_id = http.post("/v1/job", json=body).json()["id"]
        seconds = _until(http, next_id, lambda job: job["status"] == "SUCCEEDED")
        assert seconds < 15
        assert http.get(f"/v1/job/{job_id}").status_code == 404


def _until(http: httpx.Client, job_id: str, true_of: Callable[[dict[str, Any]], bool], within_s: float = 60) -> float:
    began = time.monotonic()
    job: dict[str, Any] = {}
    while time.monotonic() - began < within_s:
        job = http.get(f"/v1/job/{job_id}").json()
        if true_of(job):
            return time.monotonic() - began
        time.sleep(0.2)
    raise AssertionError(job)
