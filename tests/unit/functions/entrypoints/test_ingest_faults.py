"""Bodies whose framing lies, as the ingest service meets them when they come past whatever stands before it."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from functions.http.pace import Pace
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support import files_dialect, serving

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
WHOLE = serving.HEAD + GOOD + serving.TAIL
SILENT = Pace(idle_s=0.3)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving.serving(files_dialect.make(pace=SILENT)) as made:
        yield made


def answers(client: httpx.Client, ada: Tenant, framing: str, body: bytes, *, close: bool = False) -> bytes:
    """All that comes back for one request; with `close` the client says that it sends no more."""
    url = client.base_url
    given = f"Host: x\r\nKey: {ada.secret}\r\nContent-Type: {serving.CONTENT_TYPE}\r\n{framing}"
    head = f"POST /files HTTP/1.1\r\n{given}\r\n\r\n"
    with socket.create_connection((str(url.host), url.port or 0), timeout=20) as line:
        line.sendall(head.encode() + body)
        if close:
            line.shutdown(socket.SHUT_WR)
        found = b""
        while block := line.recv(4096):
            found += block
            if found.endswith(b"}") and not close:
                break
        return found


def nothing_is_left(world: World) -> bool:
    kept = [key for key in world.records.items if key[0].startswith("ASSETS#")]
    return not (world.objects.stored or world.objects.uploads or kept)


def test_a_body_that_is_longer_than_it_says_loses_its_end(client: httpx.Client, world: World, ada: Tenant) -> None:
    found = answers(client, ada, f"Content-Length: {len(WHOLE) - 5}", WHOLE)
    # The form ends before its last boundary; or the rest, which is no request, is seen before that.
    assert found.startswith(b"HTTP/1.1 400")
    serving.until(lambda: nothing_is_left(world))


def test_a_body_that_is_shorter_than_it_says_is_not_waited_for(client: httpx.Client, world: World, ada: Tenant) -> None:
    found = answers(client, ada, f"Content-Length: {len(WHOLE) + 5}", WHOLE)
    assert found.startswith(b"HTTP/1.1 400")
    assert b"nothing came for" in found
    assert nothing_is_left(world)


def test_a_client_that_stops_before_it_said_leaves_nothing(client: httpx.Client, world: World, ada: Tenant) -> None:
    answers(client, ada, f"Content-Length: {len(WHOLE) + 5}", WHOLE, close=True)
    serving.until(lambda: nothing_is_left(world))


@pytest.mark.parametrize(
    "framing",
    [
        f"Content-Length: {len(WHOLE)}\r\nContent-Length: {len(WHOLE) + 1}",
        f"Content-Length: {len(WHOLE)}\r\nTransfer-Encoding: chunked",
        "Content-Length: -1",
        "Content-Length: 1e3",
        "Transfer-Encoding: gzip, chunked, identity",
    ],
)
def test_a_body_with_two_ends_or_none_is_refused(client: httpx.Client, world: World, ada: Tenant, framing: str) -> None:
    """Where two readers see two ends, a second request hides behind the first."""
    found = answers(client, ada, framing, WHOLE, close=True)
    assert found.count(b"HTTP/1.1") <= 1
    assert b"HTTP/1.1 200" not in found
    serving.until(lambda: nothing_is_left(world))


def test_what_comes_after_the_last_boundary_is_no_part_of_the_file(
    client: httpx.Client, world: World, ada: Tenant
) -> None:
    body = WHOLE + b"--b\r\nmore\r\n--b--\r\n"
    found = answers(client, ada, f"Content-Length: {len(body)}", body)
    assert found.startswith(b"HTTP/1.1 200"), found
    assert [data for data, _ in world.objects.stored.values()] == [GOOD]


def test_a_chunk_that_lies_about_its_size_is_refused(client: httpx.Client, world: World, ada: Tenant) -> None:
    for chunks in (b"5\r\nabc\r\n0\r\n\r\n", b"zz\r\n\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n\r\n"):
        found = answers(client, ada, "Transfer-Encoding: chunked", chunks, close=True)
        assert b"HTTP/1.1 200" not in found
    serving.until(lambda: nothing_is_left(world))
