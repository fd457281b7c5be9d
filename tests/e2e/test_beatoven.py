"""The three contracts of Beatoven over HTTPS on the twin: clients as they ask, its own workers, music that fits."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from patchbay.catalog.composition import PARTS
from patchbay.catalog.prompts.understand import HELP
from tests.e2e.conftest import Live
from tests.support.beatoven_clients import DONE_S, KNOWN, POLL_S, TIMEOUT_S, Failed, Refused, SyncClient, run_script

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

RATE_HZ = 44_100
MP3_S = 0.1
"""How far the length of an MP3 file, which counts in frames, may be from the music's."""
TITLE = ["test track", 5000, "pop", "fast", "happy"]
"""What the vendor's own test sends: a tuple, which JSON makes an array of."""


@pytest.fixture(scope="module")
def key(live: Live) -> str:
    return live.new_key("beatoven@example.org")


@pytest.fixture
def api(live: Live, key: str) -> Iterator[httpx.Client]:
    with live.http(f"api_key {key}") as http:
        http.timeout = httpx.Timeout(TIMEOUT_S)
        yield http


@pytest.fixture
def bearer(live: Live, key: str) -> Iterator[httpx.Client]:
    with live.http(f"Bearer {key}") as http:
        http.timeout = httpx.Timeout(TIMEOUT_S)
        yield http


def heard(live: Live, url: str, kind: str) -> np.ndarray:
    """Samples of a file, fetched without any key: (frames, 2)."""
    assert url.partition("?")[0].endswith(f".{kind}")
    data = httpx.get(url, verify=live.tls, trust_env=False, timeout=TIMEOUT_S).raise_for_status().content
    samples, rate_hz = soundfile.read(io.BytesIO(data), always_2d=True)
    assert (rate_hz, samples.shape[1]) == (RATE_HZ, 2)
    assert np.abs(samples).max() > 0.01, "not silence"
    return np.asarray(samples)


def length_s(live: Live, url: str, kind: str = "mp3") -> float:
    return float(len(heard(live, url, kind)) / RATE_HZ)


def at_its_end(samples: np.ndarray) -> float:
    """How loud the last tenth of a second is, as a share of the whole."""
    return float(np.sqrt(np.mean(samples[-RATE_HZ // 10 :] ** 2) / np.mean(samples**2)))


def path(url: str) -> str:
    return url.partition("?")[0]


def refused(answer: httpx.Response) -> Any:
    assert answer.status_code == 400, answer.text
    return answer.json()


def done(http: httpx.Client, task_id: str) -> Any:
    """`meta` of a task of the document's API that came to a good end."""
    until, percentage = time.monotonic() + DONE_S, 0
    while True:
        told = http.get(f"/api/v2/status/{task_id}").raise_for_status().json()
        if told["state"] == "SUCCESS":
            return told["meta"]
        assert told["state"] in {"PENDING", "PROGRESS"}, told
        assert told["meta"]["message"]
        assert percentage <= told["meta"]["percentage"] == told["meta"]["generationProgress"] <= 100
        percentage = told["meta"]["percentage"]
        assert time.monotonic() < until
        time.sleep(POLL_S)


def test_the_vendors_client_from_an_array_for_a_title_to_a_file(live: Live, api: httpx.Client) -> None:
    client = SyncClient(api)
    form = (TITLE, 5000, "pop", "fast", ["happy"])
    uuid = client.create(*form)
    task_id = client.compose(uuid, *form)
    url = client.composed(task_id)
    assert length_s(live, url) == pytest.approx(5.0, abs=MP3_S)
    assert client.states[-1] == "SUCCESS"
    assert client.states == [state for state in ("PENDING", "PROGRESS", "SUCCESS") if state in client.states]
    assert path(client.address(uuid)) == path(url)
    assert client.tracks() == [{"title": TITLE, "project_id": uuid, "version": 1}]
    with pytest.raises(Refused, match="'indie', emotion 'energetic' and tempo 'slow'"):
        client.create("x", 5000, "indie", "slow", ["energetic"])
    with pytest.raises(Refused, match="'indie', emotion 'energetic' and tempo 'medium'"):
        client.compose(uuid, "x", 5000, "indie", "medium", ["energetic"])
    with pytest.raises(Refused, match="there is no task"):
        client.composed(uuid)
    assert len(client.tracks()) == 1


def test_the_documents_api_with_sections_previews_and_stems(
    live: Live, api: httpx.Client, bearer: httpx.Client
) -> None:
    made = api.post("/api/v2/tracks", json={"prompt": "Make a 30 second calm indian track with sitar"}).json()
    uuid, track = made["uuid"], made["track"]
    assert (made["status"], track["version"], track["duration_ms"]) == ("Created successfully", 0, 30000)
    sections = [
        {"emotion": "calm", "start": "0", "length": "2000"},
        {"emotion": "happy", "start": "2000", "length": "3000"},
    ]
    other = {"duration_ms": 5000, "tempo": "medium", "sections": sections}
    assert refused(api.post(f"/api/v2/tracks/{uuid}/instrument_urls", json={}))["code"] == "NOT_FOUND"
    meta = done(bearer, api.post(f"/api/v2/tracks/{uuid}/compose", json=other).json()["task_id"])
    assert length_s(live, meta["download_url"]) == pytest.approx(5.0, abs=MP3_S)
    options = meta["section_options"]
    assert [len(version) for version in options] == [2] * 4, "[version][section]"
    for version in options:
        for section, lasts_ms in zip(version, (2000, 3000), strict=True):
            assert section["section_duration"] == lasts_ms
            assert any(name.startswith("melody-") for name in section["instruments"]), section["instruments"]
    for section, lasts_s in zip(options[3], (2.0, 3.0), strict=True):
        assert length_s(live, section["track_url"]) == pytest.approx(lasts_s, abs=MP3_S)
        assert length_s(live, section["preview_url"]) == pytest.approx(lasts_s, abs=MP3_S), "shorter than a preview"
    first, second = (heard(live, version[1]["track_url"], "mp3") for version in options[:2])
    frames = min(len(first), len(second))
    assert np.abs(first[:frames] - second[:frames]).max() > 0.05, "versions are different music"

    found = api.get(f"/api/v2/tracks/{uuid}").json()
    assert (found["track"]["version"], found["track"]["duration_ms"], found["instrument_urls"]) == (1, 5000, [])
    stems = done(api, api.post(f"/api/v2/tracks/{uuid}/instrument_urls", json={}).json()["task_id"])
    assert [[set(section) <= set(PARTS) for section in version] for version in stems] == [[True, True]] * 4
    assert length_s(live, stems[2][1]["melody"]["track_url"]) == pytest.approx(3.0, abs=MP3_S)
    found = api.get(f"/api/v2/tracks/{uuid}", params={"version": 1}).json()
    assert path(found["download_url"]) == path(meta["download_url"])
    assert path(found["section_options"][3][1]["track_url"]) == path(options[3][1]["track_url"])
    assert path(found["instrument_urls"][2][1]["melody"]["track_url"]) == path(stems[2][1]["melody"]["track_url"])


def test_the_current_v1_makes_a_loop_and_its_stems(live: Live, bearer: httpx.Client) -> None:
    text = "a 5 second fast electronic loop with drums and synth bass"
    meta = run_script(bearer, text, "wav", looping=True)
    mix = heard(live, meta["track_url"], "wav")
    assert len(mix) == 5 * RATE_HZ
    assert meta["prompt"] == {"text": text}
    assert list(meta["stems_url"]) == list(PARTS)
    stems = []
    for url in meta["stems_url"].values():
        data = httpx.get(url, verify=live.tls, trust_env=False, timeout=TIMEOUT_S).raise_for_status().content
        stems.append(soundfile.read(io.BytesIO(data), always_2d=True)[0])
    assert np.abs(sum(stems) - mix).max() < 1e-3, "the stems add up to the track"
    assert at_its_end(mix) > 0.5, "it plays to its end, into its beginning"
    assert np.abs(mix[0] - mix[-1]).max() < 0.1 * np.abs(mix).max(), "and the seam does not click"


def test_the_current_v1_makes_mp3(live: Live, bearer: httpx.Client) -> None:
    meta = run_script(bearer, "6 seconds of calm piano", "mp3", looping=False)
    mix = heard(live, meta["track_url"], "mp3")
    assert len(mix) / RATE_HZ == pytest.approx(6.0, abs=MP3_S)
    assert at_its_end(mix) < 0.2, "what is no loop dies away"
    assert {path(url).rpartition(".")[2] for url in meta["stems_url"].values()} == {"mp3"}


FORM = {"duration_ms": 6000, "genre": "pop", "sections": [{"emotion": "happy", "start": 0, "length": 6000}]}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"prompt": ""}, "prompt", HELP),
    ({"prompt": "the cat sat on the mat"}, "prompt", HELP),
    ({**FORM, "genre": "polka"}, "genre", "indian, pop, ambient"),
    ({**FORM, "duration_ms": 0}, "duration_ms", "5000 to 900000 ms"),
    ({**FORM, "duration_ms": 1e8}, "duration_ms", "5000 to 900000 ms"),
    ({**FORM, "duration_ms": 9000}, "sections.0.length", "9 s long"),
    ({**FORM, "genre": "rnb", "tempo": "fast", "sections": [{**FORM["sections"][0], "emotion": "triumphant"}]},  # type: ignore[index]
     "tempo", "genre 'rnb', emotion 'triumphant' and tempo 'fast'"),
]  # fmt: skip


def test_what_cannot_be_is_told_at_creation_and_at_composing(live: Live, api: httpx.Client) -> None:
    before = api.get("/api/v1/tracks").json()
    uuid = api.post("/api/v2/tracks", json=FORM).json()["uuid"]
    for body, field, words in WRONG:
        for place in ("/api/v2/tracks", "/api/v1/tracks", f"/api/v2/tracks/{uuid}/compose"):
            told = refused(api.post(place, json=body))
            assert (told["code"], told["field"]) == ("BAD_REQUEST", field)
            assert words in told["error"]
    assert api.get(f"/api/v2/tracks/{uuid}").json()["version"] == 0
    assert len(api.get("/api/v1/tracks").json()["tracks"]) == len(before["tracks"]) + 1


def test_only_statuses_that_the_vendors_client_knows(live: Live, api: httpx.Client) -> None:
    params = api.get("/api/v2/composition_params").json()
    assert [one["genre"] for one in params["blockedParams"]] == ["rnb", "rnb", "indie", "indie", "cinematic", "hiphop"]
    with live.http("api_key nonsense") as stranger:
        answers = [stranger.get("/api/v1/tracks"), stranger.post("/api/v2/tracks", json=FORM)]
        assert {answer.status_code for answer in answers} == {401}
        with pytest.raises(Failed, match="key"):
            SyncClient(stranger).tracks()
    for method, place in (
        ("GET", "/api/v1/status/x"),
        ("GET", "/api/v1/tasks/x"),
        ("GET", "/api/v2/tracks/x"),
        ("POST", "/api/v2/tracks/x/compose"),
        ("POST", "/api/v1/tracks"),
    ):
        answer = api.request(method, place, content=b"{" if place == "/api/v1/tracks" else b"")
        assert answer.status_code in KNOWN - {200}, answer.text
        assert answer.json()["error"]
