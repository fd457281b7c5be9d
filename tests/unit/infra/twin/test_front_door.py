"""Routing and refusals over a recorded upstream."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from infra.twin.asgi import Headers, Message, Receive, Scope, Send
from infra.twin.front_door import LARGEST_API_BODY, FrontDoor
from infra.twin.objects import Objects
from infra.twin.sigv4 import Credentials
from infra.twin.upstream import Upstream, UpstreamDown, end_to_end


@dataclass
class Forwarded:
    method: str
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes


class RecordedUpstream(Upstream):
    def __init__(self) -> None:
        super().__init__(4566)
        self.requests: list[Forwarded] = []
        self.down = False
        self.answers: Headers = []

    async def forward(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        body: bytes | AsyncIterator[bytes],
        receive: Receive,
        send: Send,
        timeout_s: float,
    ) -> None:
        if self.down:
            raise UpstreamDown("refused")
        whole = body if isinstance(body, bytes) else b"".join([chunk async for chunk in body])
        self.requests.append(Forwarded(method, target, dict(headers), whole))
        await send({"type": "http.response.start", "status": 200, "headers": self.answers})
        await send({"type": "http.response.body", "body": b"from upstream"})


@dataclass
class Exchange:
    scope: Scope
    body: list[bytes] = field(default_factory=list)
    cut: bool = False
    sent: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        if self.body:
            return {"type": "http.request", "body": self.body.pop(0), "more_body": bool(self.body) or self.cut}
        return {"type": "http.disconnect" if self.cut else "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent[1:]).decode()


@pytest.fixture
def upstream() -> RecordedUpstream:
    return RecordedUpstream()


@pytest.fixture
def door(upstream: RecordedUpstream, tmp_path: Path) -> FrontDoor:
    objects = Objects("media", Credentials("000000000000", "secret"), upstream, tmp_path, largest=1_000_000)
    return FrontDoor(upstream, 8484, "abc123", objects)


async def ask(
    door: FrontDoor, method: str, target: str, headers: dict[str, str] | None = None, *body: bytes, cut: bool = False
) -> Exchange:
    path, _, query = target.encode().partition(b"?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "raw_path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("192.0.2.1", 1),
    }
    exchange = Exchange(scope, list(body), cut)
    await door(scope, exchange.receive, exchange.send)
    return exchange


@pytest.mark.parametrize(
    "target",
    ["/", "/v1/job", "/api/tracks", "/docs", "/media", "/mediator/x", "/v1/a%2Fb//../c?x=%41&y=a+b&&z", "//media/x"],
)
async def test_api_paths_arrive_byte_for_byte(door: FrontDoor, upstream: RecordedUpstream, target: str) -> None:
    if target == "/media":
        assert (await ask(door, "GET", target)).status == 403
        return
    assert (await ask(door, "GET", target)).text == "from upstream"
    assert upstream.requests[0].target == b"/_aws/execute-api/abc123/$default" + target.encode()


@pytest.mark.parametrize(("target", "arrives"), [("/job/", "/job"), ("/job//?x=/", "/job?x=/"), ("//", "/")])
async def test_a_slash_at_the_end_of_an_api_path_goes(
    door: FrontDoor, upstream: RecordedUpstream, target: str, arrives: str
) -> None:
    await ask(door, "GET", target)
    assert upstream.requests[0].target == b"/_aws/execute-api/abc123/$default" + arrives.encode()


async def test_api_request_says_where_it_comes_from(door: FrontDoor, upstream: RecordedUpstream) -> None:
    given = {"host": "evil", "x-forwarded-proto": "http", "x-forwarded-for": "8.8.8.8", "te": "trailers", "x-a": "1"}
    await ask(door, "POST", "/v1/x", given, b"ab", b"c")
    request = upstream.requests[0]
    assert request.body == b"abc"
    assert request.headers == {
        b"host": b"localhost:8484",
        b"x-a": b"1",
        b"content-length": b"3",
        b"x-forwarded-for": b"8.8.8.8, 192.0.2.1",
        b"x-forwarded-proto": b"https",
        b"x-forwarded-port": b"8484",
    }


async def test_api_body_limit(door: FrontDoor, upstream: RecordedUpstream) -> None:
    stated = await ask(door, "POST", "/v1/x", {"content-length": str(LARGEST_API_BODY + 1)})
    counted = await ask(door, "POST", "/v1/x", {}, b"x" * LARGEST_API_BODY, b"x")
    full = await ask(door, "POST", "/v1/x", {}, b"x" * LARGEST_API_BODY)
    assert [e.status for e in (stated, counted, full)] == [413, 413, 200]
    assert stated.text == '{"message": "Request Entity Too Large"}'


async def test_upstream_down(door: FrontDoor, upstream: RecordedUpstream) -> None:
    upstream.down = True
    answer = await ask(door, "GET", "/v1/x")
    assert (answer.status, answer.text) == (503, '{"message": "Service Unavailable"}')


async def test_client_that_leaves_gets_no_answer(door: FrontDoor, upstream: RecordedUpstream) -> None:
    assert (await ask(door, "POST", "/v1/x", {}, b"half", cut=True)).sent == []
    assert upstream.requests == []


async def test_without_an_api_there_is_nothing(upstream: RecordedUpstream) -> None:
    assert (await ask(FrontDoor(upstream, 8484, None, None), "GET", "/v1/x")).status == 404


async def test_unsigned_objects_are_denied(door: FrontDoor, upstream: RecordedUpstream) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = await ask(door, method, "/media/t1/x")
        assert answer.status == 403
        assert ("<Code>AccessDenied</Code>" in answer.text) is (method != "HEAD")
    assert upstream.requests == []


async def test_a_browser_may_ask_before_it_uploads(door: FrontDoor, upstream: RecordedUpstream) -> None:
    await ask(door, "OPTIONS", "/media/t1/x?X-Amz-Signature=1&x=a+b", {"origin": "https://a.example"})
    assert upstream.requests[0].target == b"/media/t1/x?x=a%2Bb"
    assert upstream.requests[0].headers[b"origin"] == b"https://a.example"


async def test_an_endless_unsigned_form_is_stopped_early(door: FrontDoor) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await ask(door, "POST", "/media", headers, *[b"x" * 30_000] * 5)
    assert (answer.status, "MaxPostPreDataLengthExceeded" in answer.text) == (400, True)


def test_only_end_to_end_headers_pass() -> None:
    given = [(b"Connection", b"close, X-Once"), (b"x-once", b"1"), (b"Keep-Alive", b"5"), (b"Range", b"bytes=0-1")]
    assert end_to_end(given) == [(b"Range", b"bytes=0-1")]


@pytest.mark.parametrize(
    ("method", "authorization", "status"),
    [
        ("GET", "Bearer pb_key", 200),
        ("HEAD", "bearer eyJ", 200),
        ("GET", "AWS4-HMAC-SHA256 Credential=x", 403),
        ("GET", "Basic eDp5", 403),
        ("PUT", "Bearer pb_key", 403),
    ],
)
async def test_a_key_that_came_along_by_a_redirection_does_no_harm(
    upstream: RecordedUpstream, tmp_path: Path, method: str, authorization: str, status: int
) -> None:
    """In the cloud links are to another host, where clients do not send it."""
    request = AWSRequest(method=method, url="https://localhost:8484/media/song.wav", headers={})
    untyped: Any = S3SigV4QueryAuth
    untyped(BotoCredentials("000000000000", "secret"), "s3", "us-east-1", 60).add_auth(request)
    objects = Objects("media", Credentials("000000000000", "secret"), upstream, tmp_path)
    target = str(request.url).removeprefix("https://localhost:8484")
    headers = {"host": "localhost:8484", "authorization": authorization}
    answer = await ask(FrontDoor(upstream, 8484, "abc123", objects), method, target, headers)
    assert answer.status == status
    assert bool(upstream.requests) is (status == 200)


@pytest.mark.parametrize(("expires_s", "status"), [(60, 200), (None, 403)])
async def test_what_somebody_uploaded_runs_nothing_on_this_host(
    upstream: RecordedUpstream, tmp_path: Path, expires_s: int | None, status: int
) -> None:
    """Given or refused, and whatever the store says of it."""
    upstream.answers = [(b"Content-Security-Policy", b"default-src *"), (b"content-type", b"text/html")]
    request = AWSRequest(method="GET", url="https://localhost:8484/media/page.html", headers={})
    if expires_s:
        untyped: Any = S3SigV4QueryAuth
        untyped(BotoCredentials("000000000000", "secret"), "s3", "us-east-1", expires_s).add_auth(request)
    objects = Objects("media", Credentials("000000000000", "secret"), upstream, tmp_path)
    target = str(request.url).removeprefix("https://localhost:8484")
    answer = await ask(FrontDoor(upstream, 8484, "abc123", objects), "GET", target, {"host": "localhost:8484"})
    assert answer.status == status
    told = [(name.lower(), value) for name, value in answer.sent[0]["headers"]]
    assert [value for name, value in told if name == b"content-security-policy"] == [b"sandbox"]
    assert (b"x-content-type-options", b"nosniff") in told
