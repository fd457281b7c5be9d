"""The published Python client, unmodified, against the API: only its connection is replaced."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from musicai_sdk import MusicAiClient

from tests.fakes.gateway import Api
from tests.fakes.objects import BASE as OBJECTS
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

HOST = "https://api.test"


class Connection:
    """Takes the place of `requests.request`: the API's host is the Lambda, the object store's is the fake."""

    def __init__(self, api: Api, world: World) -> None:
        self.api, self.world = api.with_key(None), world

    def __call__(self, method: str, url: str, **given: Any) -> requests.Response:
        given.pop("timeout", None)
        sent = requests.Request(method.upper(), url, **given).prepare()
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        assert isinstance(body, bytes)
        if url.startswith(OBJECTS):
            return self._object(sent, body)
        parts = urlsplit(sent.url or "")
        answer = self.api.call(
            sent.method or "",
            parts.path,
            query=parse_qsl(parts.query, keep_blank_values=True),
            headers={name.lower(): str(value) for name, value in sent.headers.items()},
            body=body,
        )
        return _response(answer.status, answer.body)

    def _object(self, sent: requests.PreparedRequest, body: bytes) -> requests.Response:
        assert "authorization" not in {name.lower() for name in sent.headers}
        key = self.world.objects.key_of(sent.url or "")
        assert key is not None
        if sent.method == "PUT":
            self.world.objects.put(key, body)
            return _response(200, b"")
        return _response(200, self.world.objects.stored[key][0])


def _response(status: int, body: bytes) -> requests.Response:
    made = requests.Response()
    made.status_code, made._content = status, body
    return made


@pytest.fixture(params=["/v1", "/api"])
def client(
    request: pytest.FixtureRequest, musicai: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> MusicAiClient:
    monkeypatch.setattr(requests, "request", Connection(musicai, world))
    made = MusicAiClient(api_key=ada.secret, job_monitor_interval=0)
    made.base_url = HOST + request.param
    return made


def test_from_a_file_to_its_stems(client: MusicAiClient, ada: Tenant, world: World, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(GOOD)
    url = client.upload_file(str(song))
    job_id = client.add_job("My job", "music-ai/stems-vocals-accompaniment", {"inputUrl": url}, metadata={"a": 1})["id"]
    assert client.get_job_status(job_id)["status"] == "QUEUED"
    with pytest.raises(requests.HTTPError, match="not completed"):
        client.download_job_results(job_id, str(tmp_path))
    world.carry_out(world.services.jobs.get(ada.id, job_id))
    job = client.wait_for_job_completion(job_id)
    assert job["metadata"] == {"a": 1}
    files = client.download_job_results(job, str(tmp_path / "out"))
    assert files.keys() == {"vocals", "accompaniment"}
    assert Path(files["vocals"]) == tmp_path / "out" / "vocals.wav"
    assert all(Path(path).read_bytes() == GOOD for path in files.values())
    told = json.loads((tmp_path / "out" / "workflow.result.json").read_text())
    assert told == {"vocals": "./vocals.wav", "accompaniment": "./accompaniment.wav"}
    assert client.delete_job(job_id) == {"id": job_id}
    assert client.list_jobs() == []


def test_lists_and_filters(client: MusicAiClient, world: World, ada: Tenant) -> None:
    job = world.order(ada)
    assert [found["id"] for found in client.list_jobs({"status": ["STARTED", "QUEUED"]})] == [job.id]
    assert [found["id"] for found in client.list_jobs({"status": "QUEUED,STARTED", "page": 0, "size": 5})] == [job.id]
    assert client.list_jobs({"workflow": "audio-encoder"}) == []
    assert len(client.list_workflows({"page": 0, "size": 2})["workflows"]) == 2
    assert client.get_application_info() == {"id": ada.application.id, "name": "Default Application"}


def test_results_in_own_storage(client: MusicAiClient, world: World, ada: Tenant, tmp_path: Path) -> None:
    asset = world.upload(ada)
    params = {"inputUrl": world.services.assets.download_url(asset)}
    copies = {"vocals": "https://storage.example.com/v"}
    job_id = client.add_job("n", "stem-isolation-4", params, copy_results_to=copies)["id"]
    world.carry_out(world.services.jobs.get(ada.id, job_id))
    files = client.download_job_results(job_id, str(tmp_path / "out"))
    assert files.keys() == {"drums", "bass", "other"}


def test_what_its_user_reads_when_something_is_wrong(client: MusicAiClient, ada: Tenant) -> None:
    with pytest.raises(requests.HTTPError, match="there is no workflow 'no-such'"):
        client.add_job("n", "no-such", {"inputUrl": "https://example.com/a.wav"})
    with pytest.raises(requests.HTTPError, match=r"400.*sampleFormat"):
        client.add_job("n", "stem-isolation-4", {"inputUrl": "https://example.com/a.wav", "sampleFormat": "x"})
    with pytest.raises(requests.HTTPError, match="404"):
        client.get_job("0198c0de-0000-7000-8000-000000000000")
    client.api_key = "pb_wrong"
    with pytest.raises(requests.HTTPError, match=r"401.*API key"):
        client.list_jobs()
