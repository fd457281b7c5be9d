"""What is kept of an answer, for which requests, and how it is sent again."""

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from functions.http import once
from patchbay.core.idempotency import MAX_ANSWER_BYTES, Idempotency, IdempotencyMismatch
from patchbay.domain.errors import InvalidInput, Unavailable
from tests.fakes.world import World


def scope(key: str | None = "key", **changes: Any) -> Scope:
    headers = [(b"idempotency-key", key.encode())] if key is not None else []
    return {"type": "http", "method": "POST", "path": "/job", "query_string": b"", "headers": headers, **changes}


class Sent(list[Message]):
    async def __call__(self, message: Message) -> None:
        self.append(message)


async def receive() -> Message:
    return {"type": "http.request"}


def app(status: int, *blocks: bytes) -> Any:
    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"set-cookie", b"secret"), (b"location", b"/job/1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for block in blocks[:-1]:
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": blocks[-1]})

    return answering


async def served(asked: Scope, status: int = 201, *blocks: bytes) -> Sent:
    assert once.begin(asked, "t", "d") is None
    sent = Sent()
    await once.keep(app(status, *(blocks or (b"{}",))), asked, receive, sent)
    return sent


async def test_an_answer_in_blocks_is_sent_again_whole(world: World) -> None:
    first = await served(scope(), 201, b'{"a":', b"\xff", b"}")
    assert [message.get("body") for message in first[1:]] == [b'{"a":', b"\xff", b"}"]
    answer = once.begin(scope(), "t", "d")
    assert answer is not None
    again = Sent()
    await once.replay(answer, again)
    kept = [(b"content-type", b"application/json"), (b"location", b"/job/1"), once.REPLAYED]
    assert again[0]["status"] == 201
    assert sorted(again[0]["headers"]) == sorted(kept)
    assert again[1:] == [{"type": "http.response.body", "body": b'{"a":\xff}'}]


@pytest.mark.parametrize("status", [302, 400, 404, 409, 422, 500, 503])
async def test_what_did_nothing_is_not_kept(world: World, status: int) -> None:
    await served(scope(), status)
    assert once.begin(scope(), "t", "d") is None
    assert not world.records.items


@pytest.mark.parametrize("asked", [scope(None), scope(method="PUT"), scope(method="PATCH")])
async def test_without_a_key_or_a_post_nothing_is_kept(world: World, asked: Scope) -> None:
    await served(asked)
    assert once.ONCE not in asked
    assert not world.records.items


@pytest.mark.parametrize(
    "changes", [{"path": "/tasks"}, {"query_string": b"a=1"}, {"path": "/jo", "query_string": b"b"}]
)
async def test_another_request_under_the_same_key(world: World, changes: dict[str, Any]) -> None:
    await served(scope())
    with pytest.raises(IdempotencyMismatch):
        once.begin(scope(**changes), "t", "d")
    with pytest.raises(IdempotencyMismatch):
        once.begin(scope(), "t", "another body")
    assert once.begin(scope(**changes), "u", "d") is None, "another tenant's"


async def test_an_answer_goes_out_though_it_cannot_be_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_: object) -> None:
        raise Unavailable("busy")

    monkeypatch.setattr(Idempotency, "keep", busy)
    assert (await served(scope()))[0]["status"] == 201
    assert "answer not kept" in caplog.text


def test_a_key_of_a_wrong_form(world: World) -> None:
    with pytest.raises(InvalidInput) as told:
        once.begin(scope("a b"), "t", "d")
    assert told.value.field == "Idempotency-Key"


@pytest.mark.parametrize(("key", "held"), [(None, False), ("key", True)])
async def test_no_more_of_an_answer_is_held_than_can_be_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, key: str | None, held: bool
) -> None:
    most = 0

    class Watched(bytearray):
        def extend(self, block: Any) -> None:
            nonlocal most
            super().extend(block)
            most = max(most, len(self))

    monkeypatch.setattr(once, "bytearray", Watched, raising=False)
    blocks = [b"x" * 50_000] * 40
    sent = await served(scope(key), 200, *blocks)
    assert sum(len(message.get("body", b"")) for message in sent) == 2_000_000
    assert (most > 0) is held
    assert most <= MAX_ANSWER_BYTES
    assert not world.records.items, "nothing of it is kept"


async def test_the_largest_answer_that_is_kept(world: World) -> None:
    most = MAX_ANSWER_BYTES // 4 * 3
    await served(scope(), 200, b"x" * (most - 1), b"x")
    assert once.begin(scope(), "t", "d") is not None
    await served(scope("other"), 200, b"x" * most, b"x")
    assert once.begin(scope("other"), "t", "d") is None
