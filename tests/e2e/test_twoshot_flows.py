"""The five ways of use that TwoShot's document tells of, each from its first request to its last, on the twin."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
import requests
import soundfile

from tests.e2e.conftest import Live, write_song
from tests.support.twoshot import PASSWORD
from tests.support.twoshot_clients import TwoShotClient

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]

DONE_S = 300.0
RATE_HZ = 44100


@pytest.fixture(scope="module")
def sign_up(live: Live) -> Callable[[str], TwoShotClient]:
    """A new person's client: the fifth way's first step."""

    def made(name: str) -> TwoShotClient:
        body = {"userName": name, "email": f"{name}@example.org", "password": PASSWORD}
        with live.http("") as http:
            session = http.post("/auth/register", json=body).raise_for_status().json()
        return TwoShotClient(live.base_url, session["accessToken"], live.ca)

    return made


@pytest.fixture(scope="module")
def producer(sign_up: Callable[[str], TwoShotClient]) -> TwoShotClient:
    return sign_up("producer")


def eventually(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + DONE_S
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.5)
    return found


def done(client: TwoShotClient, job_id: str) -> Any:
    """A job's last status, polled as the document's example does."""
    seen: list[int] = []

    def over() -> Any:
        found = client.request(f"/generation/{job_id}")
        seen.append(found["progress"])
        return found if found["status"] in {"completed", "failed", "cancelled"} else None

    found = eventually(over)
    assert found["status"] == "completed", found
    assert (found["id"], found["progress"], found["error"]) == (job_id, 100, None)
    assert seen == sorted(seen)
    return found


def audio(client: TwoShotClient, audio_id: str) -> tuple[np.ndarray, int]:
    """An audio file: samples (frames, channels) and their rate."""
    answer = requests.get(
        f"{client.base_url}/audio/{audio_id}/download", headers=client.headers, verify=client.ca, timeout=120
    )
    answer.raise_for_status()
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32", always_2d=True)
    return samples, rate_hz


def ready(client: TwoShotClient, number: int) -> Any:
    def over() -> Any:
        found = client.request(f"/sample/{number}")
        return None if found["processing"] else found

    found = eventually(over)
    assert found["error"] is None, found
    return found


def clip(made: dict[str, Any], number: int, **changes: Any) -> dict[str, Any]:
    """A clip as in the document, whose material is a sample."""
    return {
        "id": f"550e8400-e29b-41d4-a716-44665544{number:04d}",
        "name": f"Clip {number}",
        "color": {"hue": 0.8, "saturation": 0.7, "lightness": 0.5},
        "position": 0.0,
        "muted": False,
        "volume": 0.8,
        "source": {"audioId": made["audioId"], "sampleId": made["sampleId"]},
        "pitchOffset": 0.0,
        "reversed": False,
        "speed": 1.0,
        "cutStart": 0.0,
        "cutEnd": 2.0,
        "pan": 0.0,
        **changes,
    }


def test_a_studio_saves_a_session_and_hears_it_exactly(producer: TwoShotClient, tmp_path: Path) -> None:
    """1: create a project, import audio, build it up, render."""
    project = {"name": "My New Track", "version": "1.0.0", "tempo": 120.0, "tracks": []}
    project_id = producer.request("/project", "POST", project)["id"]
    path = write_song(tmp_path / "song.wav", seconds=4.0, seed=7)
    made = producer.upload_sample(path)
    ready(producer, made["sampleId"])
    track = {
        "id": "550e8400-e29b-41d4-a716-446655440001",
        "name": "Drums",
        "clips": [clip(made, 1), clip(made, 2, position=4.0, cutStart=1.0, cutEnd=2.5, reversed=True)],
        "pan": 0.0,
        "loopEvery": None,
        "volume": 0.5,
        "muted": False,
    }
    document = {**project, "grid": 0.25, "snapToGrid": True, "soloTarget": None, "tracks": [track]}
    producer.request(f"/project/{project_id}", "PUT", document)
    kept = producer.request(f"/project/{project_id}")
    assert (kept["version"], kept["data"]["tracks"][0]["clips"][1]["cutEnd"]) == ("1.0.0", 2.5)

    order = {"format": "wav", "quality": "high", "startTime": 0.0, "endTime": 4.0}
    begun = producer.request(f"/project/{project_id}/render", "POST", order)
    assert begun["status"] in {"pending", "processing"}
    (output, *_) = done(producer, begun["jobId"])["outputs"]
    assert (output["format"], output["duration"]) == ("wav", pytest.approx(4.0, abs=1e-3))
    heard, rate_hz = audio(producer, output["audioId"])
    assert (rate_hz, len(heard)) == (RATE_HZ, 4 * RATE_HZ)
    source, _ = soundfile.read(path, dtype="float32", always_2d=True)
    middle = slice(RATE_HZ // 10, 2 * RATE_HZ - RATE_HZ // 10)  # without the edges, which are made free of clicks
    assert np.abs(heard[middle] - 0.4 * source[middle]).max() < 1e-3
    back = source[RATE_HZ : RATE_HZ * 5 // 2][::-1]
    second = slice(2 * RATE_HZ + 4410, 2 * RATE_HZ + len(back) - 4410)
    assert np.abs(heard[second] - 0.4 * back[4410 : len(back) - 4410]).max() < 1e-3
    assert np.abs(heard[2 * RATE_HZ + len(back) :]).max() < 1e-4


def test_an_app_generates_music_from_words(producer: TwoShotClient) -> None:
    """2: browse models, start a generation, poll, download."""
    models = producer.request("/model")
    writers = [m for m in models if "text" in m["inputTypes"] and "audio" not in m["inputTypes"]]
    model = producer.request(f"/model/{writers[0]['id']}")
    assert model["parameters"][0]["type"] == "text"
    inputs = [{"type": "text", "value": "Chill lo-fi hip hop beat"}, {"type": "number", "value": 8.0}]
    begun = producer.request("/generation", "POST", {"modelId": model["id"], "inputs": inputs})
    over = done(producer, begun["jobId"])
    assert over["model"] == {"id": model["id"], "name": model["name"]}
    assert [{"type": given["type"], "value": given["value"]} for given in over["inputs"]] == inputs
    assert over["creditsUsed"] == begun["creditsUsed"]
    heard, rate_hz = audio(producer, over["outputs"][0]["audioId"])
    assert len(heard) / rate_hz == pytest.approx(8.0, abs=0.5)
    assert np.abs(heard).max() > 0.05
    assert begun["jobId"] in [each["id"] for each in producer.request("/generation")]


def test_a_library_offers_licenses_and_gives(
    producer: TwoShotClient, sign_up: Callable[[str], TwoShotClient], song: Path
) -> None:
    """3: browse, preview, apply for a licence, download."""
    buyer = sign_up("buyer")
    made = producer.upload_sample(song)
    number, audio_id = made["sampleId"], made["audioId"]
    ready(producer, number)
    producer.request(f"/sample/{number}/rename", "PATCH", {"name": "Quicksilver Loop"})
    licence = buyer.request("/licence")[0]
    producer.request(f"/sample/{number}/licence", "PATCH", {"licenceId": licence["id"]})
    producer.request(f"/sample/{number}/visibility", "PATCH", {"public": True})
    (found,) = eventually(lambda: buyer.request("/sample?q=quicksilver"))
    assert found["audioInfo"]["licenceId"] == licence["id"]
    preview = requests.get(f"{buyer.base_url}/sample/{number}/preview/{audio_id}", verify=buyer.ca, timeout=60)
    assert preview.headers["content-type"] == "audio/mpeg"
    applied = buyer.request(
        "/licence/apply", "POST", {"licenceId": licence["id"], "contentId": audio_id, "contentType": "sample"}
    )
    assert applied["status"] == "approved"
    given = requests.get(
        f"{buyer.base_url}/sample/{number}/download/{audio_id}", headers=buyer.headers, verify=buyer.ca, timeout=60
    )
    assert given.content == song.read_bytes()


def test_a_film_gets_its_music(live: Live, producer: TwoShotClient, tmp_path: Path) -> None:
    """4: generate background music, make a video, put the one under the other, download."""
    writer = next(m for m in producer.request("/model") if m["inputTypes"] == ["text"] or "text" in m["inputTypes"])
    begun = producer.request(
        "/generation", "POST", {"modelId": writer["id"], "inputs": [{"type": "text", "value": "calm piano, 6 seconds"}]}
    )
    film = silent_film(tmp_path / "film.mp4", seconds=6.0)
    video = producer.request("/video", "POST", {"name": "Holiday"})
    put = httpx.put(video["uploadUrl"], content=film.read_bytes(), verify=live.tls, trust_env=False, timeout=60)
    put.raise_for_status()
    music = done(producer, begun["jobId"])["outputs"][0]["audioId"]
    placed = {"audioId": music, "offset": 1.0, "gain": 0.5, "keepOriginal": False, "ducking": False}
    producer.request(f"/video/{video['id']}", "PUT", placed)
    rendered = producer.request(f"/video/{video['id']}/render", "POST", {})
    done(producer, rendered["jobId"])
    answer = requests.get(
        f"{producer.base_url}/video/{video['id']}/download", headers=producer.headers, verify=producer.ca, timeout=60
    )
    answer.raise_for_status()
    with av.open(io.BytesIO(answer.content), "r") as container, av.open(str(film), "r") as before:
        assert len(container.streams.audio) == 1
        after = [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]
        assert after == [bytes(packet) for packet in before.demux(before.streams.video[0]) if packet.size]
    with av.open(io.BytesIO(answer.content), "r") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate_hz = container.streams.audio[0].rate
    heard = np.concatenate(frames, axis=1)
    assert np.abs(heard[:, : int(0.9 * rate_hz)]).max() < 1e-3, "the music begins after a second"
    assert np.abs(heard[:, int(1.2 * rate_hz) :]).max() > 0.01


def test_people_share_and_find_each_other(
    live: Live, producer: TwoShotClient, sign_up: Callable[[str], TwoShotClient]
) -> None:
    """5: register, share a public project, follow, see what is in fashion."""
    fan = sign_up("fan2025")
    document = {"name": "Zeppelin Skyline", "version": "2.1.0", "tempo": 128.0, "tracks": []}
    project_id = producer.request("/project", "POST", document)["id"]
    with pytest.raises(requests.HTTPError, match="404"):
        fan.request(f"/project/{project_id}")
    producer.request(f"/project/{project_id}", "PUT", {**document, "public": True})
    shown = fan.request(f"/project/{project_id}")
    assert (shown["public"], shown["owner"]["userName"], shown["data"]["tempo"]) == (True, "producer", 128.0)
    query = "/project?public=true&minTempo=120&maxTempo=140&limit=10"
    with live.http("") as anybody:
        hits = eventually(lambda: [each["id"] for each in anybody.get(query).json()])
    assert project_id in hits
    me = producer.request("/user")["id"]
    assert fan.request(f"/user/{me}/follow", "POST") == {"following": True, "followerCount": 1}
    assert fan.request(f"/project/{project_id}")["owner"]["followed"] is True
    copy_id = fan.request(f"/project/{project_id}/clone", "POST", {})["id"]
    assert fan.request(f"/project/{copy_id}")["owner"]["userName"] == "fan2025"
    assert isinstance(fan.request("/tag/explore"), list)


def silent_film(path: Path, seconds: float) -> Path:
    """Moving stripes, 25 pictures a second, without a sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(int(25 * seconds)):
            picture = np.zeros((96, 160, 3), np.uint8)
            picture[:, (number * 3) % 160 :][:, :20] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
