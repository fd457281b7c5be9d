"""Making, finding, hearing and liking samples on TwoShot's wire."""

import asyncio
import json
import re
import threading
from typing import Any

import pytest

from functions.dialects.twoshot.schemas import samples as schemas
from patchbay.domain.ids import is_id
from tests.fakes.gateway import Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.lambdas import LAMBDA_BYTES, in_lambda, lengthen_links
from tests.support.library import PREVIEW, library_sample, make_sample, prepare
from tests.support.twoshot import NO_ID, NO_NUMBER, TIME, bearer, form, picture, register, send, taken, told, upload


@pytest.fixture
def ann(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ann"))


@pytest.fixture
def stranger(twoshot: Api) -> Api:
    return twoshot.with_key(None)


def ready(world: World, tenant: Tenant, number: int, **facts: Any) -> None:
    prepare(world, world.services.samples.get(number, tenant.id), **facts)


def details(api: Api, number: int) -> Any:
    found = taken(api.get(f"/sample/{number}"))
    assert schemas.Details.model_validate(found).model_dump() == found
    return found


def names(api: Api, **query: object) -> list[str]:
    found = taken(api.get("/sample", *((name, str(value)) for name, value in query.items())))
    for item in found:
        assert schemas.Item.model_validate(item).model_dump() == item
    return [item["sample"]["name"] for item in found]


def test_the_documents_upload(twoshot: Api, ada: Tenant, world: World) -> None:
    made = upload(twoshot, name="My Sample", public="true", scale="C Major")
    assert made.keys() == {"sampleId", "audioId", "processing"}
    assert (is_id(made["audioId"]), made["processing"]) == (True, True)
    asset = world.services.assets.get(ada.id, made["audioId"])
    assert world.objects.stored[asset.key][0] == GOOD
    found = details(twoshot, made["sampleId"])
    assert (found["processing"], found["audioInfo"]["bpm"], found["peaks"]) == (True, None, [])
    ready(world, ada, made["sampleId"], bpm=125.0, duration_s=8.0)
    found = details(twoshot, made["sampleId"])
    assert (found["processing"], found["error"], found["peaks"]) == (False, None, [0.5, 0.75])
    assert re.fullmatch(TIME, found["sample"].pop("created"))
    me = taken(twoshot.get("/user"))
    assert found["sample"] == {
        "id": made["sampleId"],
        "name": "My Sample",
        "audioId": made["audioId"],
        "ownerId": me["id"],
        "parentFolderId": None,
        "public": True,
        "scale": "C Major",
        "imageId": None,
    }
    assert found["audioInfo"] == {
        "id": made["audioId"],
        "duration": 8.0,
        "bpm": 125.0,
        "free": False,
        "licenceId": None,
    }
    assert (found["owner"]["id"], found["owner"]["userName"]) == (me["id"], me["userName"])
    assert (found["tags"], found["liked"], found["likes"]) == ([], False, 0)


def test_what_is_left_out(twoshot: Api, ada: Tenant, world: World) -> None:
    """The vendor's Python class sends the file alone."""
    made = upload(twoshot)
    ready(world, ada, made["sampleId"], key="F# minor")
    found = details(twoshot, made["sampleId"])
    told = (found["sample"]["name"], found["sample"]["public"], found["sample"]["scale"], found["tags"])
    assert told == ("loop", False, "F# Minor", [])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("house, bass ,", ["house", "bass"]),
        ('["House", "bass"]', ["house", "bass"]),
        ("", []),
        ("#deep", ["deep"]),
    ],
)
def test_tags_of_a_form(twoshot: Api, tags: str, expected: list[str]) -> None:
    assert details(twoshot, upload(twoshot, tags=tags)["sampleId"])["tags"] == expected


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "", "text/plain"])
def test_a_form_that_is_labelled_as_something_else(twoshot: Api, kind: str) -> None:
    """The vendor's JavaScript class labels everything it sends as JSON, its forms too."""
    body, _ = form(name="x")
    headers = {"content-type": kind} if kind else {}
    made = taken(twoshot.call("POST", "/sample/audio", headers=headers, body=body), 201)
    assert details(twoshot, made["sampleId"])["audioInfo"]["id"] == made["audioId"]


def test_the_presigned_way(twoshot: Api, ada: Tenant, world: World) -> None:
    begun = taken(twoshot.post("/sample/upload", {"name": "long.wav", "sizeBytes": len(GOOD)}))
    body = {"uploadId": begun["uploadId"], "public": True, "tags": ["a", "b"]}
    told(twoshot.post("/sample/audio", body), 400, "VALIDATION_ERROR", "uploadId")
    assert f"size={len(GOOD)}" in begun["uploadUrl"]
    world.objects.put(world.objects.key_of(begun["uploadUrl"]) or "", GOOD)
    made = taken(twoshot.post("/sample/audio", body), 201)
    assert made["audioId"] == begun["uploadId"]
    found = details(twoshot, made["sampleId"])
    assert (found["sample"]["name"], found["tags"], found["sample"]["public"]) == ("long", ["a", "b"], True)
    assert taken(twoshot.post("/sample/audio", body), 201) == made, "an upload is one sample"


def test_an_upload_is_its_uploaders(twoshot: Api, ann: Api, world: World) -> None:
    begun = taken(twoshot.post("/sample/upload", {"name": "x"}))
    world.objects.put(world.objects.key_of(begun["uploadUrl"]) or "", GOOD)
    body = {"uploadId": begun["uploadId"]}
    told(ann.post("/sample/audio", body), 400, "VALIDATION_ERROR", "uploadId")
    told(twoshot.post("/sample/upload", {"name": "x", "sizeBytes": 10**12}), 413, "TOO_LARGE")


@pytest.mark.parametrize("by", ["form", "json"])
@pytest.mark.parametrize(
    ("wrong", "field", "status"),
    [
        ({"scale": "H Major"}, "scale", 400),
        ({"name": "\u200b"}, "name", 400),
        ({"name": "x" * 201}, "name", 400),
        ({"public": "perhaps"}, "public", 400),
        ({"tags": "a" * 41}, "tags[0]", 400),
        ({"tags": "[1"}, "tags", 400),
        ({"tags": "[" * 60_000}, "tags", 400),
        ({"folderId": "x"}, "folderId", 400),
        ({"folderId": "0"}, "folderId", 400),
        ({"folderId": str(NO_NUMBER)}, None, 404),
        ({"licenceId": "99"}, "licenceId", 400),
    ],
)
def test_a_sample_that_cannot_be_leaves_nothing(
    twoshot: Api, ada: Tenant, world: World, by: str, wrong: dict[str, str], field: str | None, status: int
) -> None:
    code = "VALIDATION_ERROR" if status == 400 else "NOT_FOUND"
    if by == "form":
        told(send(twoshot, "/sample/audio", **wrong), status, code, field)
        assert world.objects.stored == {}
        assert world.services.assets.list(ada.id, limit=5) == []
    else:
        asset = world.upload(ada)
        told(twoshot.post("/sample/audio", {"uploadId": asset.id, **wrong}), status, code, field)
        assert world.services.assets.get(ada.id, asset.id).id == asset.id, "it is still there to be used"
    assert world.services.samples.owned(ada.id, limit=5) == []
    assert world.executions.started == []


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        (b"", "application/json", "file"),
        (b"", "multipart/form-data; boundary=x", None),
        (b"{}", "application/json", "uploadId"),
        (b"not json", "application/json", None),
        (b"--", "application/json", None),
        (b"--x\r\nrubbish", "", None),
        (b"RIFF....", "audio/wav", None),
        (form(b"")[0], "", "file"),
    ],
)
def test_a_body_that_is_none(twoshot: Api, world: World, body: bytes, kind: str, field: str | None) -> None:
    before = dict(world.records.items)
    headers = {"content-type": kind} if kind else {}
    told(twoshot.call("POST", "/sample/audio", headers=headers, body=body), 400, "VALIDATION_ERROR", field)
    assert (world.records.items, world.objects.stored) == (before, {})


def test_a_file_that_is_no_audio_shows_in_its_sample(twoshot: Api, ada: Tenant, world: World) -> None:
    made = upload(twoshot, b"no audio at all", public="true")
    world.services.assets.inspect(ada.id, made["audioId"])
    number = made["sampleId"]
    sample = world.services.samples.get(number, ada.id)
    world.services.pipeline.plan(ada.id, sample.id)
    world.services.samples.settle(world.services.jobs.get(ada.id, sample.id))
    found = details(twoshot, number)
    assert found["processing"] is False
    assert "no audio" in found["error"]
    for path in (f"/sample/{number}/preview/{made['audioId']}", f"/audio/{made['audioId']}/download"):
        told(twoshot.get(path), 404, "NOT_FOUND")
    told(twoshot.with_key(None).get(f"/sample/{number}"), 404, "NOT_FOUND")


def test_searching(twoshot: Api, ada: Tenant, bob: Tenant, ann: Api, stranger: Api, world: World) -> None:
    library_sample(world, ada, "Deep House Bass", tags=("house", "deep"), bpm=125.0, key="A minor", duration_s=8.0)
    library_sample(world, ada, "Café Piano", tags=("piano",), bpm=90.0, key="C major", duration_s=30.0)
    library_sample(world, bob, "House Drums", tags=("house", "drums"), bpm=128.0, key="C major", duration_s=4.0)
    library_sample(world, ada, "Secret House", public=False, tags=("house",))
    world.index_samples()
    owner = taken(twoshot.get("/user"))["id"]
    for api in (ann, stranger):
        assert names(api) == ["House Drums", "Café Piano", "Deep House Bass"]
        assert names(api, q="house") == ["House Drums", "Deep House Bass"]
        assert names(api, q="cafe pia") == ["Café Piano"]
        assert names(api, scale="c major") == ["House Drums", "Café Piano"]
        assert names(api, bpm_min=120, bpm_max=126) == ["Deep House Bass"]
        assert names(api, duration_min=8) == ["Café Piano", "Deep House Bass"]
        assert names(api, duration_max=5) == ["House Drums"]
        assert names(api, tags="house,drums") == ["House Drums"]
        assert names(api, sort="name") == ["Café Piano", "Deep House Bass", "House Drums"]
        assert names(api, limit=1, offset=1) == ["Café Piano"]
        assert names(api, owner_id=owner, public="true") == ["Café Piano", "Deep House Bass"]
        assert names(api, owner_id=NO_NUMBER) == []
        assert names(api, q="secret") == []
    assert names(twoshot, q="hou") == ["Secret House", "House Drums", "Deep House Bass"]
    assert names(twoshot, q="hou", public="true") == ["House Drums", "Deep House Bass"]
    assert names(twoshot, owner_id=owner) == ["Secret House", "Café Piano", "Deep House Bass"]
    assert names(stranger, owner_id=owner) == names(ann, owner_id=owner) == ["Café Piano", "Deep House Bass"]


def test_filters_that_are_empty_are_as_good_as_none(twoshot: Api, ada: Tenant, world: World) -> None:
    """As forms send them, and programs that write all of their filters."""
    library_sample(world, ada, "Deep House Bass")
    world.index_samples()
    bounds = dict.fromkeys(("bpm_min", "bpm_max", "duration_min", "duration_max"), "")
    assert names(twoshot, q="", owner_id="", public="", scale="", tags="", **bounds) == ["Deep House Bass"]
    nothing = [(name, "") for name in ("owner_id", "public", "name", "minTempo", "maxTempo", "minDuration")]
    assert taken(twoshot.get("/project", *nothing)) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"offset": "99999"}, "offset"),
        ({"bpm_min": "nan"}, "bpm_min"),
        ({"bpm_min": "inf"}, "bpm_min"),
        ({"bpm_min": "-1"}, "bpm_min"),
        ({"bpm_min": "130", "bpm_max": "120"}, "bpm_min"),
        ({"duration_min": "9", "duration_max": "8"}, "duration_min"),
        ({"scale": "H"}, "scale"),
        ({"sort": "random"}, "sort"),
        ({"q": "x" * 201}, "q"),
        ({"public": "perhaps"}, "public"),
        ({"owner_id": "x"}, "owner_id"),
        ({"tags": "x" * 41}, "tags"),
    ],
)
def test_a_search_that_cannot_be(stranger: Api, query: dict[str, str], field: str) -> None:
    told(stranger.get("/sample", *query.items()), 400, "VALIDATION_ERROR", field)


def test_only_its_owner_sees_what_is_private_or_not_looked_at(
    twoshot: Api, ann: Api, stranger: Api, ada: Tenant, world: World
) -> None:
    private, unseen = library_sample(world, ada, public=False), make_sample(world, ada, public=True)
    for sample in (private, unseen):
        assert details(twoshot, sample.number)["sample"]["id"] == sample.number
        for api in (ann, stranger):
            told(api.get(f"/sample/{sample.number}"), 404, "NOT_FOUND")
            told(api.get(f"/sample/{sample.number}/preview/{sample.asset_id}"), 404, "NOT_FOUND")


def test_a_folder_is_its_owners_matter(twoshot: Api, stranger: Api, ada: Tenant, world: World) -> None:
    folder = taken(twoshot.post("/sample/folder", {"name": "Basses"}), 201)
    sample = library_sample(world, ada, folder_number=folder["id"])
    assert details(twoshot, sample.number)["sample"]["parentFolderId"] == folder["id"]
    assert details(stranger, sample.number)["sample"]["parentFolderId"] is None


def test_a_preview_is_a_way_to_a_short_file(stranger: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada)
    path = f"/sample/{sample.number}/preview/{sample.asset_id}"
    answer = stranger.get(path)
    assert answer.status == 302
    assert world.objects.stored[world.objects.key_of(answer.headers["location"]) or ""][0] == PREVIEW
    as_json = stranger.get(path, accept="application/json")
    assert taken(as_json).keys() == {"audioId", "url", "expiresIn"}
    assert {each.headers["vary"] for each in (answer, as_json)} == {"accept"}


def test_a_preview_that_is_being_made(twoshot: Api, ada: Tenant, world: World) -> None:
    sample = make_sample(world, ada)
    told(twoshot.get(f"/sample/{sample.number}/preview/{sample.asset_id}"), 409, "CONFLICT")


def test_a_sample_has_its_own_audio_alone(twoshot: Api, ada: Tenant, world: World) -> None:
    sample, other = library_sample(world, ada), library_sample(world, ada)
    for audio_id in (other.asset_id, NO_ID, "x"):
        for noun in ("preview", "download"):
            told(twoshot.get(f"/sample/{sample.number}/{noun}/{audio_id}"), 404, "NOT_FOUND")


def test_downloading_shows_the_licence(twoshot: Api, ann: Api, stranger: Api, ada: Tenant, world: World) -> None:
    sample = library_sample(world, ada, licence_id=1)
    path = f"/sample/{sample.number}/download/{sample.asset_id}"
    told(stranger.get(path), 401, "UNAUTHORIZED")
    answer = ann.get(path)
    assert (answer.status, answer.headers["link"]) == (302, '</licence/1>; rel="license"')
    asset = world.services.assets.get(ada.id, sample.asset_id)
    assert world.objects.key_of(answer.headers["location"]) == asset.key
    found = taken(ann.get(path, accept="application/json"))
    assert (found["licence"]["id"], found["licence"]["application"]) == (1, None)
    wish = {"licenceId": 1, "contentId": sample.asset_id, "contentType": "sample"}
    applied = taken(ann.post("/licence/apply", wish), 201)
    assert taken(ann.get(path, accept="application/json"))["licence"]["application"] == applied
    assert taken(twoshot.get(path, accept="application/json"))["licence"]["application"] is None


def test_liking_and_liking_no_more(twoshot: Api, ann: Api, stranger: Api, ada: Tenant, world: World) -> None:
    path = f"/sample/{library_sample(world, ada).number}"
    for _ in range(2):
        assert taken(ann.post(path + "/like", b"")) == {"liked": True, "likes": 1}
    assert taken(twoshot.post(path + "/like", b"")) == {"liked": True, "likes": 2}
    seen = [taken(api.get(path)) for api in (ann, twoshot, stranger)]
    assert [(each["liked"], each["likes"]) for each in seen] == [(True, 2), (True, 2), (False, 2)]
    for _ in range(2):
        assert taken(ann.delete(path + "/like")) == {"liked": False, "likes": 1}
    assert taken(ann.get(path))["liked"] is False


def test_many_who_like_at_once_are_counted_right(twoshot: Api, ada: Tenant, world: World) -> None:
    path, count = f"/sample/{library_sample(world, ada).number}", 8
    fans = [bearer(twoshot, register(twoshot, f"fan{n}")) for n in range(count)]

    def like(fan: Api) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        for _ in range(3):
            taken(fan.post(path + "/like", b""))
        loop.close()

    threads = [threading.Thread(target=like, args=(fan,)) for fan in fans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken(twoshot.get(path))["likes"] == count


def test_tags_in_fashion(twoshot: Api, stranger: Api, ada: Tenant, world: World) -> None:
    library_sample(world, ada, tags=("house", "deep"))
    library_sample(world, ada, tags=("house",))
    library_sample(world, ada, public=False, tags=("secret",))
    world.index_samples()
    assert taken(stranger.get("/tag/explore")) == [{"tag": "house", "count": 2}, {"tag": "deep", "count": 1}]
    assert len(taken(twoshot.get("/tag/explore", ("limit", "1")))) == 1


def test_a_page_of_the_largest_samples_fits(twoshot: Api, ada: Tenant, world: World, monkeypatch: Any) -> None:
    lengthen_links(world, monkeypatch)
    world.services.people.set_picture(ada.id, picture())
    few, most = 4, 100
    for _ in range(few):
        tags = tuple(f"{n:02d}{chr(0x1F3B5) * 30}" for n in range(20))
        library_sample(world, ada, '"' * 200, tags=tags, peaks=([-1.0] * 200, [1.0] * 200))
    world.index_samples()
    page, size = in_lambda(twoshot, "/sample", ("limit", "100"))
    assert (len(page), size / few * most < LAMBDA_BYTES) == (few, True)
    assert json.dumps(page).count("X-Amz-Security-Token") == few
