"""Whole files go to the ingest service, which is kept running."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from infra.twin.front_door import LARGEST_API_BODY, LARGEST_FORM_REST, FrontDoor
from infra.twin.ingest import Ingest, IngestKeeper, command
from infra.twin.server import free_port
from tests.unit.infra.twin.test_front_door import Exchange, RecordedUpstream, ask

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
LARGEST = 20 * 1024 * 1024
LISTENS = "import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"


class Listening(Ingest):
    """Taken for up without a look."""

    async def listens(self) -> bool:
        return True


@pytest.fixture
def api() -> RecordedUpstream:
    return RecordedUpstream()


@pytest.fixture
def service() -> RecordedUpstream:
    return RecordedUpstream()


@pytest.fixture
def door(api: RecordedUpstream, service: RecordedUpstream) -> FrontDoor:
    paths, answers = frozenset({"/upload", "/assets"}), frozenset({"/audio/download"})
    return FrontDoor(api, 8484, "abc123", None, Listening(service, paths, LARGEST, answers=answers))


@pytest.mark.parametrize("target", ["/upload", "/upload/", "/assets?x=%41&y=a+b"])
async def test_posts_of_its_paths_go_to_the_service(
    door: FrontDoor, api: RecordedUpstream, service: RecordedUpstream, target: str
) -> None:
    assert (await ask(door, "POST", target, {"content-length": "3", "x-a": "1"}, b"ab", b"c")).status == 200
    [request] = service.requests
    assert (request.method, request.target, request.body) == ("POST", target.encode(), b"abc")
    assert request.headers == {
        b"host": b"localhost:8484",
        b"x-a": b"1",
        b"content-length": b"3",
        b"x-forwarded-for": b"192.0.2.1",
        b"x-forwarded-proto": b"https",
        b"x-forwarded-port": b"8484",
    }
    assert api.requests == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_gets_of_files_go_to_the_service_without_a_body(
    door: FrontDoor, service: RecordedUpstream, method: str
) -> None:
    assert (await ask(door, method, "/audio/download/?ids=a,b", {"x-a": "1"})).status == 200
    [request] = service.requests
    assert (request.method, request.target, request.body) == (method, b"/audio/download/?ids=a,b", b"")
    assert not {b"content-length", b"transfer-encoding"} & set(request.headers)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/audio/download"),
        ("GET", "/assets"),
        ("POST", "/assets/x"),
        ("POST", "/uploads"),
        ("OPTIONS", "/upload"),
    ],
)
async def test_all_else_goes_to_the_api(
    door: FrontDoor, api: RecordedUpstream, service: RecordedUpstream, method: str, target: str
) -> None:
    await ask(door, method, target)
    assert (len(api.requests), len(service.requests)) == (1, 0)


async def test_a_file_may_be_larger_than_the_api_takes(door: FrontDoor, service: RecordedUpstream) -> None:
    block = b"x" * (LARGEST_API_BODY // 2)
    assert (await ask(door, "POST", "/upload", {}, block, block, block)).status == 200
    assert service.requests[0].headers[b"transfer-encoding"] == b"chunked"
    assert b"content-length" not in service.requests[0].headers
    most = LARGEST + LARGEST_FORM_REST
    sizes = [await ask(door, "POST", "/upload", {"content-length": str(size)}, b"") for size in (most, most + 1)]
    assert [answer.status for answer in sizes] == [200, 413]


async def test_a_client_that_leaves_gets_no_answer(door: FrontDoor, service: RecordedUpstream) -> None:
    answer: Exchange = await ask(door, "POST", "/upload", {"content-length": "9"}, b"half", cut=True)
    assert (answer.sent, service.requests) == ([], [])


async def test_a_service_that_does_not_come_up(api: RecordedUpstream, unused: int) -> None:
    upstream = RecordedUpstream()
    upstream.host = f"127.0.0.1:{unused}".encode()
    ingest = Ingest(upstream, frozenset({"/upload"}), LARGEST, ready_s=0.1)
    answer = await ask(FrontDoor(api, 8484, "abc123", None, ingest), "POST", "/upload", {}, b"x")
    assert (answer.status, upstream.requests) == (503, [])


@pytest.fixture
def unused() -> int:
    return free_port()


def test_its_command_is_the_services_own() -> None:
    assert command(77)[1:] == ["-m", "functions.entrypoints.ingest", "--port", "77", "--grace-s", "2"]


async def test_it_is_waited_for_started_again_and_stopped(unused: int, tmp_path: Path) -> None:
    program = [sys.executable, "-c", LISTENS.format(port=unused)]
    keeper = IngestKeeper(program, os.environ, tmp_path, tmp_path / "ingest.log")
    upstream = RecordedUpstream()
    upstream.host = f"127.0.0.1:{unused}".encode()
    ingest = Ingest(upstream, frozenset(), LARGEST)
    running = asyncio.create_task(keeper.run())
    assert await ingest.listens()
    [first] = keeper.pids()
    os.kill(first, 9)
    deadline = time.monotonic() + 10
    while keeper.pids() == [first] and time.monotonic() < deadline:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.02)
    [second] = keeper.pids()
    assert second != first
    assert await ingest.listens()
    await keeper.stop()
    await running
    for pid in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
