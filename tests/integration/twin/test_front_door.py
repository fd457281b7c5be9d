import http.client
import json
import ssl
import stat
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.twin.conftest import BUCKET, Twin

pytestmark = [pytest.mark.twin, pytest.mark.enable_socket]

KEY = "tenants/t1/a b+c/\u00fc%.wav"


@pytest.fixture
def client(twin: Twin) -> Iterator[httpx.Client]:
    with twin.http() as client:
        yield client


def test_says_that_it_is_ready_and_where(twin: Twin, port: int) -> None:
    assert twin.ready_line == f"Patchbay is ready at https://localhost:{port}\n"
    assert twin.state["pid"] == twin.process.pid
    assert twin.state["base_url"] == f"https://localhost:{port}"
    assert twin.state["outputs"]["MediaBucketName"] == BUCKET
    assert twin.state["environment"] == {"PATCHBAY_TABLE": twin.state["outputs"]["TableName"]}


def test_keeps_everything_to_its_owner(twin: Twin) -> None:
    open_to_others = [p for p in twin.data.iterdir() if stat.S_IMODE(p.stat().st_mode) & 0o077]
    assert open_to_others == []


def test_paths_and_queries_arrive_byte_for_byte(twin: Twin) -> None:
    context = ssl.create_default_context(cafile=twin.data / "ca.pem")
    connection = http.client.HTTPSConnection("localhost", twin.port, context=context)
    connection.putrequest("GET", "/v1/a%2Fb//c/../d%20e?x=1&x=2&y=a%20b+c&z", skip_host=True)
    connection.putheader("Host", "elsewhere.example")
    connection.putheader("X-Forwarded-For", "203.0.113.9")
    connection.putheader("Connection", "keep-alive, X-Private")
    connection.putheader("X-Private", "for the next hop only")
    connection.endheaders()
    event = json.loads(connection.getresponse().read())
    connection.close()
    assert event["rawQueryString"] == "x=1&x=2&y=a%20b+c&z"
    # The emulator decodes the path, as API Gateway does: what counts is that nothing was normalised before.
    assert event["rawPath"] == "/v1/a/b//c/../d e"
    headers = event["headers"]
    assert headers["host"] == f"localhost:{twin.port}"
    assert headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert "x-private" not in headers


@pytest.mark.parametrize("path", ["/health", "/_ministack/health", "/_ministack/reset", "/2015-03-31/functions", "/"])
def test_every_other_path_is_the_api(client: httpx.Client, path: str) -> None:
    assert client.post(path).json()["routeKey"] == "$default"


@pytest.mark.parametrize("chunked", [False, True])
def test_api_bodies_end_at_ten_megabytes(client: httpx.Client, chunked: bool) -> None:
    body = b"x" * (10 * 1024 * 1024 + 1)
    content: Any = iter([body[:5_000_000], body[5_000_000:]]) if chunked else body
    answer = client.post("/v1/x", content=content)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_warm_request_is_quick(client: httpx.Client) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        client.get("/v1/x")
        return time.perf_counter() - began

    took = sorted(seconds() for _ in range(20))
    assert took[10] < 0.04


def test_link_puts_and_gets_an_object(twin: Twin, client: httpx.Client) -> None:
    body = bytes(range(256)) * 4096
    assert client.put(twin.link("put_object", KEY), content=body).status_code == 200
    got = client.get(twin.link("get_object", KEY, ResponseContentDisposition='attachment; filename="a b.wav"'))
    assert got.content == body
    assert got.headers["content-disposition"] == 'attachment; filename="a b.wav"'
    part = client.get(twin.link("get_object", KEY), headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, body[10:20])
    head = client.head(twin.link("head_object", KEY))
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(body)))


def test_upload_without_a_length_is_taken(twin: Twin, client: httpx.Client) -> None:
    chunks = [bytes([n]) * 100_000 for n in range(20)]
    assert client.put(twin.link("put_object", "chunked"), content=iter(chunks)).status_code == 200
    assert client.get(twin.link("get_object", "chunked")).content == b"".join(chunks)


def test_signed_length_holds(twin: Twin, client: httpx.Client) -> None:
    url = twin.link("put_object", "sized", ContentLength=5)
    assert client.put(url, content=b"12345").status_code == 200
    assert "SignatureDoesNotMatch" in client.put(url, content=b"123456").text
    assert "SignatureDoesNotMatch" in client.put(url, content=iter([b"12345"])).text


def test_refuses_what_s3_refuses(twin: Twin, client: httpx.Client) -> None:
    url = twin.link("put_object", KEY)
    plain = f"/{BUCKET}/{KEY}"
    cases = [
        (client.get(plain), 403, "<Code>AccessDenied</Code>"),
        (client.put(plain, content=b"x"), 403, "<Code>AccessDenied</Code>"),
        (client.put(url.replace("t1", "t2"), content=b"x"), 403, "<Code>SignatureDoesNotMatch</Code>"),
        (client.get(url), 403, "<Code>SignatureDoesNotMatch</Code>"),
        (client.put(url + "&versionId=1", content=b"x"), 403, "<Code>SignatureDoesNotMatch</Code>"),
        (client.put(url, content=b"x", headers={"x-amz-acl": "public-read"}), 403, "<HeadersNotSigned>x-amz-acl</"),
    ]
    for answer, status, text in cases:
        assert answer.status_code == status
        assert text in answer.text
    short = twin.link("get_object", KEY, expires=1)
    time.sleep(1.1)
    assert "<Message>Request has expired</Message>" in client.get(short).text


def form(twin: Twin, largest: int = 1000) -> tuple[str, dict[str, str]]:
    conditions: list[Any] = [["starts-with", "$key", "tenants/t1/"], ["content-length-range", 1, largest]]
    made = twin.presigner().generate_presigned_post(
        BUCKET, "tenants/t1/${filename}", Conditions=conditions, ExpiresIn=60
    )
    return made["url"], made["fields"]


def test_form_uploads_under_its_policy(twin: Twin, client: httpx.Client) -> None:
    url, fields = form(twin)
    body = b"\r\n--not the end\r\n" * 10
    assert client.post(url, data=fields, files={"file": ("song.wav", body, "audio/wav")}).status_code == 204
    got = client.get(twin.link("get_object", "tenants/t1/song.wav"))
    assert got.content == body


@pytest.mark.parametrize(
    ("change", "body", "code"),
    [
        ({}, b"x" * 1001, "EntityTooLarge"),
        ({}, b"", "EntityTooSmall"),
        ({"key": "tenants/t2/x"}, b"x", "AccessDenied"),
        ({"x-amz-meta-extra": "1"}, b"x", "AccessDenied"),
        ({"x-amz-signature": "0" * 64}, b"x", "SignatureDoesNotMatch"),
        ({"policy": "e30="}, b"x", "SignatureDoesNotMatch"),
    ],
)
def test_form_beyond_its_policy_is_refused(
    twin: Twin, client: httpx.Client, change: dict[str, str], body: bytes, code: str
) -> None:
    url, fields = form(twin)
    answer = client.post(url, data={**fields, **change}, files={"file": ("song.wav", body)})
    assert f"<Code>{code}</Code>" in answer.text


def test_form_without_a_policy_is_refused(client: httpx.Client) -> None:
    answer = client.post(f"/{BUCKET}", data={"key": "tenants/t1/x"}, files={"file": ("x", b"x")})
    assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)
