"""Audio files and licences on TwoShot's wire."""

import asyncio
import io
import json
import re
import threading
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from functions.dialects.twoshot.routes import archive
from functions.dialects.twoshot.schemas import audio as schemas
from functions.dialects.twoshot.schemas import licences as licence_schemas
from tests.fakes.gateway import Api
from tests.fakes.prober import GOOD, SECONDS
from tests.fakes.world import Tenant, World
from tests.support.audioshake import carry_out
from tests.support.library import library_sample, make_sample
from tests.support.twoshot import NO_ID, NO_NUMBER, TIME, bearer, register, taken, told, upload


@pytest.fixture
def ann(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ann"))


def test_the_audio_of_ones_samples(twoshot: Api, ann: Api, ada: Tenant, world: World) -> None:
    samples = [library_sample(world, ada, f"S{n}", public=bool(n % 2)) for n in range(5)]
    found = taken(twoshot.get("/audio"))
    for each in found:
        assert schemas.Audio.model_validate(each).model_dump() == each
    assert [each["id"] for each in found] == [sample.asset_id for sample in samples[::-1]]
    assert [each["public"] for each in found] == [False, True, False, True, False]
    page = taken(twoshot.get("/audio", ("limit", "2"), ("offset", "1")))
    assert [each["name"] for each in page] == ["S3", "S2"]
    assert taken(ann.get("/audio")) == []
    for wrong in (("limit", "0"), ("offset", "901"), ("offset", "x")):
        told(twoshot.get("/audio", wrong), 400, "VALIDATION_ERROR", wrong[0])


def test_what_is_known_of_audio(twoshot: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada, key="C major", licence_id=3)
    for api in (twoshot, twoshot.with_key(None)):
        found = taken(api.get(f"/audio/{sample.asset_id}"))
        assert schemas.AudioFile.model_validate(found).model_dump() == found
        assert re.fullmatch(TIME, found.pop("created"))
        assert found == {
            "id": sample.asset_id,
            "name": "Deep House Bass",
            "duration": SECONDS,
            "bpm": 125.0,
            "scale": "C Major",
            "free": True,
            "licenceId": 3,
            "sampleId": sample.number,
            "public": True,
            "processing": False,
            "error": None,
            "mediaType": "audio/wav",
            "sampleRate": 44100,
            "channels": 2,
            "sizeBytes": found["sizeBytes"],
        }


def test_audio_that_no_sample_was_made_of(twoshot: Api, ann: Api, ada: Tenant, world: World) -> None:
    asset = world.upload(ada)
    found = taken(twoshot.get(f"/audio/{asset.id}"))
    assert (found["sampleId"], found["processing"], found["mediaType"]) == (None, True, None)
    told(twoshot.get(f"/audio/{asset.id}/play"), 409, "CONFLICT")
    world.services.assets.inspect(ada.id, asset.id)
    found = taken(twoshot.get(f"/audio/{asset.id}"))
    assert (found["processing"], found["duration"], found["bpm"]) == (False, SECONDS, None)
    assert taken(twoshot.get(f"/audio/{asset.id}/play"))["audioId"] == asset.id
    assert taken(twoshot.get(f"/audio/{asset.id}/bpm")) == {"audioId": asset.id, "bpm": None, "processing": False}
    for api, status in ((ann, 404), (twoshot.with_key(None), 404)):
        assert api.get(f"/audio/{asset.id}").status == status


def test_playing_and_downloading(twoshot: Api, ann: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada)
    key = world.services.assets.get(ada.id, sample.asset_id).key
    played = taken(twoshot.with_key(None).get(f"/audio/{sample.asset_id}/play"))
    assert schemas.File.model_validate(played).model_dump() == played
    assert (world.objects.key_of(played["url"]), played["expiresIn"]) == (key, 3600)
    answer = ann.get(f"/audio/{sample.asset_id}/download")
    assert (answer.status, world.objects.key_of(answer.headers["location"])) == (302, key)
    found = taken(ann.get(f"/audio/{sample.asset_id}/download", accept="application/json"))
    assert schemas.Download.model_validate(found).model_dump() == found
    assert (found["name"], found["licence"]) == ("Deep House Bass", None)
    told(twoshot.with_key(None).get(f"/audio/{sample.asset_id}/download"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/json, */*;q=0.5", 200),
        ("text/plain;q=0.5, Application/JSON ;q=0.9", 200),
        ("application/json, text/plain, */*", 302),
        ("application/json;q=0.8, */*;q=0.9", 302),
        ("application/json;q=0", 302),
        ("application/json;q=nan, application/jsonp", 302),
        ("text/html, application/xhtml+xml, */*;q=0.8", 302),
        ("*/*", 302),
        ("", 302),
    ],
)
def test_who_would_rather_have_the_address(twoshot: Api, ada: Tenant, world: World, accept: str, status: int) -> None:
    """The fourth is what axios sends with every request, for files too."""
    sample = library_sample(world, ada)
    for path in (f"/audio/{sample.asset_id}/download", f"/sample/{sample.number}/preview/{sample.asset_id}"):
        assert twoshot.get(path, accept=accept).status == status


def test_how_fast_it_is(twoshot: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada, bpm=174.0)
    assert taken(twoshot.get(f"/audio/{sample.asset_id}/bpm"))["bpm"] == 174.0
    under_way = upload(twoshot)["audioId"]
    assert taken(twoshot.get(f"/audio/{under_way}/bpm")) == {"audioId": under_way, "bpm": None, "processing": True}


def test_stems_from_the_first_request_to_their_links(twoshot: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada)
    path = f"/audio/{sample.asset_id}/stem"
    first = taken(twoshot.get(path))
    assert schemas.Stems.model_validate(first).model_dump() == first
    assert (first["status"], first["progress"], first["stems"]) == ("pending", 0, [])
    assert taken(twoshot.get(path)) == first, "asked again, it is the same separation"
    carry_out(world, world.services.jobs.get(ada.id, first["jobId"]))
    done = taken(twoshot.get(path))
    assert (done["jobId"], done["status"], done["progress"]) == (first["jobId"], "completed", 100)
    assert {stem["name"] for stem in done["stems"]} == {"vocals", "drums", "bass", "other"}
    assert all(world.objects.key_of(stem["url"]) in world.objects.stored for stem in done["stems"])


def test_stems_are_ordered_once_though_the_list_of_jobs_is_late(
    twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/audio/{library_sample(world, ada).asset_id}/stem"
    monkeypatch.setattr(world.records, "index_keys", lambda *args, **more: [])
    assert taken(twoshot.get(path))["jobId"] == taken(twoshot.get(path))["jobId"]


def test_a_separation_that_was_lost_is_begun_anew(twoshot: Api, ada: Tenant, world: World) -> None:
    path, jobs = f"/audio/{library_sample(world, ada).asset_id}/stem", world.services.jobs
    first = taken(twoshot.get(path))["jobId"]
    jobs.cancel(ada.id, first)
    second = taken(twoshot.get(path))["jobId"]
    assert second != first
    jobs.delete(ada.id, second)
    third = taken(twoshot.get(path))["jobId"]
    assert third not in {first, second}


def test_stems_that_were_forgotten_are_made_again(twoshot: Api, ada: Tenant, world: World) -> None:
    """Results go after the stage's retention: all of a job's, or the first of them."""
    path, jobs = f"/audio/{library_sample(world, ada).asset_id}/stem", world.services.jobs
    before: list[str] = []
    for gone in (4, 1):
        first = taken(twoshot.get(path))["jobId"]
        done = carry_out(world, jobs.get(ada.id, first))
        assert taken(twoshot.get(path))["jobId"] == first
        for output in done.outputs[:gone]:
            world.objects.delete(output.key or "")
        again = taken(twoshot.get(path))
        assert (again["status"], again["stems"]) == ("pending", [])
        before.append(first)
        assert again["jobId"] not in before
    made = carry_out(world, jobs.get(ada.id, again["jobId"]))
    assert all(output.key in world.objects.stored for output in made.outputs)
    found = taken(twoshot.get(path))
    assert (found["jobId"], found["status"], len(found["stems"])) == (again["jobId"], "completed", 4)


@pytest.mark.parametrize("late", [False, True], ids=["at once", "list of jobs late"])
def test_forgotten_stems_are_ordered_once_by_two_requests_at_once(
    twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    path, jobs = f"/audio/{library_sample(world, ada).asset_id}/stem", world.services.jobs
    first = taken(twoshot.get(path))["jobId"]
    for output in carry_out(world, jobs.get(ada.id, first)).outputs:
        world.objects.delete(output.key or "")
    if late:
        seen = world.records.index_keys
        stale = {
            given: seen("by_batch", given, limit=9) for given in [f"{ada.id}#{jobs.get(ada.id, first).batch_name}"]
        }
        monkeypatch.setattr(
            world.records,
            "index_keys",
            lambda index, value, **more: stale.get(value, []) if index == "by_batch" else seen(index, value, **more),
        )
    rivals: list[str] = []

    def ask() -> None:
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        rivals.append(taken(twoshot.get(path))["jobId"])
        loop.close()

    def rival(_: object) -> None:
        other = threading.Thread(target=ask)
        other.start()
        other.join(20)

    world.records.before_write = rival
    mine = taken(twoshot.get(path))["jobId"]
    assert rivals
    assert {mine, *rivals, taken(twoshot.get(path))["jobId"]} == {mine}
    assert mine != first
    assert len([job for job in jobs.list(ada.id, limit=20) if job.workflow == "stem-isolation-4"]) == 2


def test_stems_are_made_of_ones_own_audio(twoshot: Api, ann: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada)
    told(ann.get(f"/audio/{sample.asset_id}/stem"), 403, "FORBIDDEN")
    told(twoshot.with_key(None).get(f"/audio/{sample.asset_id}/stem"), 401, "UNAUTHORIZED")
    _, secret = world.services.accounts.create_key(ada.application, scopes=["read"])
    told(twoshot.with_key(f"Bearer {secret}").get(f"/audio/{sample.asset_id}/stem"), 403, "FORBIDDEN")
    assert world.services.jobs.list(ada.id, limit=10)[0].id == sample.id


def unzipped(answer: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
    """(files, licences) of an archive."""
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
        assert found.testzip() is None
        files = {name: found.read(name) for name in found.namelist()}
    return files, json.loads(files.pop(archive.LICENCES))


def test_several_files_at_once(twoshot: Api, ann: Api, ada: Tenant, bob: Tenant, world: World) -> None:
    mine = library_sample(world, ada, "Loop", public=False)
    same, theirs = library_sample(world, ada, "loop"), library_sample(world, bob, "A/B: té", licence_id=4)
    wanted = ",".join(sample.asset_id for sample in (mine, same, theirs, mine))
    files, licences = unzipped(twoshot.get("/audio/download", ("ids", wanted)))
    assert list(files) == ["Loop.wav", "loop (2).wav", "A_B_ té.wav"]
    for name, sample in zip(files, (mine, same, theirs), strict=True):
        key = world.services.assets.get(sample.tenant_id, sample.asset_id).key
        assert files[name] == world.objects.stored[key][0]
    assert licences["Loop.wav"] is None
    assert licences["A_B_ té.wav"]["terms"]["attribution_required"] is True
    told(ann.get("/audio/download", ("ids", wanted)), 404, "NOT_FOUND")
    told(twoshot.with_key(None).get("/audio/download", ("ids", wanted)), 401, "UNAUTHORIZED")


def test_many_ids(twoshot: Api, ada: Tenant, world: World) -> None:
    ids = [world.services.assets.inspect(ada.id, world.upload(ada).id).id for _ in range(51)]
    files, _ = unzipped(twoshot.get("/audio/download", ("ids", ",".join(ids[:50]))))
    assert len(files) == 50
    told(twoshot.get("/audio/download", ("ids", ",".join(ids))), 400, "VALIDATION_ERROR", "ids")


@pytest.mark.parametrize(
    ("ids", "status", "field"),
    [("", 400, "ids"), (",,", 400, "ids"), ("x", 404, None), (NO_ID, 404, None), ("x" * 3000, 400, "ids")],
)
def test_ids_that_are_none(twoshot: Api, ids: str, status: int, field: str | None) -> None:
    code = "NOT_FOUND" if status == 404 else "VALIDATION_ERROR"
    told(twoshot.get("/audio/download", ("ids", ids)), status, code, field)


def test_no_archive_of_what_nobody_looked_at(twoshot: Api, ada: Tenant, world: World) -> None:
    sample = make_sample(world, ada)
    told(twoshot.get("/audio/download", ("ids", sample.asset_id)), 409, "CONFLICT")
    told(twoshot.get("/audio/download"), 400, "VALIDATION_ERROR", "ids")


def test_a_lambda_refuses_what_it_could_not_answer(
    twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = library_sample(world, ada)
    monkeypatch.setattr("functions.http.archive.MAX_LAMBDA_BYTES", len(GOOD) - 1)
    assert twoshot.get("/audio/download", ("ids", sample.asset_id)).status == 200
    monkeypatch.setattr("functions.http.observe.in_lambda", lambda: True)
    told(twoshot.get("/audio/download", ("ids", sample.asset_id)), 413, "TOO_LARGE")


def test_nothing_is_read_for_the_head_of_an_archive(
    twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("ids", library_sample(world, ada).asset_id)
    got = twoshot.get("/audio/download", query)
    monkeypatch.setattr(world.objects, "read", None)
    head = twoshot.call("HEAD", "/audio/download", query=[query])
    assert (head.status, head.body, head.headers.keys()) == (200, b"", got.headers.keys())
    assert head.headers["content-disposition"] == 'attachment; filename="audio.zip"'


@pytest.mark.parametrize("audio_id", [NO_ID, "x", "..", "%00", NO_ID.upper(), "x" * 3000])
@pytest.mark.parametrize("what", ["", "/play", "/bpm", "/download", "/stem"])
def test_audio_that_is_not_there(twoshot: Api, audio_id: str, what: str) -> None:
    told(twoshot.get(f"/audio/{audio_id}{what}"), 404, "NOT_FOUND")


def test_the_licences(twoshot: Api) -> None:
    stranger = twoshot.with_key(None)
    found = taken(stranger.get("/licence"))
    for each in found:
        assert licence_schemas.Licence.model_validate(each).model_dump() == each
        assert taken(stranger.get(f"/licence/{each['id']}")) == each
    assert found[0] == {
        "id": 1,
        "name": "Standard License",
        "description": found[0]["description"],
        "price": 9.99,
        "currency": "USD",
        "terms": {"commercial": True, "streaming_limit": 1_000_000, "attribution_required": False},
    }
    told(stranger.get("/licence/99"), 404, "NOT_FOUND")
    told(stranger.get("/licence/x"), 400, "VALIDATION_ERROR", "licenceId")


def wish(content: object, licence_id: int = 1, kind: str = "sample") -> dict[str, object]:
    return {"licenceId": licence_id, "contentId": content, "contentType": kind}


def test_applying_for_a_licence(twoshot: Api, ann: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada, licence_id=1)
    first = taken(ann.post("/licence/apply", wish(sample.asset_id)), 201)
    assert licence_schemas.Application.model_validate(first).model_dump() == first
    assert (first["status"], first["terms"]["streaming_limit"]) == ("approved", 1_000_000)
    ends = world.clock.now() + timedelta(days=365)
    assert first["validUntil"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    for content, kind in ((sample.number, "sample"), (str(sample.number), "sample"), (sample.asset_id, "audio")):
        assert taken(ann.post("/licence/apply", wish(content, kind=kind)), 201) == first, "one for each user and sample"
    other = taken(twoshot.post("/licence/apply", wish(sample.number)), 201)
    assert other["licenseApplicationId"] != first["licenseApplicationId"]
    forever = library_sample(world, ada, licence_id=3)
    assert taken(ann.post("/licence/apply", wish(forever.number, 3)), 201)["validUntil"] is None


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"licenceId": 99}, 404, None),
        ({"licenceId": 2}, 400, "licenceId"),
        ({"licenceId": "x"}, 400, "licenceId"),
        ({"licenceId": None}, 400, "licenceId"),
        ({"contentId": NO_ID}, 404, None),
        ({"contentId": NO_NUMBER}, 404, None),
        ({"contentId": True}, 400, "contentId"),
        ({"contentId": ""}, 400, "contentId"),
        ({"contentType": "project"}, 400, "contentType"),
        ({"contentType": None}, 400, "contentType"),
    ],
)
def test_a_licence_that_cannot_be_had(
    ann: Api, ada: Tenant, world: World, changes: dict[str, Any], status: int, field: str | None
) -> None:
    sample = library_sample(world, ada, licence_id=1)
    code = "NOT_FOUND" if status == 404 else "VALIDATION_ERROR"
    told(ann.post("/licence/apply", {**wish(sample.asset_id), **changes}), status, code, field)


def test_no_licence_for_what_one_cannot_see(ann: Api, ada: Tenant, world: World) -> None:
    hidden = library_sample(world, ada, public=False, licence_id=1)
    for content in (hidden.asset_id, hidden.number):
        told(ann.post("/licence/apply", wish(content)), 404, "NOT_FOUND")
    bare = library_sample(world, ada)
    told(ann.post("/licence/apply", wish(bare.number)), 400, "VALIDATION_ERROR", "licenceId")
