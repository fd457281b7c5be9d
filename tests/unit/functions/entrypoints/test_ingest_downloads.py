"""The ingest service gives archives too, as slowly as they are taken."""

import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from functions.dialects.twoshot.routes import DIALECT
from functions.entrypoints.ingest import Ingest
from functions.http.pace import Pace
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.serving import serving, until

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
PATH = "/audio/download"
IDLE_S = 0.3


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    pace = Pace(idle_s=IDLE_S, window_s=IDLE_S)
    with serving(Ingest({PATH: DIALECT}, threads=4, of_a_tenant=1, pace=pace)) as made:
        yield made


@pytest.fixture
def ids(world: World, ada: Tenant) -> str:
    made = []
    for number in range(3):
        asset = world.services.assets.create(ada.id, name=f"{number}.wav")
        world.objects.put(asset.key, GOOD + bytes(9_000_000))
        made.append(world.services.assets.inspect(ada.id, asset.id).id)
    return ",".join(made)


def test_a_slow_reader_gets_all_of_it(client: httpx.Client, ada: Tenant, ids: str) -> None:
    got = b""
    with client.stream("GET", PATH, params={"ids": ids}, headers={"x-api-key": ada.secret}) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        for number, block in enumerate(answer.iter_bytes(4_000_000)):
            if number < 3:
                time.sleep(IDLE_S)
            got += block
    with zipfile.ZipFile(io.BytesIO(got)) as found:
        assert found.testzip() is None
        assert len(found.namelist()) == 4


def test_a_tenant_holds_so_many_threads_and_no_more(client: httpx.Client, ada: Tenant, bob: Tenant, ids: str) -> None:
    with client.stream("GET", PATH, params={"ids": ids}, headers={"x-api-key": ada.secret}) as first:
        assert first.status_code == 200
        second = client.get(PATH, params={"ids": ids}, headers={"x-api-key": ada.secret})
        assert (second.status_code, second.json()["code"]) == (503, "UNAVAILABLE")
        assert client.get(PATH, params={"ids": ids}, headers={"x-api-key": bob.secret}).status_code == 404
    until = time.monotonic() + 10
    while client.get(PATH, params={"ids": ids}, headers={"x-api-key": ada.secret}).status_code != 200:
        assert time.monotonic() < until, "a client that left gives its thread back"


def test_whoever_has_no_key_gets_nothing(client: httpx.Client, ids: str) -> None:
    answer = client.get(PATH, params={"ids": ids})
    assert (answer.status_code, answer.json()["path"]) == (401, PATH)


TAKING = Pace(idle_s=2.0, window_s=0.5, least_bytes_per_s=500_000)


def reader(client: httpx.Client, ada: Tenant, ids: str) -> socket.socket:
    """A line on which an archive was asked for; it holds little by itself."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    line.connect((str(client.base_url.host), client.base_url.port or 0))
    line.sendall(f"GET {PATH}?ids={ids} HTTP/1.1\r\nHost: x\r\nX-API-Key: {ada.secret}\r\n\r\n".encode())
    assert line.recv(15) == b"HTTP/1.1 200 OK"
    return line


def dripping(lines: list[socket.socket], over: threading.Event) -> None:
    """Take a little from each line, again and again."""
    while not over.wait(0.02):
        for line in lines:
            with suppress(OSError):
                line.recv(1000, socket.MSG_DONTWAIT)


def cut(line: socket.socket) -> bool:
    """Whether the other side has ended a connection before its answer was whole."""
    line.settimeout(5)
    got = b""
    try:
        while block := line.recv(1_000_000):
            got = (got + block)[-5:]
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return got != b"0\r\n\r\n"


@pytest.mark.parametrize("takes", [0, 4], ids=["stopped", "dripping"])
def test_slow_readers_lose_their_threads_and_block_nobody(
    world: World, ada: Tenant, bob: Tenant, ids: str, takes: int
) -> None:
    """As many of them as there are threads: a fast reader comes in when the first of them is cut off."""
    taking = TAKING if takes else Pace(idle_s=0.5, window_s=60)
    app = Ingest({PATH: DIALECT}, threads=4, of_a_tenant=9, taking=taking)
    with serving(app) as client, ExitStack() as stack:
        lines = [stack.enter_context(reader(client, ada, ids)) for _ in range(4)]
        over = threading.Event()
        stack.callback(over.set)
        threading.Thread(target=dripping, args=(lines[:takes], over), daemon=True).start()
        headers = {"x-api-key": ada.secret}
        assert client.get(PATH, params={"ids": ids}, headers=headers).status_code == 503, "all threads are held"
        began_s = time.monotonic()
        until(lambda: client.get(PATH, params={"ids": ids}, headers=headers).status_code == 200)
        assert time.monotonic() - began_s < 5
        until(lambda: not app._tenants)
        over.set()
        assert all(cut(line) for line in lines)


def test_a_fast_reader_is_not_disturbed_by_slow_ones(world: World, ada: Tenant, ids: str) -> None:
    app = Ingest({PATH: DIALECT}, threads=4, taking=TAKING)
    with serving(app) as client, ExitStack() as stack:
        slow = [stack.enter_context(reader(client, ada, ids)) for _ in range(3)]
        answer = client.get(PATH, params={"ids": ids}, headers={"x-api-key": ada.secret})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
            assert found.testzip() is None
        until(lambda: app._free == 4)
        assert all(cut(line) for line in slow)


def test_whoever_takes_just_enough_gets_all(world: World, ada: Tenant, ids: str) -> None:
    """At twice the least rate, in drops: what the system keeps for a connection is not taken for silence."""
    pace = Pace(idle_s=1.0, window_s=1.0, least_bytes_per_s=4_000_000)
    got = bytearray()
    with serving(Ingest({PATH: DIALECT}, threads=1, taking=pace)) as client, reader(client, ada, ids) as line:
        began_s = time.monotonic()
        while not got.endswith(b"0\r\n\r\n"):
            block = line.recv(64 * 1024)
            assert block, "it was cut off"
            got += block
            time.sleep(max(0.0, began_s + len(got) / 8_000_000 - time.monotonic()))
    assert len(got) > 27_000_000
    assert time.monotonic() - began_s > 3
