"""The ingest service over real connections of this machine."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial

import httpx
import pytest

from functions.entrypoints import ingest, openapi
from functions.http.pace import Pace
from patchbay.catalog.dialects import DIALECTS, download_paths, ingest_paths
from patchbay.core.intake import PART_BYTES
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support import files_dialect, serving
from tests.support.templates import ROOT

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
LARGE = bytes(range(256)) * (PART_BYTES // 256) + b"more than a part"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving.serving(files_dialect.make()) as made:
        yield made


def send(client: httpx.Client, ada: Tenant, data: bytes, path: str = "/files") -> httpx.Response:
    return client.post(path, files={"file": ("a.wav", data)}, data={"name": "x"}, headers={"key": ada.secret})


def half(client: httpx.Client, key: str) -> AbstractContextManager[socket.socket]:
    return serving.half(client, key, "/files", LARGE)


@pytest.mark.parametrize("path", ["/files", "/files/"])
@pytest.mark.parametrize("data", [GOOD, LARGE])
def test_a_file_of_any_size(client: httpx.Client, world: World, ada: Tenant, data: bytes, path: str) -> None:
    answer = send(client, ada, data, path)
    assert answer.status_code == 200
    assert answer.json()["sha256"] == hashlib.sha256(data).hexdigest()
    assert answer.json()["fields"] == {"name": "x"}
    asset = world.services.assets.get(ada.id, answer.json()["id"])
    assert world.objects.stored[asset.key][0] == data
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_body_without_a_length(client: httpx.Client, ada: Tenant) -> None:
    blocks = iter([serving.HEAD, LARGE[:100_001], LARGE[100_001:], serving.TAIL])
    answer = client.post("/files", content=blocks, headers={"key": ada.secret, "content-type": serving.CONTENT_TYPE})
    assert answer.json()["sha256"] == hashlib.sha256(LARGE).hexdigest()


def test_what_is_none_of_its_paths(client: httpx.Client, ada: Tenant) -> None:
    for path in ("/", "/echo", "/files/x", "/filesx"):
        assert client.post(path, json={"a": 1}, headers={"key": ada.secret}).status_code == 404
    assert client.get("/files", headers={"key": ada.secret}).json() == []


def test_a_stranger_is_told_before_the_file_is_read(client: httpx.Client, world: World, ada: Tenant) -> None:
    with half(client, "nobody") as line:
        assert line.recv(100).startswith(b"HTTP/1.1 401")
    assert not world.objects.uploads


def test_a_store_that_takes_its_time_holds_up_nobody(
    client: httpx.Client, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, store = threading.Event(), world.objects.store

    def slow(key: str, data: bytes, *, media_type: str) -> None:
        assert go.wait(10)
        store(key, data, media_type=media_type)

    monkeypatch.setattr(world.objects, "store", slow)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(send, client, ada, GOOD) for _ in range(4)]
        assert client.post("/count", content=b"abc").json() == {"size": 3}
        assert not any(answer.done() for answer in waiting)
        go.set()
        assert {answer.result().status_code for answer in waiting} == {200}


def test_more_than_there_are_threads_for(world: World, ada: Tenant) -> None:
    with serving.serving(files_dialect.make(threads=1)) as client:
        with half(client, ada.secret):
            serving.until(lambda: world.objects.uploads)
            answer = send(client, ada, GOOD)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json()["code"] == "later"
            assert client.get("/nowhere").status_code == 404
        serving.until(lambda: send(client, ada, GOOD).status_code == 200)


def test_a_client_that_goes_away_leaves_nothing(client: httpx.Client, world: World, ada: Tenant) -> None:
    with half(client, ada.secret):
        serving.until(lambda: world.objects.uploads)
    serving.until(lambda: not world.objects.uploads)
    assert not world.objects.stored
    assert not [key for key in world.records.items if key[0].startswith("ASSETS#")]


def test_a_client_that_falls_silent_is_not_waited_for(world: World, ada: Tenant) -> None:
    with serving.serving(files_dialect.make(pace=Pace(idle_s=0.2))) as client, half(client, ada.secret) as line:
        assert line.recv(100).startswith(b"HTTP/1.1 400")
    assert not world.objects.uploads


def test_a_client_that_lets_its_bytes_drip_loses_its_thread(world: World, ada: Tenant, bob: Tenant) -> None:
    pace = Pace(window_s=0.5, least_bytes_per_s=16_000)
    with serving.serving(files_dialect.make(threads=1, pace=pace)) as client:
        with half(client, ada.secret) as line:
            line.settimeout(0.02)
            answer = b""
            end = time.monotonic() + 10
            while not answer.endswith(b"}"):
                assert time.monotonic() < end
                with suppress(OSError):
                    line.sendall(b"x")
                with suppress(TimeoutError):
                    answer += line.recv(4096)
        head, _, told = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert b"connection: close" in head.lower()
        assert b"16000 bytes a second" in told
        serving.until(lambda: send(client, bob, LARGE).status_code == 200)


def test_one_tenants_slow_lines_are_not_anothers_refusal(world: World, ada: Tenant, bob: Tenant) -> None:
    with serving.serving(files_dialect.make()) as client, ExitStack() as lines:
        for count in range(1, 9):
            lines.enter_context(half(client, ada.secret))
            serving.until(partial(_under_way, world, count))
        for _ in range(2):
            refused = send(client, ada, GOOD)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert refused.json()["code"] == "later"
            assert "8 uploads" in refused.json()["message"]
        assert send(client, bob, GOOD).status_code == 200
        assert client.get("/files", headers={"key": ada.secret}).status_code == 200
        lines.close()
        serving.until(lambda: send(client, ada, GOOD).status_code == 200)


def _under_way(world: World, count: int) -> bool:
    return len(world.objects.uploads) == count


def test_threads_are_counted_while_they_are_held_only(world: World, ada: Tenant, bob: Tenant) -> None:
    app = files_dialect.make(of_a_tenant=1)
    with serving.serving(app) as client:
        for tenant in (ada, bob, ada):
            assert send(client, tenant, GOOD).status_code == 200
            serving.until(lambda: not app._tenants)
        assert send(client, ada, b"").status_code == 400
        serving.until(lambda: not app._tenants)


def test_a_repetition_is_answered_word_for_word(client: httpx.Client, world: World, ada: Tenant) -> None:
    body = serving.HEAD + LARGE + serving.TAIL
    headers = {"key": ada.secret, "content-type": serving.CONTENT_TYPE, "idempotency-key": "k"}
    first, again = (client.post("/files", content=body, headers=headers) for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content) == (200, first.content)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert (len(world.objects.stored), len(world.objects.uploads)) == (1, 0)


def test_the_end_of_the_service_ends_what_never_ends(world: World, ada: Tenant) -> None:
    service = serving.serving(files_dialect.make())
    with half(service.__enter__(), ada.secret):
        serving.until(lambda: world.objects.uploads)
        started = time.monotonic()
        service.__exit__(None, None, None)
        assert 1 <= time.monotonic() - started < 9
        assert not world.objects.uploads


@contextmanager
def process() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.support.files_dialect", "--port", str(port), "--grace-s", "10"]
    told = {"PATCHBAY_TABLE": "t", "PATCHBAY_MEDIA_BUCKET": "b", "PATCHBAY_RATE_LIMIT_SCALE": "0"}
    made = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **told})

    def up() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        serving.until(up)
        yield made, f"http://127.0.0.1:{port}"
    finally:
        made.kill()
        made.wait(10)


@pytest.mark.slow
def test_sigterm_lets_an_upload_end(ada: Tenant) -> None:
    with process() as (running, base):

        def blocks() -> Iterator[bytes]:
            yield b"x" * 1000
            time.sleep(0.3)
            running.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert running.poll() is None
            yield b"x" * 1000

        answer = httpx.post(f"{base}/count", content=blocks(), trust_env=False)
        assert answer.json() == {"size": 2000}
        assert running.wait(10) in {0, -signal.SIGTERM}


def test_each_path_is_one_that_its_dialect_streams() -> None:
    for entry in DIALECTS:
        spoken = openapi.dialect(entry.name)
        streamed = {base + path for base in spoken.bases for path in spoken.streamed}
        assert set(entry.ingest) <= streamed
        prefixes = tuple(f"{prefix}/" for prefix in entry.paths)
        assert all(f"{path}/".startswith(prefixes) for path in entry.ingest)
        assert all(f"{path}/".startswith(prefixes) for path in entry.downloads)
    assert set(ingest.create()._apps) == ingest_paths() | download_paths()
