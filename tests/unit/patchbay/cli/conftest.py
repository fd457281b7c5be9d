"""A Music.ai API and its object store, in memory; and Patchbay's own API over fakes."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.dialects.native.routes import DIALECT as NATIVE
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.cli.client import Client
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World

KEY = "pb_test"
URL = "https://api.test"
ONE_STEM = b"R" * 700_000


class FakeApi:
    """Takes uploads, lets a job succeed at the third look, and gives its stems. `script` answers before it does."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.requests: list[httpx.Request] = []
        self.uploaded = b""
        self.looks = 0
        self.order: dict[str, Any] = {}
        self.script: list[httpx.Response | Exception] = []
        self.outcome: dict[str, Any] = {
            "status": "SUCCEEDED",
            "result": {name: f"https://store.test/results/{name}.wav?sig=1" for name in ("vocals", "drums")},
        }
        self.deleted: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((request.method, request.url.path))
        self.requests.append(request)
        if self.script:
            first = self.script.pop(0)
            if isinstance(first, Exception):
                raise first
            return first
        if request.url.host == "store.test":
            return self._store(request)
        if request.headers["Authorization"] != KEY:
            return httpx.Response(401, json={"code": "UNAUTHORIZED", "message": "the key is not known"})
        return self._api(request)

    def _store(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.uploaded = request.read()
            return httpx.Response(200)
        return httpx.Response(200, content=ONE_STEM)

    def _api(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        model = {
            "name": "m",
            "title": "Splits: see [its card]",
            "available": False,
            "commercial_use": True,
            "kind": "separation",
            "stems": ["vocals"],
        }
        model |= {"licence": "[free]", "melody": False, "min_length_s": None, "max_length_s": None}
        made = {"name": "g", "title": "Makes: see [its card]", "available": True, "kind": "generation", "stems": []}
        made |= {"melody": True, "min_length_s": 1, "max_length_s": 300}
        fixed: dict[tuple[str, str], Any] = {
            ("GET", "/v1/upload"): {
                "uploadUrl": "https://store.test/uploads/1?sig=1",
                "downloadUrl": "https://store.test/get/1",
            },
            ("POST", "/v1/job"): {"id": "job-1"},
            ("GET", "/v1/job"): [self._job("SUCCEEDED")],
            ("GET", "/patchbay/v1/models"): {"models": [model], "next_cursor": "m"},
        }
        if request.method == "POST":
            self.order = json.loads(request.content)
        if request.url.params.get("cursor") == "m":  # the second page
            return httpx.Response(200, json={"models": [model | made], "next_cursor": None})
        if (request.method, path) in fixed:
            return httpx.Response(200, json=fixed[request.method, path])
        if request.method == "DELETE":
            self.deleted.append(path.rpartition("/")[2])
            return httpx.Response(200, json={"id": self.deleted[-1]})
        if path != "/v1/job/job-1":
            return httpx.Response(404, json={"message": "there is no such job"})
        self.looks += 1
        state = ("QUEUED", "STARTED")[self.looks - 1] if self.looks < 3 else ""
        return httpx.Response(200, json=self._job(state) if state else {**self._job(""), **self.outcome})

    def _job(self, status: str) -> dict[str, Any]:
        return {
            "id": "job-1",
            "name": "song.wav",
            "status": status,
            "progress": 0.4 if status == "STARTED" else 0.0,
            "workflow": "stem-isolation-4",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "startedAt": "2026-01-01T00:00:01.000Z",
            "completedAt": "2026-01-01T00:00:12.500Z" if status == "SUCCEEDED" else None,
        }


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(api: FakeApi, slept: list[float]) -> Iterator[Client]:
    with Client(URL, KEY, transport=httpx.MockTransport(api), sleep=slept.append) as made:
        yield made


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "my song.wav"
    path.write_bytes(bytes(range(256)) * 3000)
    return path


@pytest.fixture
def over_fake_api(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every client that a command makes talks to `api`."""
    real = Client.__init__

    def init(self: Client, url: str, key: str, **more: Any) -> None:
        more |= {"ca": None, "transport": httpx.MockTransport(api), "sleep": lambda seconds: None}
        real(self, url, key, **more)

    monkeypatch.setattr(Client, "__init__", init)
    return lambda: None


@pytest.fixture
def native_world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment over fakes."""
    made = World()
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


@pytest.fixture
def deployment(native_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenant]:
    """A tenant of `native_world`, whose own API every client of a command talks to, through its Lambda handler."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    served, real = Api(lambda_handler(NATIVE)), Client.__init__

    def answer(request: httpx.Request) -> httpx.Response:
        query, headers = request.url.params.multi_items(), dict(request.headers)
        # The path as sent: a name with a slash in it stays one part, as API Gateway has it.
        path = request.url.raw_path.decode().partition("?")[0]
        made = served.call(request.method, path, query=query, headers=headers, body=request.read())
        return httpx.Response(made.status, headers=dict(made.headers), content=made.body)

    def init(self: Client, url: str, key: str, **more: Any) -> None:
        real(self, url, key, **more | {"ca": None, "transport": httpx.MockTransport(answer), "sleep": lambda s: None})

    monkeypatch.setattr(Client, "__init__", init)
    yield native_world.tenant()
    asyncio.set_event_loop(None)
    loop.close()
