"""Routes that take files, in a Lambda: the same code as in the ingest service."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator

import httpx
import pytest

from functions.http import openapi
from functions.http.handler import lambda_handler
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import Unavailable
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.files_dialect import DIALECT


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield Api(lambda_handler(DIALECT))
    asyncio.set_event_loop(None)
    loop.close()


def send(api: Api, key: str, data: bytes = GOOD, /, texts: dict[str, str] | None = None, **headers: str) -> Answer:
    form = httpx.Request("POST", "https://x/", files={"file": ("a.wav", data)}, data=texts or {})
    told = {"content-type": form.headers["content-type"], "key": key, **headers}
    return api.call("POST", "/files/", headers=told, body=form.read())


def assets(world: World) -> int:
    return sum(key[0].startswith("ASSETS#") for key in world.records.items)


def test_a_file_becomes_an_asset(api: Api, world: World, ada: Tenant) -> None:
    answer = send(api, ada.secret, GOOD, {"name": "Lied"})
    assert answer.status == 200
    told = answer.json()
    assert told["fields"] == {"name": "Lied"}
    assert told["sha256"] == hashlib.sha256(GOOD).hexdigest()
    asset = world.services.assets.get(ada.id, told["id"])
    assert (asset.state, asset.name) == (AssetState.PENDING, "a.wav")
    assert world.objects.stored[asset.key][0] == GOOD
    assert world.services.assets.inspect(ada.id, asset.id).state is AssetState.READY


def test_a_stranger_stores_nothing(api: Api, world: World) -> None:
    assert send(api, "nonsense").status == 401
    assert not world.objects.stored


def test_what_is_refused_leaves_nothing(api: Api, world: World, ada: Tenant) -> None:
    for body, code in ((b"{}", "input"), (b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\nRI", "malformed")):
        kind = "multipart/form-data; boundary=b" if code == "malformed" else "application/json"
        answer = api.call("POST", "/files", headers={"content-type": kind, "key": ada.secret}, body=body)
        assert (answer.status, answer.json()["code"]) == (400, code)
    empty = send(api, ada.secret, b"")
    assert (empty.status, empty.json()["field"]) == (400, "file")
    assert not world.objects.stored
    assert not assets(world)


def test_a_repetition_under_one_key_is_one_asset(api: Api, world: World, ada: Tenant) -> None:
    answers = [send(api, ada.secret, idempotency_key="k") for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    assert (len(world.objects.stored), assets(world)) == (1, 1)
    assert send(api, ada.secret, b"RIFFother", idempotency_key="k").status == 409
    assert send(api, ada.secret, GOOD, {"name": "x"}, idempotency_key="k").status == 409
    assert (len(world.objects.stored), assets(world)) == (1, 1)


def test_a_repetition_whose_answer_was_not_kept_finds_the_asset(
    api: Api, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(type(world.services.idempotency), "keep", lambda *_: None)
        first = send(api, ada.secret, idempotency_key="k")
    again = send(api, ada.secret, idempotency_key="k")
    assert again.json() == first.json()
    assert "idempotent-replayed" not in again.headers
    assert assets(world) == 1


def test_what_failed_is_not_kept(api: Api, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object, **more: object) -> None:
        raise Unavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.objects, "store", fail)
        assert send(api, ada.secret, idempotency_key="k").status == 503
    answer = send(api, ada.secret, idempotency_key="k")
    assert (answer.status, answer.headers.get("idempotent-replayed")) == (200, None)
    assert (len(world.objects.stored), assets(world)) == (1, 1)


def test_a_repetition_while_the_first_is_under_way_is_told_so(
    api: Api, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, second = world.objects.store, []

    def repeat() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        second.append(send(api, ada.secret, idempotency_key="k"))
        asyncio.get_event_loop().close()

    def slow(key: str, data: bytes, *, media_type: str) -> None:
        thread = threading.Thread(target=repeat)
        thread.start()
        thread.join(10)
        stored(key, data, media_type=media_type)

    monkeypatch.setattr(world.objects, "store", slow)
    assert send(api, ada.secret, idempotency_key="k").status == 200
    assert (second[0].status, second[0].json()["code"]) == (409, "conflict")
    assert "under way" in second[0].json()["message"]
    assert (len(world.objects.stored), assets(world)) == (1, 1)


def test_other_bodies_are_read_and_checked_as_ever(api: Api, ada: Tenant) -> None:
    assert api.post("/echo", {"a": 1}, key=ada.secret).json() == {"a": 1}
    assert api.post("/echo", b"[", key=ada.secret).json()["code"] == "malformed"


def test_the_document_shows_the_form() -> None:
    told = openapi.document(DIALECT)["paths"]["/files"]["post"]
    schema = told["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"] == {"type": "string", "format": "binary"}
    assert schema["properties"]["name"] == {"type": "string", "description": "What to call it"}
    assert told["responses"].keys() == {"200", "400", "401", "500"}
