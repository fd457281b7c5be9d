"""Objects that come by a link without a length, over real connections of this machine."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx
import pytest
from starlette.types import Message

from functions.http import puts
from functions.http.pace import Pace
from patchbay.catalog.front import PUTS, UPLOAD_PARAMETER
from patchbay.core.intake import PART_BYTES
from patchbay.core.limits import RateLimits
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Unavailable
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support import files_dialect, serving

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
LARGE = bytes(range(256)) * (2 * PART_BYTES // 256) + b"more than two parts"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving.serving(files_dialect.make()) as made:
        yield made


@pytest.fixture
def asset(world: World, ada: Tenant) -> Asset:
    return world.services.assets.create(ada.id)


def link(
    world: World,
    asset: Asset,
    upload: str | None = None,
    *,
    made: datetime | None = None,
    more: Mapping[str, str] | None = None,
) -> str:
    """Path and query, as the one address passes them on."""
    query = {
        UPLOAD_PARAMETER: upload or world.objects.start_multipart(asset.incoming_key),
        "X-Amz-Date": f"{made or world.clock.now():%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": "900",
        **(more or {}),
    }
    return f"{PUTS}/{asset.incoming_key}?{urlencode(query)}"


def send(client: httpx.Client, path: str, data: bytes, size: int = 100_001) -> httpx.Response:
    blocks = (data[at : at + size] for at in range(0, len(data), size))
    return client.put(path, content=blocks)


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/xml"
    told = ET.fromstring(answer.content)
    assert told.findtext("Message")
    return answer.status_code, str(told.findtext("Code"))


@pytest.mark.parametrize("data", [GOOD, LARGE, LARGE[:PART_BYTES], LARGE[: PART_BYTES + 1], b"x"])
def test_a_body_without_a_length_becomes_the_object(
    client: httpx.Client, world: World, asset: Asset, data: bytes
) -> None:
    answer = send(client, link(world, asset), data)
    assert (answer.status_code, answer.content) == (200, b"")
    assert world.objects.stored[asset.incoming_key][0] == data
    assert world.objects.uploads == {}


def test_the_object_is_taken_like_any_other_upload(client: httpx.Client, world: World, asset: Asset) -> None:
    assert send(client, link(world, asset), GOOD).status_code == 200
    world.services.assets.take(asset.tenant_id, asset.id)
    assert world.services.assets.inspect(asset.tenant_id, asset.id).state is AssetState.READY


def test_an_empty_body_is_an_empty_object(client: httpx.Client, world: World, asset: Asset) -> None:
    assert client.put(link(world, asset), content=iter(())).status_code == 200
    assert world.objects.stored[asset.incoming_key][0] == b""


def test_a_link_can_be_used_again_after_it_broke_and_not_after_it_was_used(
    client: httpx.Client, world: World, asset: Asset
) -> None:
    path = link(world, asset)
    with broken(client, path, LARGE):
        serving.until(lambda: len(next(iter(world.objects.uploads.values()))[1]) == 2)
    assert send(client, path, GOOD).status_code == 200
    assert world.objects.stored[asset.incoming_key][0] == GOOD
    assert refused(send(client, path, LARGE)) == (404, "NoSuchUpload")
    assert world.objects.stored[asset.incoming_key][0] == GOOD


@pytest.mark.parametrize("then", ["sent", "taken", "looked at"])
def test_who_has_not_heard_that_it_was_taken_may_send_it_again(
    client: httpx.Client, world: World, asset: Asset, then: str
) -> None:
    path = link(world, asset)
    assert send(client, path, GOOD).status_code == 200
    if then != "sent":
        world.services.assets.take(asset.tenant_id, asset.id)
    if then == "looked at":
        world.services.assets.inspect(asset.tenant_id, asset.id)
    before = dict(world.objects.stored)
    for data in (GOOD[::-1], GOOD + b"x", b""):
        assert refused(send(client, path, data)) == (404, "NoSuchUpload")
    assert (send(client, path, GOOD).status_code, send(client, path, GOOD, size=7).status_code) == (200, 200)
    assert world.objects.stored == before
    assert world.objects.uploads == {}


def test_no_object_is_read_for_who_sends_less(
    client: httpx.Client, world: World, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(client, link(world, asset), LARGE).status_code == 200
    read, again = list[str](), link(world, asset, "made-up")
    whole = world.objects.read

    def noted(key: str) -> Any:
        read.append(key)
        return whole(key)

    monkeypatch.setattr(world.objects, "read", noted)
    assert refused(send(client, again, GOOD)) == (404, "NoSuchUpload")
    assert read == []
    assert send(client, again, LARGE).status_code == 200
    assert read == [asset.incoming_key]


@pytest.mark.parametrize("gone", ["rejected", "deleted"])
def test_what_nothing_is_left_of_cannot_be_sent_again(
    client: httpx.Client, world: World, asset: Asset, gone: str
) -> None:
    path, data = link(world, asset), b"no audio at all"
    assert send(client, path, data).status_code == 200
    if gone == "rejected":
        assert world.services.assets.inspect(asset.tenant_id, asset.id).state is AssetState.REJECTED
    else:
        world.services.assets.delete(asset.tenant_id, asset.id)
    assert refused(send(client, path, data)) == (404, "NoSuchUpload")


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_upload_that_ends_while_it_comes_again(
    client: httpx.Client, world: World, asset: Asset, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    path, put_part = link(world, asset), world.objects.put_part

    def ended(key: str, upload_id: str, number: int, data: bytes) -> str:
        if data and number == at:
            world.objects.abort_multipart(key, upload_id)
            world.objects.put(key, first)
        return put_part(key, upload_id, number, data)

    monkeypatch.setattr(world.objects, "put_part", ended)
    for first, answer in ((LARGE, 200), (LARGE[::-1], 404), (b"x", 404)):
        assert send(client, path, LARGE).status_code == answer
        assert world.objects.stored[asset.incoming_key][0] == first
        world.objects.stored.clear()
        path = link(world, asset)


async def test_an_upload_that_is_dropped_while_it_comes_is_gone(world: World, asset: Asset) -> None:
    path, sent = httpx.URL(link(world, asset)), list[Message]()

    async def receive() -> Message:
        world.objects.uploads.clear()
        return {"type": "http.request", "body": LARGE, "more_body": True}

    async def note(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "PUT", "raw_path": path.path.encode(), "query_string": path.query, "headers": []}
    await puts.app(scope, receive, note)
    assert sent[0]["status"] == 404
    assert b"<Code>NoSuchUpload</Code>" in sent[1]["body"]


def test_an_object_that_the_store_made_without_saying_so_is_made(
    client: httpx.Client, world: World, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client asked again, and the upload was over."""
    path, complete = link(world, asset), world.objects.complete_multipart

    def twice(*told: Any) -> None:
        complete(*told)
        complete(*told)

    monkeypatch.setattr(world.objects, "complete_multipart", twice)
    assert send(client, path, LARGE).status_code == 200


@contextmanager
def broken(client: httpx.Client, path: str, data: bytes) -> Iterator[socket.socket]:
    """The line of a body that never ends."""
    url = client.base_url
    with socket.create_connection((str(url.host), url.port or 0)) as line:
        line.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        line.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        yield line


def test_only_who_was_given_the_link_may_put(client: httpx.Client, world: World, asset: Asset, bob: Tenant) -> None:
    theirs = world.services.assets.create(bob.id)
    mine = world.objects.start_multipart(asset.incoming_key)
    for path in (link(world, theirs, mine), link(world, asset, "made-up"), link(world, asset, mine + "x")):
        assert refused(send(client, path, GOOD)) == (404, "NoSuchUpload")
    assert world.objects.stored == {}


@pytest.mark.parametrize(
    "key", ["uploads/t/a", "results/t/f/mix.wav", "incoming/pictures/t/a", "incoming/audio/t", "..", ""]
)
def test_nothing_but_incoming_audio_is_taken(client: httpx.Client, world: World, asset: Asset, key: str) -> None:
    upload = world.objects.start_multipart(asset.incoming_key)
    path = link(world, asset, upload).replace(asset.incoming_key, key)
    assert send(client, path, GOOD).status_code == 404
    assert world.objects.stored == {}


@pytest.mark.parametrize(
    "more",
    [
        {"X-Amz-Date": "today"},
        {"X-Amz-Expires": "soon"},
        {"X-Amz-Expires": "9" * 30},
        {"X-Amz-Date": "20200101T000000Z"},
    ],
)
def test_a_link_whose_time_is_over_or_untold_is_refused(
    client: httpx.Client, world: World, asset: Asset, more: dict[str, str]
) -> None:
    assert refused(send(client, link(world, asset, more=more), GOOD)) == (403, "AccessDenied")


def test_a_link_lives_as_long_as_it_says(client: httpx.Client, world: World, asset: Asset) -> None:
    now = world.clock.now()
    over = link(world, asset, made=now - timedelta(seconds=902))
    assert refused(send(client, over, GOOD)) == (403, "AccessDenied")
    assert send(client, link(world, asset, made=now - timedelta(seconds=898)), GOOD).status_code == 200


def test_an_upload_that_is_named_twice_is_none(client: httpx.Client, world: World, asset: Asset) -> None:
    path = f"{link(world, asset)}&{UPLOAD_PARAMETER}=other"
    assert refused(send(client, path, GOOD)) == (404, "NoSuchKey")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_nothing_is_done_but_putting(client: httpx.Client, world: World, asset: Asset, method: str) -> None:
    answer = client.request(method, link(world, asset))
    assert answer.status_code == 405
    assert len(world.objects.uploads) == 1


def test_more_than_is_taken_leaves_nothing(
    client: httpx.Client, world: World, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = world.services.limits
    monkeypatch.setitem(world.services.__dict__, "limits", _replaced(limits, len(LARGE) - 1))
    assert refused(send(client, link(world, asset), LARGE)) == (400, "EntityTooLarge")
    assert (world.objects.stored, world.objects.uploads) == ({}, {})
    assert send(client, link(world, asset), LARGE[:-1]).status_code == 200


def _replaced(limits: object, most: int) -> object:
    return replace(limits, max_upload_bytes=most)  # type: ignore[type-var]


def test_a_store_that_is_away_is_told_as_such(
    client: httpx.Client, world: World, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the object store is busy; try again")

    path = link(world, asset)
    monkeypatch.setattr(world.objects, "complete_multipart", away)
    assert refused(send(client, path, GOOD)) == (503, "SlowDown")
    monkeypatch.undo()


def test_a_client_that_falls_silent_is_not_waited_for(world: World, asset: Asset) -> None:
    service = files_dialect.make(pace=Pace(idle_s=0.2))
    with serving.serving(service) as client, broken(client, link(world, asset), b"x") as line:
        assert line.recv(100).startswith(b"HTTP/1.1 400")


def test_who_makes_links_up_does_not_use_up_what_others_may_do(world: World, asset: Asset, ada: Tenant) -> None:
    service = files_dialect.make(of_a_tenant=1)
    with serving.serving(service) as client:
        first, second = link(world, asset), link(world, world.services.assets.create(ada.id))
        with broken(client, first, LARGE):
            serving.until(partial(_parts, world, 2))
            assert refused(send(client, link(world, asset, "made-up"), GOOD)) == (404, "NoSuchUpload")
            assert refused(send(client, second, GOOD)) == (503, "SlowDown")
        serving.until(lambda: send(client, second, GOOD).status_code == 200)


def _parts(world: World, count: int) -> bool:
    return any(len(parts) == count for _, parts in world.objects.uploads.values())


def test_who_sends_again_what_is_over_holds_so_many_threads_and_no_more(
    world: World, asset: Asset, ada: Tenant, bob: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does that use up what its owner, or anybody else, may do."""
    came, write = list[bytes](), puts.Put.write

    def noted(put: puts.Put, block: bytes) -> None:
        came.append(block)
        write(put, block)

    with serving.serving(files_dialect.make(of_a_tenant=1)) as client:
        path = link(world, asset)
        assert send(client, path, GOOD).status_code == 200
        monkeypatch.setattr(puts.Put, "write", noted)
        with broken(client, path, b"again"):
            serving.until(lambda: b"".join(came) == b"again")
            assert refused(send(client, path, GOOD)) == (503, "SlowDown")
            for owner in (ada, bob):
                assert send(client, link(world, world.services.assets.create(owner.id)), GOOD).status_code == 200
        serving.until(lambda: send(client, path, GOOD).status_code == 200)


def test_more_than_there_are_threads_for(world: World, asset: Asset, ada: Tenant) -> None:
    with serving.serving(files_dialect.make(threads=1)) as client, broken(client, link(world, asset), LARGE):
        serving.until(partial(_parts, world, 2))
        answer = send(client, link(world, world.services.assets.create(ada.id)), GOOD)
        assert refused(answer) == (503, "SlowDown")
        assert answer.headers["retry-after"] == "5"
        assert client.get("/ingest/ready").json() == {"ready": True}


@pytest.fixture
def one_a_minute(world: World) -> None:
    world.services.__dict__["rate_limits"] = RateLimits(world.records, world.clock, 1 / puts.QUOTA.requests)


def test_what_an_owner_of_links_puts_is_counted_as_his(
    client: httpx.Client, world: World, asset: Asset, ada: Tenant, bob: Tenant, one_a_minute: None
) -> None:
    assert send(client, link(world, asset), GOOD).status_code == 200
    again = link(world, world.services.assets.create(ada.id))
    answer = send(client, again, GOOD)
    assert refused(answer) == (503, "SlowDown")
    assert 0 < int(answer.headers["retry-after"]) <= puts.QUOTA.window_s
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("1", "0")
    assert send(client, link(world, world.services.assets.create(bob.id)), GOOD).status_code == 200
    world.clock.advance(seconds=puts.QUOTA.window_s)
    assert send(client, again, GOOD).status_code == 200, "the link is as good as before"


def test_links_that_are_made_up_are_counted_by_address_where_that_is_known(
    client: httpx.Client, world: World, asset: Asset, one_a_minute: None
) -> None:
    made_up = link(world, asset, "made-up")
    for _ in range(3):  # the address is the balancer's: all of the world would be one
        assert refused(send(client, made_up, GOOD)) == (404, "NoSuchUpload")
    told = world.services.settings.model_copy(update={"door_secret": "door"})
    object.__setattr__(world.services, "settings", told)
    for viewer, answers in (("203.0.113.9", (404, 503, 503)), ("203.0.113.10", (404, 503))):
        client.headers.update({"x-patchbay-door": "door", "x-patchbay-viewer": viewer})
        assert tuple(send(client, made_up, GOOD).status_code for _ in answers) == answers
    client.headers["x-patchbay-viewer"] = "203.0.113.11"
    assert send(client, link(world, asset), GOOD).status_code == 200, "nobody's but their own is used up"


def test_while_the_count_is_away_objects_are_taken(
    client: httpx.Client, world: World, asset: Asset, monkeypatch: pytest.MonkeyPatch, one_a_minute: None
) -> None:
    def away(*_: object, **__: object) -> int:
        raise Unavailable("busy")

    monkeypatch.setattr(world.records, "add", away)
    for _ in range(2):
        assert send(client, link(world, asset), GOOD).status_code == 200


def test_whoever_is_refused_may_read_why_in_a_browser(client: httpx.Client, world: World, asset: Asset) -> None:
    for path in (link(world, asset), link(world, asset, "made-up")):
        assert send(client, path, GOOD).headers["access-control-allow-origin"] == "*"


def test_messages_are_escaped() -> None:
    answer = puts._worded("Code", 400, "<script>&", "id")
    assert ET.fromstring(answer.body).findtext("Message") == "<script>&"
