"""Every way in which a file can come, through the twin's front door, and the ways in which it cannot."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Live

pytestmark = pytest.mark.twin


def place(http: httpx.Client, **order: Any) -> dict[str, Any]:
    answer = http.post("/patchbay/v1/uploads", json=order)
    assert answer.status_code in {200, 201}, answer.text
    made: dict[str, Any] = answer.json()
    return made


def settled(http: httpx.Client, asset_id: str) -> dict[str, Any]:
    """The asset once somebody has looked at it: the upload itself sets that off."""
    until = time.monotonic() + 20
    while (asset := http.get(f"/patchbay/v1/assets/{asset_id}").json())["state"] == "pending":
        assert time.monotonic() < until
        time.sleep(0.1)
    found: dict[str, Any] = asset
    return found


@pytest.fixture
def store(live: Live) -> Iterator[httpx.Client]:
    with httpx.Client(verify=live.tls, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def api(live: Live) -> Iterator[httpx.Client]:
    with live.http(f"Bearer {live.key}") as client:
        yield client


def test_by_put_of_a_size_that_was_told(api: httpx.Client, store: httpx.Client, song: Path) -> None:
    body = song.read_bytes()
    made = place(api, name="song.wav", method="put", size_bytes=len(body))
    assert store.put(made["put_url"], content=body + b"more").status_code == 403
    assert store.put(made["put_url"], content=body).status_code == 200
    asset = settled(api, made["asset_id"])
    assert (asset["state"], asset["name"]) == ("ready", "song.wav")
    assert asset["audio"]["duration_s"] == 6.0


def test_by_form(api: httpx.Client, store: httpx.Client, song: Path) -> None:
    made = place(api, method="post")
    form = made["post"]
    key = form["fields"]["key"]
    moved = {**form["fields"], "key": key[:-1] + ("1" if key.endswith("0") else "0")}
    assert store.post(form["url"], data=moved, files={"file": song.read_bytes()}).status_code == 403
    assert store.post(form["url"], data=form["fields"], files={"file": song.read_bytes()}).status_code < 300
    assert settled(api, made["asset_id"])["state"] == "ready"


def test_in_parts(api: httpx.Client, store: httpx.Client, song: Path) -> None:
    body = song.read_bytes()
    made = place(api, method="parts", size_bytes=len(body))
    parts = made["parts"]
    (url,) = parts["urls"]
    etag = store.put(url, content=body).headers["etag"]
    wrong = api.post(
        f"/patchbay/v1/uploads/{made['asset_id']}/complete", json={"upload_id": parts["upload_id"], "etags": ['"0"']}
    )
    assert wrong.status_code == 400
    told = {"upload_id": parts["upload_id"], "etags": [etag]}
    assert api.post(f"/patchbay/v1/uploads/{made['asset_id']}/complete", json=told).status_code == 200
    assert settled(api, made["asset_id"])["state"] == "ready"


def test_what_is_no_audio_is_rejected_without_a_job(api: httpx.Client, store: httpx.Client) -> None:
    made = place(api, method="put")
    assert store.put(made["put_url"], content=b"#EXTM3U\nfile:///etc/passwd").status_code == 200
    asset = settled(api, made["asset_id"])
    assert asset["state"] == "rejected"
    assert "audio" in asset["reason"]
    assert store.get(made["input_url"]).status_code == 404


def test_a_link_that_was_tampered_with_or_is_over(api: httpx.Client, store: httpx.Client) -> None:
    url = place(api, method="put")["put_url"]
    for changed in (url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"), url.split("?")[0], url[:-1] + "x"):
        assert store.put(changed, content=b"x").status_code == 403


def test_too_large_is_refused_before_a_byte_is_sent(api: httpx.Client) -> None:
    answer = api.post("/patchbay/v1/uploads", json={"method": "put", "size_bytes": 6 * 1024**3})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
