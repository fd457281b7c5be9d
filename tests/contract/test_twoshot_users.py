"""Users on TwoShot's wire: oneself, others, pictures, and who follows whom."""

import asyncio
import io
import threading
from typing import Any

import pytest
from PIL import Image

from functions.dialects.twoshot.schemas import users as schemas
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.twoshot import NO_NUMBER, bearer, picture, register, send, taken, told


@pytest.fixture
def ann(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ann"))


@pytest.fixture
def ben(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ben"))


def number(api: Api) -> int:
    return int(taken(api.get("/user"))["id"])


def profile(api: Api, user_id: int) -> Any:
    found = taken(api.get(f"/user/{user_id}"))
    assert schemas.Profile.model_validate(found).model_dump() == found
    return found


def shown(world: World, told: dict[str, Any]) -> Image.Image:
    key = world.objects.key_of(told["url"])
    data, media_type = world.objects.stored[key or ""]
    assert media_type == "image/jpeg"
    return Image.open(io.BytesIO(data))


def test_how_one_stands(twoshot: Api, ann: Api, world: World) -> None:
    found = taken(ann.get("/user/info"))
    assert schemas.UserInfo.model_validate(found).model_dump() == found
    assert (found["plan"], found["requestsPerHour"], found["followerCount"]) == ("standard", 1000, 0)
    user = world.services.accounts.find_user("ann@example.org")
    assert user is not None
    world.services.accounts.set_plan(user.id, "premium")
    found = taken(ann.get("/user/info"))
    assert (found["plan"], found["requestsPerHour"]) == ("premium", 5000)


def test_a_user_without_a_registration_has_a_number_and_a_name(twoshot: Api, ada: Tenant) -> None:
    first, again = taken(twoshot.get("/user")), taken(twoshot.get("/user"))
    assert first == again
    assert first["userName"] == f"user{first['id']}"
    assert profile(twoshot.with_key(None), first["id"])["userName"] == first["userName"]


@pytest.mark.parametrize("who", ["nobody", "somebody else", "oneself"])
def test_a_profile_tells_everybody_the_same_and_no_address(ann: Api, ben: Api, who: str) -> None:
    api = {"nobody": ann.with_key(None), "somebody else": ben, "oneself": ann}[who]
    found = profile(api, number(ann))
    assert (found["userName"], found["followerCount"], found["followed"]) == ("ann", 0, False)
    assert "ann@example.org" not in str(found)


def test_following_and_following_no_more(ann: Api, ben: Api) -> None:
    user_id = number(ann)
    for _ in range(2):
        assert taken(ben.post(f"/user/{user_id}/follow", b"")) == {"following": True, "followerCount": 1}
    assert profile(ben, user_id)["followed"] is True
    assert profile(ann, user_id)["followed"] is False
    assert profile(ann.with_key(None), user_id)["followerCount"] == 1
    for _ in range(2):
        assert taken(ben.delete(f"/user/{user_id}/follow")) == {"following": False, "followerCount": 0}
    assert profile(ben, user_id)["followed"] is False


def test_many_who_follow_at_once_are_counted_right(twoshot: Api, ann: Api) -> None:
    user_id, count = number(ann), 8
    fans = [bearer(twoshot, register(twoshot, f"fan{n}")) for n in range(count)]

    def follow(fan: Api) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        for _ in range(3):
            taken(fan.post(f"/user/{user_id}/follow", b""))
        loop.close()

    threads = [threading.Thread(target=follow, args=(fan,)) for fan in fans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert profile(ann, user_id)["followerCount"] == count


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_nobody_to_follow(ann: Api, method: str) -> None:
    told(ann.call(method, f"/user/{NO_NUMBER}/follow"), 404, "NOT_FOUND")
    told(ann.call(method, "/user/x/follow"), 400, "VALIDATION_ERROR", "userId")


def test_nobody_follows_himself(ann: Api) -> None:
    told(ann.post(f"/user/{number(ann)}/follow", b""), 400, "VALIDATION_ERROR", "userId")


def test_users_that_one_brought(twoshot: Api, ann: Api) -> None:
    code = taken(ann.get("/user/info"))["referralCode"]
    for name in ("cleo", "dora", "emma"):
        register(twoshot, name, referralCode=code.lower())
    names = [user["userName"] for user in taken(ann.get("/user/referred"))]
    assert names == ["emma", "dora", "cleo"]
    page = taken(ann.get("/user/referred", ("limit", "2")))
    assert [user["userName"] for user in page] == names[:2]
    rest = taken(ann.get("/user/referred", ("before", str(page[-1]["id"]))))
    assert [user["userName"] for user in rest] == names[2:]
    assert taken(twoshot.get("/user/referred")) == []
    assert all("email" not in user for user in page)


def test_a_picture_by_form(ann: Api, world: World) -> None:
    found = taken(send(ann, "/user/picture", picture(), method="PATCH"))
    told_of = found["displayPicture"]
    assert shown(world, told_of).format == "JPEG"
    again = taken(send(ann, "/user/picture", picture((2000, 1000), "blue"), method="PATCH"))["displayPicture"]
    assert again["id"] != told_of["id"]
    assert max(shown(world, again).size) <= 512
    assert world.objects.key_of(told_of["url"]) not in world.objects.stored, "the old one is gone"
    assert profile(ann.with_key(None), found["id"])["displayPicture"]["id"] == again["id"]


def test_a_picture_by_upload(ann: Api, world: World) -> None:
    data = picture()
    begun = taken(ann.post("/user/picture/upload", {"sizeBytes": len(data)}))
    assert schemas.Upload.model_validate(begun).model_dump() == begun
    assert f"size={len(data)}" in begun["uploadUrl"]
    body = {"uploadId": begun["uploadId"]}
    told(ann.patch("/user/picture", body), 400, "VALIDATION_ERROR", "uploadId")
    key = world.objects.key_of(begun["uploadUrl"])
    assert key is not None
    world.objects.put(key, data)
    assert taken(ann.patch("/user/picture", body))["displayPicture"]
    assert key not in world.objects.stored
    told(ann.patch("/user/picture", body), 400, "VALIDATION_ERROR", "uploadId")


def test_an_uploaded_picture_is_its_uploaders(ann: Api, ben: Api, world: World) -> None:
    data = picture()
    begun = taken(ann.post("/user/picture/upload", {"sizeBytes": len(data)}))
    world.objects.put(world.objects.key_of(begun["uploadUrl"]) or "", data)
    body = {"uploadId": begun["uploadId"]}
    told(ben.patch("/user/picture", body), 400, "VALIDATION_ERROR", "uploadId")
    assert taken(ann.patch("/user/picture", body))["displayPicture"]


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", picture()[:60], b"<svg/>", b"RIFF fake audio"])
def test_what_is_no_picture(ann: Api, data: bytes) -> None:
    told(send(ann, "/user/picture", data, method="PATCH"), 400, "VALIDATION_ERROR", "file")
    assert taken(ann.get("/user"))["displayPicture"] is None


def test_a_picture_that_is_too_large(ann: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.dialects.twoshot.forms.MAX_BYTES", 100)
    told(send(ann, "/user/picture", picture() + bytes(100), method="PATCH"), 413, "TOO_LARGE")
    told(ann.post("/user/picture/upload", {"sizeBytes": 10**9}), 413, "TOO_LARGE")


@pytest.mark.parametrize(
    ("body", "field"), [(b"", "file"), (b"{}", "uploadId"), (b'{"uploadId": 5}', "uploadId"), (b"[]", "body")]
)
def test_a_picture_that_is_not_there(ann: Api, body: bytes, field: str) -> None:
    assert field in str(told_of(ann.patch("/user/picture", body)))


def told_of(answer: Any) -> dict[str, Any]:
    assert (answer.status, answer.json()["code"]) == (400, "VALIDATION_ERROR"), answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_name_at_instagram(ann: Api) -> None:
    assert taken(ann.patch("/user/instagram", {"instagram": "@johnmusic"}))["instagram"] == "johnmusic"
    assert taken(ann.get("/user"))["instagram"] == "johnmusic"
    for nothing in ("", None):
        taken(ann.patch("/user/instagram", {"instagram": "johnmusic"}))
        assert taken(ann.patch("/user/instagram", {"instagram": nothing}))["instagram"] is None
    told(ann.patch("/user/instagram", {}), 400, "VALIDATION_ERROR", "instagram")
    for wrong in ("a b", "https://instagram.com/x", "x" * 31, ".."):
        told(ann.patch("/user/instagram", {"instagram": wrong}), 400, "VALIDATION_ERROR", "instagram")


@pytest.mark.parametrize("user_id", ["x", "0", "-1", "1.5", str(2**53)])
def test_a_number_that_is_none(ann: Api, user_id: str) -> None:
    told(ann.get(f"/user/{user_id}"), 400, "VALIDATION_ERROR", "profileId")


def test_a_user_who_is_not_there(ann: Api) -> None:
    told(ann.get(f"/user/{NO_NUMBER}"), 404, "NOT_FOUND")
    told(ann.get("/user/referred", ("before", str(NO_NUMBER))), 404, "NOT_FOUND")
