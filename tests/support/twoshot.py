"""What the tests of the TwoShot dialect share."""

import io
from typing import Any

import httpx
from PIL import Image

from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD

PASSWORD = "correct horse battery"
NO_ID = "0198c0de-0000-7000-8000-000000000000"
NO_NUMBER = 999_999_999_999
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def taken(answer: Answer, status: int = 200) -> Any:
    """What a request that must succeed answers."""
    assert answer.status == status, answer.text
    return answer.json() if answer.body else None


def told(answer: Answer, status: int, code: str, field: str | None = None) -> str:
    """Check an error's form; returns its sentence."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"error", "code", "details", "timestamp", "path"}, body
    assert (body["code"], body["details"].get("field")) == (code, field)
    assert body["details"]["message"] == body["error"]
    assert body["details"]["requestId"] == answer.headers["x-request-id"]
    assert body["path"].startswith("/")
    return str(body["error"])


def form(data: bytes = GOOD, /, file_name: str = "loop.wav", **texts: str) -> tuple[bytes, str]:
    """(body, content type) of a form with a file and texts."""
    made = httpx.Request("POST", "https://x/", files={"file": (file_name, data, "audio/wav")}, data=texts)
    return made.read(), made.headers["content-type"]


def send(api: Api, path: str, data: bytes = GOOD, /, method: str = "POST", **texts: str) -> Answer:
    """Send a file in a form."""
    body, kind = form(data, **texts)
    return api.call(method, path, headers={"content-type": kind}, body=body)


def upload(api: Api, data: bytes = GOOD, /, **texts: str) -> dict[str, Any]:
    """A new sample."""
    made: dict[str, Any] = taken(send(api, "/sample/audio", data, **texts), 201)
    return made


def register(api: Api, name: str = "musicmaker2024", **more: str) -> dict[str, Any]:
    """A new user's session."""
    body = {"userName": name, "email": f"{name}@example.org", "password": PASSWORD, **more}
    made: dict[str, Any] = taken(api.with_key(None).post("/auth/register", body), 201)
    return made


def bearer(api: Api, session: dict[str, Any]) -> Api:
    """The client of somebody who signed in."""
    return api.with_key(f"Bearer {session['accessToken']}")


def picture(size: tuple[int, int] = (64, 48), colour: str = "red") -> bytes:
    """A PNG."""
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "PNG")
    return made.getvalue()
