"""Patchbay's own API on the wire."""

import json
from typing import Any

from pydantic import BaseModel

from tests.fakes.gateway import REQUEST_ID, Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.library import make_sample

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


def fits(model: type[BaseModel], answer: Answer) -> dict[str, Any]:
    """Check that an answer is what the document says, no field less and none more; returns its body."""
    assert answer.status == 200, answer.text
    body: dict[str, Any] = answer.json()
    same_fields(body, model.model_validate(body).model_dump(mode="json", exclude_unset=True))
    return body


def same_fields(body: Any, modelled: Any) -> None:
    """What the model does not know is missing from its own form."""
    if isinstance(body, dict):
        assert body.keys() == modelled.keys()
        for name in body:
            same_fields(body[name], modelled[name])
    elif isinstance(body, list):
        for ours, theirs in zip(body, modelled, strict=True):
            same_fields(ours, theirs)


def patch(api: Api, path: str, given: object) -> Answer:
    return api.call("PATCH", path, headers={"content-type": "application/json"}, body=json.dumps(given).encode())


def test_upload_by_put(native: Api, world: World, ada: Tenant) -> None:
    given = native.post(f"{BASE}/uploads", {"name": "song.wav", "size_bytes": 15}).json()
    assert given.keys() == {"asset_id", "input_url", "put_url"}
    assert "size=15" in given["put_url"]
    key = world.objects.key_of(given["put_url"])
    assert key == f"incoming/audio/{ada.id}/{given['asset_id']}"
    assert world.objects.key_of(given["input_url"]) == f"uploads/{ada.id}/{given['asset_id']}"
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
    key = f"incoming/audio/{ada.id}/{given['asset_id']}"
    etags = [world.objects.put_part(key, parts["upload_id"], n, b"RIFF" + bytes([n])) for n in (1, 2)]
    path = f"{BASE}/uploads/{given['asset_id']}/complete"
    wrong = {"upload_id": parts["upload_id"], "etags": etags[::-1]}
    told(native.post(path, wrong), 400, "invalid-input", "etags")
    done = native.post(path, {"upload_id": parts["upload_id"], "etags": etags})
    assert (done.status, done.json()["id"]) == (200, given["asset_id"])
    assert world.objects.stat(key)


def test_the_audio_of_a_sample_is_neither_deleted_nor_given_an_end(native: Api, world: World, ada: Tenant) -> None:
    sample = make_sample(world, ada)
    path = f"{BASE}/assets/{sample.asset_id}"
    for answer in (native.call("DELETE", path), patch(native, path, {"keep_until": "2040-01-01T00:00:00Z"})):
        problem = told(answer, 409, "conflict")
        assert f"sample {sample.number}," in problem["detail"]
    assert native.get(path).json()["keep_until"] is None
    world.services.samples.delete(ada.id, sample.number)
    told(native.get(path), 404, "not-found")
