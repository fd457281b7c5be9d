"""The legacy Jobs API of AudioShake on the wire: each documented request and answer, with and without a last slash."""

import re
from typing import Any

import pytest

from functions.dialects import shape_of
from functions.dialects.audioshake import schemas
from patchbay.catalog import workflows
from patchbay.domain.jobs import Failure, FailureKind
from tests.fakes.gateway import REQUEST_ID, Api
from tests.fakes.objects import BASE
from tests.fakes.prober import GOOD, SECONDS
from tests.fakes.world import Tenant, World
from tests.support.audioshake import DETECTED, carry_out, posted, send, with_detection

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HOOK = "https://your-app.com/webhooks"
slashes = pytest.mark.parametrize("slash", ["", "/"])


@pytest.fixture
def asset_id(audioshake: Api) -> str:
    return str(send(audioshake, "/upload").json()["id"])


def order(api: Api, asset_id: str, slash: str = "", /, name: str = "vocals", fmt: str = "wav", **more: Any) -> Any:
    """Order a job; returns it as answered."""
    body = {"metadata": {"format": fmt, "name": name}, "assetId": asset_id, **more}
    answer = posted(api, f"/job{slash}", body)
    assert answer.keys() == {"job"}
    return answer["job"]


def look(api: Api, job_id: str, slash: str = "") -> Any:
    answer = api.get(f"/job/{job_id}{slash}")
    assert answer.status == 200, answer.text
    found = answer.json()["job"]
    assert schemas.Job.model_validate(found).model_dump() == found
    return found


@slashes
def test_upload_from_disk(audioshake: Api, world: World, ada: Tenant, slash: str) -> None:
    answer = send(audioshake, f"/upload{slash}")
    assert answer.status == 200, answer.text
    made = answer.json()
    link, asset = made.pop("link"), world.services.assets.get(ada.id, made["id"])
    assert made == {"id": asset.id, "name": "song.mp3", "fileType": "audio/mpeg", "format": "mp3"}
    assert link.startswith(f"{BASE}/{asset.key}?")
    assert world.objects.stored[asset.key][0] == GOOD


@slashes
@pytest.mark.parametrize("path", ["/upload/link", "/upload/audio-link"])
def test_upload_from_a_url_is_answered_at_once(
    audioshake: Api, world: World, ada: Tenant, path: str, slash: str
) -> None:
    url = "https://example.com/audio.mp3?token=x.wav"
    made = posted(audioshake, path + slash, {"link": url, "name": "song"})
    assert made.pop("link").startswith("https://")
    asset = world.services.assets.get(ada.id, made["id"])
    assert made == {"id": asset.id, "name": "song", "fileType": "audio/mpeg", "format": "mp3"}
    assert asset.source_url == url
    assert posted(audioshake, path, {"link": url, "name": None})["name"] == "audio.mp3"


def test_what_a_look_at_the_bytes_told_wins_over_the_name(audioshake: Api, world: World, ada: Tenant) -> None:
    asset_id = send(audioshake, "/upload", name="liar.mp3").json()["id"]
    world.services.assets.inspect(ada.id, asset_id)
    source = order(audioshake, asset_id)["sourceAsset"]
    assert (source["fileType"], source["format"]) == ("audio/wav", "wav")


@slashes
def test_the_documents_own_order(audioshake: Api, ada: Tenant, world: World, asset_id: str, slash: str) -> None:
    job = order(audioshake, asset_id, slash, callbackUrl=HOOK)
    expected: dict[str, Any] = {
        "clientId": ada.id,
        "requestId": REQUEST_ID,
        "licenseId": None,
        "metadata": {"format": "wav", "name": "vocals"},
        "stemMetadata": {"format": "wav", "name": "vocals", "stemName": "vocals"},
        "assetId": asset_id,
        "callbackUrl": HOOK,
        "status": "queued",
        "statusInfo": {"code": 202, "message": "queued"},
        "startedAt": None,
        "outputAssets": [],
        "stemAssets": [],
    }
    assert {name: job[name] for name in expected} == expected
    assert TIME.fullmatch(job["createdAt"])
    source = job["sourceAsset"]
    assert source.pop("link").startswith(f"{BASE}/uploads/{ada.id}/{asset_id}?")
    assert source == {"id": asset_id, "name": "song.mp3", "fileType": "audio/mpeg", "format": "mp3"}
    found = look(audioshake, job["id"], slash)
    assert (found["id"], found["status"], found["metadata"]) == (job["id"], "queued", job["metadata"])
    assert world.services.jobs.get(ada.id, job["id"]).callback_url == HOOK


def test_a_job_on_its_way_to_its_end(audioshake: Api, ada: Tenant, world: World, asset_id: str) -> None:
    job_id = order(audioshake, asset_id, fmt="mp3")["id"]
    world.services.pipeline.plan(ada.id, job_id)
    started = look(audioshake, job_id)
    assert (started["status"], started["statusInfo"]["code"]) == ("processing", 202)
    assert TIME.fullmatch(started["startedAt"])
    carry_out(world, world.services.jobs.get(ada.id, job_id))
    done = look(audioshake, job_id)
    assert (done["status"], done["statusInfo"]) == ("completed", {"code": 200, "message": "completed"})
    (made,) = done["outputAssets"]
    assert done["stemAssets"] == [made]
    assert (made["name"], made["fileType"], made["format"]) == ("vocals.mp3", "audio/mpeg", "mp3")
    again = look(audioshake, job_id)["outputAssets"][0]
    assert again["id"] == made["id"]
    assert again["link"] != made["link"], "links are made anew"
    key = world.objects.key_of(made["link"])
    assert key is not None
    assert key.endswith("/vocals.mp3")


@pytest.mark.parametrize(
    ("name", "more", "outputs"),
    [
        ("instrumental", {}, ["instrumental.wav"]),
        ("instrumental", {"residual": True}, ["instrumental.wav", "instrumental_residual.wav"]),
        ("vocals", {"residual": True, "variant": "high_quality"}, ["vocals.wav", "vocals_residual.wav"]),
        ("drums", {"residual": True, "language": "en", "x": [1, 2.5]}, ["drums.wav", "drums_residual.wav"]),
        ("other", {"variant": None, "residual": False}, ["other.wav"]),
        ("other", {"variant": None, "residual": None, "language": None, "x": None}, ["other.wav"]),
        ("other", {"variant": "", "residual": "", "language": ""}, ["other.wav"]),
    ],
)
def test_models_and_their_outputs(
    audioshake: Api, ada: Tenant, world: World, asset_id: str, name: str, more: dict[str, Any], outputs: list[str]
) -> None:
    metadata = {"name": name, "format": "wav", **more}
    job = posted(audioshake, "/job", {"metadata": metadata, "assetId": asset_id})["job"]
    assert job["metadata"] == metadata
    assert job["stemMetadata"] == {**metadata, "stemName": name}
    carry_out(world, world.services.jobs.get(ada.id, job["id"]))
    assert [made["name"] for made in look(audioshake, job["id"])["outputAssets"]] == outputs


@slashes
def test_an_order_in_the_words_of_older_clients(
    audioshake: Api, ada: Tenant, world: World, asset_id: str, slash: str
) -> None:
    body = {
        "callbackUrl": HOOK,
        "assetId": asset_id,
        "stemMetadata": {"format": "mp3", "stemName": "drums", "residual": True},
        "otherSourceAssets": [{"id": "string", "type": "transcription", "name": "string"}],
    }
    job = posted(audioshake, f"/job{slash}", body)["job"]
    assert job["stemMetadata"] == {"format": "mp3", "name": "drums", "stemName": "drums", "residual": True}
    assert job["metadata"] == {"format": "mp3", "name": "drums", "residual": True}
    carry_out(world, world.services.jobs.get(ada.id, job["id"]))
    done = look(audioshake, job["id"], slash)
    assert [made["name"] for made in done["stemAssets"]] == ["drums.mp3", "drums_residual.mp3"]
    assert done["stemMetadata"] == job["stemMetadata"]


def test_words_of_today_go_before_older_ones(audioshake: Api, asset_id: str) -> None:
    metadata = {"name": "bass", "stemName": "drums", "format": "wav"}
    older = {"stemName": "vocals", "format": "mp3"}
    job = posted(audioshake, "/job", {"metadata": metadata, "stemMetadata": older, "assetId": asset_id})["job"]
    assert job["metadata"] == metadata, "word for word"
    assert job["stemMetadata"] == {**metadata, "stemName": "bass"}


@pytest.mark.parametrize("fmt", [{}, {"format": None}, {"format": ""}])
def test_a_client_that_names_no_format_gets_wav(
    audioshake: Api, ada: Tenant, world: World, asset_id: str, fmt: dict[str, Any]
) -> None:
    job = posted(audioshake, "/job", {"metadata": {"name": "bass", **fmt}, "assetId": asset_id})["job"]
    assert job["metadata"] == {"name": "bass", **fmt}
    carry_out(world, world.services.jobs.get(ada.id, job["id"]))
    assert [made["name"] for made in look(audioshake, job["id"])["outputAssets"]] == ["bass.wav"]


@pytest.mark.parametrize("empty", [None, ""])
def test_fields_beside_the_metadata_may_be_empty(audioshake: Api, asset_id: str, empty: str | None) -> None:
    more: dict[str, Any] = {"callbackUrl": empty, "licenseId": empty, "requestId": empty}
    job = order(audioshake, asset_id, **more)
    assert (job["callbackUrl"], job["licenseId"], job["requestId"]) == (None, None, REQUEST_ID)
    assert posted(audioshake, "/upload/link", {"link": "https://example.com/a.mp3", "name": empty})["name"] == "a.mp3"


def test_music_detection(
    audioshake: Api, ada: Tenant, world: World, asset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = with_detection()
    monkeypatch.setattr(workflows, "workflows", lambda: there)
    job = order(audioshake, asset_id, name="music_detection", fmt="json")
    carry_out(world, world.services.jobs.get(ada.id, job["id"]))
    (made,) = look(audioshake, job["id"])["outputAssets"]
    assert (made["name"], made["fileType"], made["format"]) == ("music_detection.json", "application/json", "json")
    assert world.objects.stored[world.objects.key_of(made["link"]) or ""][0] == DETECTED


def test_a_job_that_failed_says_why_with_a_number(audioshake: Api, ada: Tenant, world: World, asset_id: str) -> None:
    ids = [order(audioshake, asset_id)["id"] for _ in range(4)]
    for job_id, kind in zip(ids, FailureKind, strict=False):
        world.services.pipeline.fail(ada.id, job_id, Failure(kind=kind, message=f"it was {kind}"))
    world.services.jobs.cancel(ada.id, ids[3])
    jobs = [look(audioshake, job_id) for job_id in ids]
    assert [job["status"] for job in jobs] == ["failed"] * 4
    assert [job["statusInfo"]["code"] for job in jobs] == [422, 504, 500, 410]
    assert jobs[0]["statusInfo"]["message"] == "it was bad_input"
    assert all(not job["outputAssets"] for job in jobs)


def test_a_file_that_never_came_shows_in_the_job(audioshake: Api, ada: Tenant, world: World) -> None:
    asset = posted(audioshake, "/upload/link", {"link": "https://example.com/nothing.mp3"})
    job_id = order(audioshake, asset["id"])["id"]
    world.services.pipeline.plan(ada.id, job_id)
    assert look(audioshake, job_id)["statusInfo"] == {
        "code": 422,
        "message": "the input file was rejected: example.com answered 404",
    }


@slashes
def test_the_list_is_newest_first(audioshake: Api, world: World, asset_id: str, slash: str) -> None:
    assert audioshake.get(f"/job{slash}").json() == {"jobs": []}
    ids = []
    for _ in range(3):
        ids.append(order(audioshake, asset_id)["id"])
        world.clock.advance(seconds=1)
    found = audioshake.get(f"/job{slash}").json()["jobs"]
    assert [job["id"] for job in found] == ids[::-1]
    page = audioshake.get(f"/job{slash}", ("skip", "1"), ("take", "1")).json()["jobs"]
    assert [job["id"] for job in page] == [ids[1]]


def test_jobs_of_other_dialects_are_told_as_well_as_may_be(audioshake: Api, ada: Tenant, world: World) -> None:
    world.web.pages["https://example.com/a.mp3"] = GOOD
    job = world.carry_out(world.order(ada, input_url="https://example.com/a.mp3"))
    found = look(audioshake, job.id)
    assert found["metadata"] == {"name": "stem-isolation-4", "format": "wav"}
    assert [made["name"] for made in found["outputAssets"]] == ["vocals.wav", "drums.wav", "bass.wav", "other.wav"]
    assert (found["sourceAsset"]["name"], found["requestId"]) == ("a.mp3", None)


@slashes
def test_usage_of_three_months(audioshake: Api, ada: Tenant, world: World, asset_id: str, slash: str) -> None:
    world.carry_out(world.order(ada))
    for _ in range(2):
        carry_out(world, world.services.jobs.get(ada.id, order(audioshake, asset_id)["id"]))
    answer = audioshake.get(f"/usage{slash}").json()
    assert answer == {
        "clientId": ada.id,
        "usage": [
            {"month": "2026-01", "totalJobs": 2, "totalMinutes": round(2 * SECONDS / 60, 2)},
            {"month": "2025-12", "totalJobs": 0, "totalMinutes": 0.0},
            {"month": "2025-11", "totalJobs": 0, "totalMinutes": 0.0},
        ],
    }


def test_a_callback_tells_the_job_as_asking_for_it_does(
    audioshake: Api, ada: Tenant, world: World, asset_id: str
) -> None:
    job_id = order(audioshake, asset_id, callbackUrl=HOOK)["id"]
    done = carry_out(world, world.services.jobs.get(ada.id, job_id))
    body = shape_of("audioshake")(done)
    assert body is not None
    assert body.keys() == {"job"}
    asked = look(audioshake, job_id)
    assert _without_links(body["job"]) == _without_links(asked)
    assert body["job"]["outputAssets"][0]["link"].startswith("https://")


def test_a_key_makes_one_job_and_one_asset(audioshake: Api, ada: Tenant, world: World, asset_id: str) -> None:
    body = {"metadata": {"format": "wav", "name": "vocals"}, "assetId": asset_id}
    first, second = (posted(audioshake, "/job", body, idempotency_key="k1") for _ in range(2))
    assert first == second
    assert len(world.services.jobs.list(ada.id, limit=10)) == 1
    link = {"link": "https://example.com/a.mp3"}
    assert len({posted(audioshake, "/upload/link", link, idempotency_key="k2")["id"] for _ in range(2)}) == 1
    sent = [send(audioshake, "/upload", idempotency_key="k3").json() for _ in range(2)]
    assert sent[0]["id"] == sent[1]["id"]
    assert len(world.services.assets.list(ada.id, limit=10)) == 3


def _without_links(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _without_links(value) for name, value in node.items() if name != "link"}
    return [_without_links(item) for item in node] if isinstance(node, list) else node
