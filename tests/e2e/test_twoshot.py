"""TwoShot's API over HTTPS on the twin: its document's two classes, whole files, search, and everything in between."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import soundfile

from tests.e2e.conftest import Live, run_node, write_song
from tests.support.twoshot import PASSWORD
from tests.support.twoshot_clients import TwoShotClient

pytestmark = [pytest.mark.twin, pytest.mark.timeout(400)]

DONE_S = 180.0
POLL_S = 0.5


def registered(live: Live, name: str) -> Any:
    body = {"userName": name, "email": f"{name}@example.org", "password": PASSWORD}
    with live.http("") as http:
        return http.post("/auth/register", json=body).raise_for_status().json()


@pytest.fixture(scope="module")
def session(live: Live) -> Any:
    return registered(live, "musicmaker2024")


@pytest.fixture
def client(live: Live, session: Any) -> TwoShotClient:
    return TwoShotClient(live.base_url, session["accessToken"], live.ca)


@pytest.fixture
def stranger(live: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live.base_url, verify=live.tls, timeout=60, trust_env=False) as http:
        yield http


def eventually(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + DONE_S
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(POLL_S)
    return found


def looked_at(client: TwoShotClient, audio_id: str) -> Any:
    return client.request(f"/audio/{audio_id}")["mediaType"]


def ready(client: TwoShotClient, number: int) -> Any:
    def over() -> Any:
        found = client.request(f"/sample/{number}")
        return None if found["processing"] else found

    found = eventually(over)
    assert found["error"] is None, found
    return found


def test_the_documents_python_class_from_a_file_to_everybodys_search(
    live: Live, client: TwoShotClient, stranger: httpx.Client, session: Any, song: Path
) -> None:
    assert client.request("/user") == {**session["user"], "credits": 10_000}
    made = client.upload_sample(song)
    number, audio_id = made["sampleId"], made["audioId"]
    found = ready(client, number)
    assert found["sample"]["name"] == "song"
    assert found["audioInfo"]["duration"] == pytest.approx(6.0, abs=0.1)
    assert found["audioInfo"]["bpm"] in (pytest.approx(60.0, abs=2), pytest.approx(120.0, abs=3)), (
        "of one hit every half second"
    )
    assert 0 < len(found["peaks"]) <= 200
    assert stranger.get(f"/sample/{number}").status_code == 404

    client.request(f"/sample/{number}/rename", "PATCH", {"name": "Twin Peaks Café"})
    client.request(f"/sample/{number}/visibility", "PATCH", {"public": True})
    hits = eventually(lambda: stranger.get("/sample", params={"q": "cafe tw"}).json())
    assert [hit["sample"]["id"] for hit in hits] == [number]

    preview = stranger.get(f"/sample/{number}/preview/{audio_id}", follow_redirects=True).raise_for_status()
    samples, rate_hz = soundfile.read(io.BytesIO(preview.content))
    assert len(samples) / rate_hz == pytest.approx(6.0, abs=0.2)
    url = stranger.get(f"/audio/{audio_id}/play").json()["url"]
    part = httpx.get(url, headers={"range": "bytes=0-3"}, verify=live.tls, trust_env=False)
    assert (part.status_code, part.content) == (206, b"RIFF")

    # requests keeps its key when it is sent on to the same host, which the twin's store is.
    answer = requests.get(
        f"{live.base_url}/sample/{number}/download/{audio_id}", headers=client.headers, verify=live.ca, timeout=60
    )
    assert answer.content == song.read_bytes()


def test_a_sample_is_settled_though_nobody_asks_for_it(client: TwoShotClient, song: Path) -> None:
    """Whoever gets one settles it; a list does not, so that this is the work of the Lambda behind ends of jobs."""
    audio_id = client.upload_sample(song)["audioId"]

    def listed() -> Any:
        (found,) = [audio for audio in client.request("/audio") if audio["id"] == audio_id]
        return None if found["processing"] else found

    assert eventually(listed)["duration"] == pytest.approx(6.0, abs=0.1)


def test_the_documents_javascript_class(live: Live, client: TwoShotClient, session: Any, song: Path) -> None:
    told = {"endpoint": live.base_url, "token": session["accessToken"], "song": str(song)}
    answer = run_node("twoshot.mjs", {"NODE_EXTRA_CA_CERTS": live.ca}, told)
    assert answer["sample"]["sample"]["name"] == "My Drum Loop"
    assert answer["sample"]["sample"]["public"] is True
    assert answer["sample"]["tags"] == ["drums", "loop"]
    assert answer["user"] == {**session["user"], "credits": 10_000}
    assert answer["refused"] == "API Error: 404"
    assert answer["made"]["audioId"] in [each["id"] for each in client.request("/audio")]


def test_files_larger_than_any_lambda_takes_come_and_go(
    live: Live, client: TwoShotClient, stranger: httpx.Client, tmp_path: Path
) -> None:
    long = write_song(tmp_path / "long.wav", seconds=90.0)
    assert long.stat().st_size > 12_000_000
    by_form = client.upload_sample(long)
    begun = client.request("/sample/upload", "POST", {"name": "long.wav", "sizeBytes": long.stat().st_size})
    put = httpx.put(begun["uploadUrl"], content=long.read_bytes(), verify=live.tls, trust_env=False, timeout=60)
    put.raise_for_status()
    by_link = client.request("/sample/audio", "POST", {"uploadId": begun["uploadId"], "name": "By link"})
    for made in (by_form, by_link):
        eventually(partial(looked_at, client, made["audioId"]))
    ids = f"{by_form['audioId']},{by_link['audioId']}"
    answer = requests.get(
        f"{live.base_url}/audio/download", params={"ids": ids}, headers=client.headers, verify=live.ca, timeout=120
    )
    answer.raise_for_status()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("long.wav") == archive.read("By link.wav") == long.read_bytes()
    assert stranger.get("/audio/download", params={"ids": ids}).status_code == 401


def test_following_and_liking(live: Live, client: TwoShotClient, session: Any, song: Path) -> None:
    fan = TwoShotClient(live.base_url, registered(live, "fan")["accessToken"], live.ca)
    user_id = session["user"]["id"]
    assert fan.request(f"/user/{user_id}/follow", "POST") == {"following": True, "followerCount": 1}
    assert fan.request(f"/user/{user_id}/follow", "DELETE") == {"following": False, "followerCount": 0}
    number = client.upload_sample(song)["sampleId"]
    assert client.request(f"/sample/{number}/like", "POST") == {"liked": True, "likes": 1}
    with pytest.raises(requests.HTTPError, match="404"):
        fan.request(f"/sample/{number}/like", "POST")


def test_a_key_and_the_limits_it_has(live: Live, stranger: httpx.Client) -> None:
    """The twin multiplies all limits alike."""
    with live.http(f"Bearer {live.key}") as http:
        known = http.get("/user")
    assert known.status_code == 200
    limit, anonymous = (int(each.headers["x-ratelimit-limit"]) for each in (known, stranger.get("/licence")))
    assert limit == 10 * anonymous
    assert 0 < int(known.headers["x-ratelimit-remaining"]) < limit
