"""Patchbay's own API on the wire."""

from typing import Any

from tests.fakes.gateway import REQUEST_ID, Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

BASE = "/patchbay/v1"
NO_ID = "0198c0de-0000-7000-8000-000000000000"


def told(answer: Answer, status: int, code: str, *fields: str) -> dict[str, Any]:
    """Check an error's form; returns its body."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "instance", "code"} | ({"errors"} if fields else set())
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:patchbay:problem:{code}")
    assert body["instance"] == f"urn:patchbay:request:{REQUEST_ID}"
    assert [error["field"] for error in body.get("errors", [])] == list(fields)
    return body


def test_upload_by_put(native: Api, world: World, ada: Tenant) -> None:
    given = native.post(f"{BASE}/uploads", {"name": "song.wav", "size_bytes": 15}).json()
    assert given.keys() == {"asset_id", "input_url", "put_url"}
    assert "size=15" in given["put_url"]
    key = world.objects.key_of(given["put_url"])
    assert key == f"uploads/{ada.id}/{given['asset_id']}" == world.objects.key_of(given["input_url"])
    pending = native.get(f"{BASE}/assets/{given['asset_id']}").json()
    assert (pending["state"], pending["name"], pending["download_url"]) == ("pending", "song.wav", None)
    world.objects.put(key, GOOD)
    world.services.assets.inspect(ada.id, given["asset_id"])
    ready = native.get(f"{BASE}/assets/{given['asset_id']}").json()
    assert ready["state"] == "ready"
    assert ready["size_bytes"] == len(GOOD)
    assert ready["audio"]["channels"] == 2
    assert ready["download_url"].startswith("https://")
    assert "key" not in ready
    assert "tenant_id" not in ready


def test_upload_by_form(native: Api) -> None:
    given = native.post(f"{BASE}/uploads", {"method": "post"}).json()
    assert given["post"].keys() == {"url", "fields"}
    assert given["post"]["fields"]["key"].endswith(given["asset_id"])


def test_upload_in_parts(native: Api, world: World, ada: Tenant) -> None:
    size = 65 * 1024**2
    given = native.post(f"{BASE}/uploads", {"method": "parts", "size_bytes": size}).json()
    parts = given["parts"]
    assert len(parts["urls"]) == -(-size // parts["part_bytes"]) == 2
    etags = [world.objects.put_part(parts["upload_id"], n, b"RIFF" + bytes([n])) for n in (1, 2)]
    path = f"{BASE}/uploads/{given['asset_id']}/complete"
    wrong = {"upload_id": parts["upload_id"], "etags": etags[::-1]}
    told(native.post(path, wrong), 400, "invalid-input", "etags")
    done = native.post(path, {"upload_id": parts["upload_id"], "etags": etags})
    assert (done.status, done.json()["id"]) == (200, given["asset_id"])
    assert world.objects.stat(f"uploads/{ada.id}/{done.json()['id']}")
