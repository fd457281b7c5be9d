"""Videos on TwoShot's wire, from the upload to the download."""

import re
from typing import Any

import pytest

from functions.dialects.twoshot.schemas import generations as generation_schemas
from functions.dialects.twoshot.schemas import videos as schemas
from patchbay.core import manifests
from patchbay.core.videos import MAX_BYTES
from patchbay.domain.assets import Asset
from tests.fakes.films import FILM, SECONDS
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import SECONDS as AUDIO_S
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample
from tests.support.twoshot import NO_ID, TIME, bearer, register, taken, told
from tests.support.videos import carry_out


@pytest.fixture
def ann(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ann"))


@pytest.fixture
def music(ada: Tenant, world: World) -> Asset:
    return world.services.assets.inspect(ada.id, world.upload(ada).id)


def put(api: Api, video_id: str, **body: Any) -> Answer:
    return api._send("PUT", f"/video/{video_id}", body, {})


def create(api: Api, world: World, data: bytes | None = FILM, **body: Any) -> str:
    """A new video's id; its file is sent to the upload URL."""
    made = taken(api.post("/video", {"name": "Holiday", **body}), 201)
    assert schemas.Made.model_validate(made).model_dump() == made
    if data is not None:
        world.objects.put(world.objects.key_of(made["uploadUrl"]) or "", data)
    return str(made["id"])


def render(api: Api, video_id: str, **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = taken(api.post(f"/video/{video_id}/render", {}, **headers))
    assert generation_schemas.Started.model_validate(found).model_dump() == found
    return found


def test_the_documents_flow(twoshot: Api, ada: Tenant, world: World, music: Asset) -> None:
    """Create a video, sync audio with it, render, export."""
    video_id = create(twoshot, world)
    synced = taken(put(twoshot, video_id, audioId=music.id, offset=2.5, gain=0.8, ducking=True))
    assert schemas.Video.model_validate(synced).model_dump() == synced
    assert re.fullmatch(TIME, synced.pop("created"))
    assert re.fullmatch(TIME, synced.pop("updated"))
    assert synced == {
        "id": video_id,
        "name": "Holiday",
        "media": {
            "container": "mp4",
            "codec": "h264",
            "width": 1920,
            "height": 1080,
            "duration": SECONDS,
            "hasSound": True,
            "sizeBytes": len(FILM),
        },
        "error": None,
        "audioId": music.id,
        "offset": 2.5,
        "gain": 0.8,
        "keepOriginal": True,
        "ducking": {"target": "music", "amount": 12.0, "attack": 0.05, "release": 0.5},
        "fadeOut": 1.0,
        "render": None,
    }
    told(twoshot.get(f"/video/{video_id}/download"), 409, "CONFLICT")
    started = render(twoshot, video_id)
    assert (started["status"], re.fullmatch(TIME, started["estimatedCompletion"]) is not None) == ("pending", True)
    assert taken(twoshot.get(f"/video/{video_id}"))["render"]["status"] == "pending"
    told(twoshot.get(f"/video/{video_id}/download"), 409, "CONFLICT")

    job = world.services.jobs.get(ada.id, started["jobId"])
    assert job.params == {"offset_s": 2.5, "gain": 0.8, "duck": "music"}
    assert job.manifest is not None
    files = {each.name: each for each in manifests.listed(world.objects.stored[job.manifest.key][0])}
    assert (files["audio"].key, files["audio"].sha256) == (music.key, music.sha256)
    carry_out(world, job)
    polled = taken(twoshot.with_key(None).get(f"/generation/{job.id}"))
    assert (polled["type"], polled["status"], polled["progress"]) == ("video", "completed", 100)

    shown = taken(twoshot.get(f"/video/{video_id}"))["render"]
    assert shown == {"jobId": job.id, "status": "completed", "progress": 100, "error": None, "outdated": False}
    answer = twoshot.get(f"/video/{video_id}/download")
    assert answer.status == 302
    key = world.objects.key_of(answer.headers["location"]) or ""
    assert world.objects.stored[key][0] == b"a rendered film"
    found = taken(twoshot.get(f"/video/{video_id}/download", accept="application/json"))
    assert schemas.Download.model_validate(found).model_dump() == found
    assert (found["name"], found["mediaType"], found["expiresIn"]) == ("Holiday", "video/mp4", 3600)


def test_a_change_after_rendering_shows(twoshot: Api, ada: Tenant, world: World, music: Asset) -> None:
    video_id = create(twoshot, world)
    taken(put(twoshot, video_id, audioId=music.id))
    first = render(twoshot, video_id)
    carry_out(world, world.services.jobs.get(ada.id, first["jobId"]))
    changed = taken(put(twoshot, video_id, audioId=music.id, gain=0.5, name="Better"))
    assert (changed["render"]["outdated"], changed["name"]) == (True, "Better")
    second = render(twoshot, video_id)
    assert second["jobId"] != first["jobId"]
    assert taken(twoshot.get(f"/video/{video_id}"))["render"]["outdated"] is False


def test_what_is_left_out_of_a_put_is_as_usual(twoshot: Api, world: World, music: Asset) -> None:
    video_id = create(twoshot, world)
    full = {"offset": -1.5, "gain": 2, "keepOriginal": False, "fadeOut": 0}
    ducking = {"target": "original", "amount": 20, "attack": 0.1, "release": 1}
    found = taken(put(twoshot, video_id, audioId=music.id, ducking=ducking, **full))
    assert {name: found[name] for name in full} == full
    assert found["ducking"] == ducking
    again = taken(put(twoshot, video_id, audioId=music.id, ducking=False))
    assert (again["offset"], again["gain"], again["keepOriginal"], again["ducking"]) == (0, 1, True, None)


def test_an_idempotency_key_makes_one_video_and_one_rendering(twoshot: Api, world: World, music: Asset) -> None:
    made = [taken(twoshot.post("/video", {"name": "x"}, idempotency_key="a"), 201)["id"] for _ in range(2)]
    assert len(set(made)) == 1
    world.objects.put(world.services.videos.get(music.tenant_id, made[0]).incoming_key, FILM)
    taken(put(twoshot, made[0], audioId=music.id))
    jobs = [render(twoshot, made[0], idempotency_key="b")["jobId"] for _ in range(2)]
    assert len(set(jobs)) == 1
    assert len(world.executions.started) == 1
    told(twoshot.post(f"/video/{made[0]}/render", {"x": 1}, idempotency_key="b"), 409, "CONFLICT")


def test_the_list(twoshot: Api, ann: Api, world: World) -> None:
    made = []
    for _ in range(3):
        made.append(create(twoshot, world, None))
        world.clock.advance(seconds=1)
    found = taken(twoshot.get("/video"))
    assert [each["id"] for each in found] == made[::-1]
    assert all(schemas.Video.model_validate(each).model_dump() == each for each in found)
    page = taken(twoshot.get("/video", ("limit", "1"), ("offset", "1")))
    assert [each["id"] for each in page] == [made[1]]
    assert taken(ann.get("/video")) == []
    for wrong in (("limit", "0"), ("limit", "101"), ("offset", "901")):
        told(twoshot.get("/video", wrong), 400, "VALIDATION_ERROR", wrong[0])


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": ""}, "name"),
            ({"name": "   "}, "name"),
            ({"name": "x" * 256}, "name"),
            ({"name": "x", "sizeBytes": 0}, "sizeBytes"),
        ],
    )
    def test_of_a_new_video(self, twoshot: Api, body: dict[str, Any], field: str) -> None:
        told(twoshot.post("/video", body), 400, "VALIDATION_ERROR", field)

    def test_of_one_that_is_too_large(self, twoshot: Api) -> None:
        told(twoshot.post("/video", {"name": "x", "sizeBytes": MAX_BYTES + 1}), 413, "TOO_LARGE")

    @pytest.mark.parametrize(
        ("field", "value", "named"),
        [
            ("audioId", "", "audioId"),
            ("offset", 1e9, "offset"),
            ("offset", "soon", "offset"),
            ("gain", -0.1, "gain"),
            ("gain", 4.1, "gain"),
            ("keepOriginal", "perhaps", "keepOriginal"),
            ("ducking", {"amount": 61}, "ducking.Ducking.amount"),
            ("ducking", {"target": "all"}, "ducking.Ducking.target"),
            ("fadeOut", -1, "fadeOut"),
            ("name", "", "name"),
        ],
    )
    def test_of_a_put(self, twoshot: Api, world: World, music: Asset, field: str, value: object, named: str) -> None:
        video_id = create(twoshot, world)
        answer = put(twoshot, video_id, **{"audioId": music.id, field: value})
        assert answer.status == 400
        fields = [each["field"] for each in answer.json()["details"]["fields"]]
        assert named in fields
        assert taken(twoshot.get(f"/video/{video_id}"))["audioId"] is None

    def test_of_nan(self, twoshot: Api, world: World, music: Asset) -> None:
        video_id = create(twoshot, world)
        answer = twoshot._send("PUT", f"/video/{video_id}", f'{{"audioId": "{music.id}", "gain": NaN}}'.encode(), {})
        assert answer.status == 400

    def test_of_audio_that_is_not_there_or_not_ready(
        self, twoshot: Api, ann: Api, ada: Tenant, bob: Tenant, world: World
    ) -> None:
        video_id = create(twoshot, world)
        his = world.services.assets.inspect(bob.id, world.upload(bob).id)
        hidden = library_sample(world, bob, public=False)
        for audio_id in (NO_ID, "x", his.id, hidden.asset_id):
            told(put(twoshot, video_id, audioId=audio_id), 404, "NOT_FOUND", "audioId")
        told(put(twoshot, video_id, audioId=world.upload(ada).id), 409, "CONFLICT", "audioId")
        public = library_sample(world, bob)
        assert taken(put(twoshot, video_id, audioId=public.asset_id))["audioId"] == public.asset_id

    def test_of_a_file_that_is_no_video(self, twoshot: Api, world: World, music: Asset) -> None:
        video_id = create(twoshot, world, b"a text")
        told(put(twoshot, video_id, audioId=music.id), 400, "VALIDATION_ERROR", "video")
        assert "no video" in taken(twoshot.get(f"/video/{video_id}"))["error"]

    def test_of_a_rendering_without_file_or_audio(self, twoshot: Api, world: World, music: Asset) -> None:
        waiting = create(twoshot, world, None)
        taken(put(twoshot, waiting, audioId=music.id))
        told(twoshot.post(f"/video/{waiting}/render", {}), 409, "CONFLICT", "video")
        bare = create(twoshot, world)
        told(twoshot.post(f"/video/{bare}/render", {}), 400, "VALIDATION_ERROR", "audioId")
        assert world.executions.started == []

    @pytest.mark.parametrize("offset", [SECONDS, -AUDIO_S])
    def test_of_audio_that_nobody_would_hear(self, twoshot: Api, world: World, music: Asset, offset: float) -> None:
        video_id = create(twoshot, world)
        taken(put(twoshot, video_id, audioId=music.id, offset=offset))
        told(twoshot.post(f"/video/{video_id}/render", {}), 400, "VALIDATION_ERROR", "offset")
        assert world.executions.started == []

    def test_of_audio_that_was_deleted_since(self, twoshot: Api, ada: Tenant, world: World, music: Asset) -> None:
        video_id = create(twoshot, world)
        taken(put(twoshot, video_id, audioId=music.id))
        world.services.assets.delete(ada.id, music.id)
        told(twoshot.post(f"/video/{video_id}/render", {}), 404, "NOT_FOUND", "audioId")

    def test_of_what_is_anothers(self, twoshot: Api, ann: Api, world: World, music: Asset) -> None:
        video_id = create(twoshot, world)
        taken(put(twoshot, video_id, audioId=music.id))
        for answer in (
            ann.get(f"/video/{video_id}"),
            put(ann, video_id, audioId=music.id),
            ann.delete(f"/video/{video_id}"),
            ann.post(f"/video/{video_id}/render", {}),
            ann.get(f"/video/{video_id}/download"),
        ):
            told(answer, 404, "NOT_FOUND")


def test_deleting(twoshot: Api, ada: Tenant, world: World, music: Asset) -> None:
    video_id = create(twoshot, world)
    taken(put(twoshot, video_id, audioId=music.id))
    job_id = render(twoshot, video_id)["jobId"]
    assert taken(twoshot.delete(f"/video/{video_id}")) == {"id": video_id}
    told(twoshot.get(f"/video/{video_id}"), 404, "NOT_FOUND")
    told(twoshot.delete(f"/video/{video_id}"), 404, "NOT_FOUND")
    assert taken(twoshot.get(f"/generation/{job_id}"))["status"] == "cancelled"
    assert taken(twoshot.get(f"/audio/{music.id}"))["id"] == music.id
