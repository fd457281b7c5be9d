"""The front door's real upstream in front of the real ingest service, over a store in memory."""

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from infra.twin.asgi import Receive, Scope, Send
from infra.twin.front_door import FrontDoor
from infra.twin.ingest import Ingest
from infra.twin.upstream import Upstream
from patchbay.core.intake import PART_BYTES
from tests.fakes.world import Tenant, World
from tests.support import files_dialect
from tests.support.serving import CONTENT_TYPE, HEAD, TAIL, half, serving, until

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
LARGE = bytes(range(256)) * (PART_BYTES // 256) * 2 + b"more than two parts"


class Door:
    """A front door whose connections to the service end with each request: the test's event loop does, too."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        upstream = Upstream(self.port)
        ingest = Ingest(upstream, frozenset(files_dialect.PATHS), 100 * 1024**2)
        try:
            await FrontDoor(upstream, 8484, "abc123", None, ingest)(scope, receive, send)
        finally:
            await upstream.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving(files_dialect.make()) as behind, serving(Door(behind.base_url.port or 0)) as made:
        yield made


@pytest.mark.parametrize("sized", [True, False])
def test_a_file_arrives_whole(client: httpx.Client, world: World, ada: Tenant, sized: bool) -> None:
    headers = {"key": ada.secret, "content-type": CONTENT_TYPE}
    body = HEAD + LARGE + TAIL
    blocks = iter([body[:1_000_003], body[1_000_003:]])
    answer = client.post("/files", content=body if sized else blocks, headers=headers)
    assert answer.json()["sha256"] == hashlib.sha256(LARGE).hexdigest()
    assert [data for data, _ in world.objects.stored.values()] == [LARGE]


def test_a_client_that_goes_away_leaves_nothing(client: httpx.Client, world: World, ada: Tenant) -> None:
    with half(client, ada.secret, "/files", LARGE):
        until(lambda: world.objects.uploads)
    until(lambda: not world.objects.uploads)
    assert not world.objects.stored


def test_what_the_service_refuses_is_told_while_the_file_still_comes(client: httpx.Client, ada: Tenant) -> None:
    headers = {"key": "nobody", "content-type": CONTENT_TYPE}
    answer = client.post("/files", content=HEAD + LARGE + TAIL, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "key")
