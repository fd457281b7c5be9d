"""The API's client: what it sends, and what it does when things go wrong."""

from pathlib import Path

import httpx
import pytest

from patchbay.cli.client import ATTEMPTS, ApiError, Client, file_name, results, why_failed
from tests.unit.patchbay.cli.conftest import ONE_STEM, FakeApi


def test_upload_streams_the_file_with_its_length_and_without_the_key(client: Client, api: FakeApi, song: Path) -> None:
    shares: list[float] = []
    assert client.upload(song, shares.append) == "https://store.test/get/1"
    assert api.uploaded == song.read_bytes()
    put = api.requests[-1]
    assert put.headers["Content-Length"] == str(song.stat().st_size)
    assert "Transfer-Encoding" not in put.headers
    assert "Content-Type" not in put.headers
    assert "Authorization" not in put.headers
    assert "X-API-Key" not in put.headers
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_upload_begins_anew_with_a_new_link_after_a_broken_connection(
    client: Client, api: FakeApi, song: Path, slept: list[float]
) -> None:
    links = httpx.Response(200, json={"uploadUrl": "https://store.test/uploads/0", "downloadUrl": "x"})
    api.script = [links, httpx.WriteError("gone")]
    assert client.upload(song) == "https://store.test/get/1"
    assert api.uploaded == song.read_bytes()
    assert slept == [0.5]


def test_upload_tells_what_the_store_says(client: Client, api: FakeApi, song: Path) -> None:
    links = httpx.Response(200, json={"uploadUrl": "https://store.test/uploads/0", "downloadUrl": "x"})
    api.script = [links, httpx.Response(403, text="<Error>expired</Error>")]
    with pytest.raises(ApiError, match=r"upload of my song.wav was refused: HTTP 403"):
        client.upload(song)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reads_are_tried_again_while_the_server_is_busy(client: Client, api: FakeApi, status: int) -> None:
    api.script = [httpx.Response(status), httpx.Response(status)]
    assert client.job("job-1")["id"] == "job-1"
    assert len(api.calls) == 3


def test_reads_are_tried_again_after_a_lost_connection_and_then_given_up(
    client: Client, api: FakeApi, slept: list[float]
) -> None:
    api.script = [httpx.ReadTimeout("slow")] * ATTEMPTS
    with pytest.raises(ApiError, match=r"https://api.test does not answer: slow"):
        client.job("job-1")
    assert slept == [0.5, 1.0, 2.0]


def test_an_order_that_may_have_been_taken_is_not_sent_again(client: Client, api: FakeApi) -> None:
    api.script = [httpx.ReadTimeout("slow")]
    with pytest.raises(ApiError, match="does not answer"):
        client.submit("stem-isolation-4", {}, name="song")
    assert api.calls == [("POST", "/v1/job")]


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), httpx.Response(429), httpx.Response(503)])
def test_an_order_that_was_not_taken_is_sent_again(
    client: Client, api: FakeApi, answer: httpx.Response | Exception
) -> None:
    api.script = [answer]
    assert client.submit("stem-isolation-4", {"inputUrl": "https://x"}, name="song") == "job-1"
    assert api.order == {"name": "song", "workflow": "stem-isolation-4", "params": {"inputUrl": "https://x"}}


def test_a_job_is_looked_at_until_it_is_over_with_growing_pauses(
    client: Client, api: FakeApi, slept: list[float]
) -> None:
    seen: list[str] = []
    assert client.wait("job-1", lambda job: seen.append(job["status"]))["status"] == "SUCCEEDED"
    assert seen == ["QUEUED", "STARTED", "SUCCEEDED"]
    assert slept == sorted(slept)
    assert len(slept) == 2


def test_a_download_is_there_only_when_whole(client: Client, api: FakeApi, tmp_path: Path) -> None:
    target = tmp_path / "vocals.wav"
    api.script = [httpx.ReadError("gone")]
    client.download("https://store.test/results/vocals.wav", target)
    assert target.read_bytes() == ONE_STEM
    api.script = [httpx.ReadError("gone")] * ATTEMPTS
    with pytest.raises(ApiError, match=r"download of drums.wav broke off"):
        client.download("https://store.test/results/drums.wav", tmp_path / "drums.wav")
    assert [p.name for p in tmp_path.iterdir()] == ["vocals.wav"]


def test_a_download_that_is_refused_is_told(client: Client, api: FakeApi, tmp_path: Path) -> None:
    api.script = [httpx.Response(403)]
    with pytest.raises(ApiError, match=r"download of a.wav was refused: HTTP 403 Forbidden"):
        client.download("https://store.test/a", tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(400, json={"message": "no such workflow"}), "no such workflow"),
        (httpx.Response(400, json={"detail": "too long"}), "too long"),
        (httpx.Response(422, json={"error": {"code": "X", "message": "bad"}}), "bad"),
        (httpx.Response(500, text="<html>"), "HTTP 500 Internal Server Error"),
        (httpx.Response(400, json=["?"]), "HTTP 400 Bad Request"),
        (httpx.Response(200, text="<html>"), "did not answer JSON"),
    ],
)
def test_an_error_is_told_in_the_servers_words(client: Client, api: FakeApi, answer: httpx.Response, told: str) -> None:
    api.script = [answer]
    with pytest.raises(ApiError, match=told):
        client.job("job-1")


def test_an_untrusted_certificate_is_explained(client: Client, api: FakeApi) -> None:
    api.script = [httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] ...")] * ATTEMPTS
    with pytest.raises(ApiError, match="certificate is not trusted"):
        client.job("job-1")


def test_ids_cannot_leave_their_place_in_the_path(client: Client, api: FakeApi) -> None:
    with pytest.raises(ApiError):
        client.job("../application")
    assert api.requests[-1].url.raw_path == b"/v1/job/..%2Fapplication"


@pytest.mark.parametrize(
    ("result", "url", "name"),
    [
        ("vocals", "https://x/y/vocals.wav?X=1.mp3", "vocals.wav"),
        ("vocals", "https://x/y", "vocals"),
        ("../../etc/passwd", "https://x/y.wav", "______etc_passwd.wav"),
        ("", "https://x/y.wav", "result.wav"),
        ("bass", "https://x/y.w%2Fv", "bass"),
    ],
)
def test_file_names_stay_in_their_folder(result: str, url: str, name: str) -> None:
    assert file_name(result, url) == name


def test_results_are_addresses_or_values() -> None:
    urls, values = results({"result": {"vocals": "https://x/v.wav", "bpm": "120", "keys": ["C"]}})
    assert urls == {"vocals": "https://x/v.wav"}
    assert values == {"bpm": "120", "keys": ["C"]}
    assert results({"result": None}) == ({}, {})


def test_the_reason_of_a_failure_is_found_wherever_it_is() -> None:
    assert why_failed({"error": {"code": "BAD_INPUT", "title": "Bad", "message": "not audio"}}) == "not audio"
    assert why_failed({"error": {"code": "TIMEOUT"}}) == "TIMEOUT"
    assert why_failed({}) == "no reason was given"
