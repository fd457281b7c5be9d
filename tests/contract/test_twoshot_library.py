"""Changing one's own samples and keeping them apart, on TwoShot's wire."""

import io
from typing import Any

import pytest
from PIL import Image

from functions.dialects.twoshot.schemas import samples as schemas
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample
from tests.support.twoshot import NO_NUMBER, picture, send, taken, told


@pytest.fixture
def number(ada: Tenant, world: World) -> int:
    return library_sample(world, ada).number


def change(api: Api, number: int, what: str, **body: object) -> Any:
    changed = taken(api.patch(f"/sample/{number}/{what}", body))
    assert schemas.Item.model_validate(changed).model_dump() == changed
    return changed


def test_showing_and_hiding(twoshot: Api, number: int, world: World) -> None:
    stranger = twoshot.with_key(None)
    assert stranger.get(f"/sample/{number}").status == 200
    for _ in range(2):
        assert change(twoshot, number, "visibility", public=False)["sample"]["public"] is False
    told(stranger.get(f"/sample/{number}"), 404, "NOT_FOUND")
    world.index_samples()
    assert taken(stranger.get("/sample")) == []
    assert change(twoshot, number, "visibility", public=True)["sample"]["public"] is True
    world.index_samples()
    assert len(taken(stranger.get("/sample"))) == 1


def test_renaming(twoshot: Api, number: int, world: World) -> None:
    assert change(twoshot, number, "rename", name="  Deep \n Bass ")["sample"]["name"] == "Deep Bass"
    world.index_samples()
    assert len(taken(twoshot.get("/sample", ("q", "deep bass")))) == 1
    assert taken(twoshot.get("/sample", ("q", "house"))) == []


def test_other_tags(twoshot: Api, number: int) -> None:
    assert change(twoshot, number, "tags", tags=["#Dub", "dub", "Bass"])["tags"] == ["dub", "bass"]
    assert change(twoshot, number, "tags", tags="a, b")["tags"] == ["a", "b"]
    assert change(twoshot, number, "tags", tags=[])["tags"] == []


def test_another_scale(twoshot: Api, number: int) -> None:
    assert change(twoshot, number, "scale", scale="bb min")["sample"]["scale"] == "Bb Minor"
    assert change(twoshot, number, "scale", scale="")["sample"]["scale"] is None


def test_a_licence_on_a_sample(twoshot: Api, number: int) -> None:
    paid = change(twoshot, number, "licence", licenceId=1)["audioInfo"]
    assert (paid["licenceId"], paid["free"]) == (1, False)
    free = change(twoshot, number, "licence", licenceId=3)["audioInfo"]
    assert (free["licenceId"], free["free"]) == (3, True)
    assert change(twoshot, number, "licence", licenceId=None)["audioInfo"]["licenceId"] is None


def test_folders(twoshot: Api, number: int, ada: Tenant, world: World) -> None:
    made = taken(twoshot.post("/sample/folder", {"name": "Basses"}), 201)
    assert schemas.Folder.model_validate(made).model_dump() == made
    path, others = f"/sample/folder/{made['id']}", [make_sample(world, ada).number for _ in range(2)]
    assert change(twoshot, number, "folder", folderId=made["id"])["sample"]["parentFolderId"] == made["id"]
    for other in others:
        change(twoshot, other, "folder", folderId=made["id"])
    found = taken(twoshot.get(path))
    assert [each["sample"]["id"] for each in found] == [*others[::-1], number]
    page = taken(twoshot.get(path, ("limit", "1"), ("before", str(others[1]))))
    assert [each["sample"]["id"] for each in page] == [others[0]]
    assert taken(twoshot.get("/sample/folder")) == [{**made, "samples": 3}]
    told(twoshot.delete(path), 409, "CONFLICT")
    for each in (number, *others):
        change(twoshot, each, "folder", folderId=None)
    assert taken(twoshot.patch(path, {"name": "Low end"}))["name"] == "Low end"
    assert taken(twoshot.delete(path)) == {"id": made["id"]}
    assert taken(twoshot.get("/sample/folder")) == []
    for answer in (twoshot.get(path), twoshot.delete(path), twoshot.patch(path, {"name": "x"})):
        told(answer, 404, "NOT_FOUND")
    told(twoshot.patch(f"/sample/{number}/folder", {"folderId": made["id"]}), 404, "NOT_FOUND")


def test_art_by_form_and_by_upload(twoshot: Api, number: int, world: World) -> None:
    found = taken(send(twoshot, f"/sample/{number}/art", picture((3000, 2000)), method="PATCH"))
    assert schemas.Details.model_validate(found).model_dump() == found
    key = world.objects.key_of(found["imageUrl"]) or ""
    with Image.open(io.BytesIO(world.objects.stored[key][0])) as shown:
        assert (shown.format, max(shown.size) <= 1024) == ("JPEG", True)
    data = picture(colour="green")
    begun = taken(twoshot.post("/user/picture/upload", {"sizeBytes": len(data)}))
    world.objects.put(world.objects.key_of(begun["uploadUrl"]) or "", data)
    again = taken(twoshot.patch(f"/sample/{number}/art", {"uploadId": begun["uploadId"]}))
    assert again["sample"]["imageId"] != found["sample"]["imageId"]
    assert key not in world.objects.stored
    assert taken(twoshot.get(f"/sample/{number}"))["sample"]["imageId"] == again["sample"]["imageId"]
    told(send(twoshot, f"/sample/{number}/art", b"no picture", method="PATCH"), 400, "VALIDATION_ERROR", "file")


def test_deleting(twoshot: Api, number: int, ada: Tenant, world: World) -> None:
    audio_id = taken(twoshot.get(f"/sample/{number}"))["sample"]["audioId"]
    assert taken(twoshot.delete(f"/sample/{number}")) == {"id": number}
    for path in (f"/sample/{number}", f"/audio/{audio_id}", f"/sample/{number}/preview/{audio_id}"):
        told(twoshot.get(path), 404, "NOT_FOUND")
    told(twoshot.delete(f"/sample/{number}"), 404, "NOT_FOUND")
    world.index_samples()
    assert taken(twoshot.get("/sample")) == []
    assert not [key for key in world.objects.stored if key.startswith(("uploads/", "samples/"))]


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("visibility", {}, "public"),
        ("visibility", {"public": None}, "public"),
        ("visibility", {"public": "perhaps"}, "public"),
        ("rename", {}, "name"),
        ("rename", {"name": ""}, "name"),
        ("rename", {"name": "\u202e"}, "name"),
        ("rename", {"name": "x" * 201}, "name"),
        ("tags", {}, "tags"),
        ("tags", {"tags": [""]}, "tags[0]"),
        ("tags", {"tags": ["#"]}, "tags"),
        ("tags", {"tags": 5}, "tags"),
        ("tags", {"tags": [str(n) for n in range(21)]}, "tags"),
        ("scale", {"scale": "Q"}, "scale"),
        ("scale", {"scale": None}, "scale"),
        ("folder", {}, "folderId"),
        ("folder", {"folderId": 0}, "folderId"),
        ("folder", {"folderId": 2**53}, "folderId"),
        ("licence", {}, "licenceId"),
        ("licence", {"licenceId": 99}, "licenceId"),
        ("art", {}, "uploadId"),
        ("art", {"uploadId": "x"}, "uploadId"),
    ],
)
def test_a_change_that_cannot_be(
    twoshot: Api, number: int, world: World, what: str, body: dict[str, Any], field: str
) -> None:
    before = dict(world.records.items)
    told(twoshot.patch(f"/sample/{number}/{what}", body), 400, "VALIDATION_ERROR", field)
    assert world.records.items == before


@pytest.mark.parametrize("what", ["visibility", "rename", "tags", "scale", "folder", "licence", "art"])
def test_a_sample_that_is_not_there(twoshot: Api, what: str) -> None:
    bodies = {"visibility": {"public": True}, "rename": {"name": "x"}, "tags": {"tags": []}, "scale": {"scale": ""}}
    bodies |= {"folder": {"folderId": None}, "licence": {"licenceId": None}, "art": {"uploadId": "x"}}
    told(twoshot.patch(f"/sample/{NO_NUMBER}/{what}", bodies[what]), 404, "NOT_FOUND")
    told(twoshot.patch(f"/sample/x/{what}", bodies[what]), 400, "VALIDATION_ERROR", "sampleId")
