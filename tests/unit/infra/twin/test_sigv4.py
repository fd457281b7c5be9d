import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from infra.twin.sigv4 import Credentials, Refused, parse_query, verify_query

OURS = Credentials("000000000000", "a secret/with+signs", "us-east-1")
HOST = "localhost:8484"


def presigned(
    path: str = "/media/song.wav",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    expires: int = 60,
    credentials: Credentials = OURS,
) -> tuple[bytes, list[tuple[str, str]]]:
    """A link as botocore makes it: path and query as they stand in the request."""
    request = AWSRequest(method=method, url=f"https://{HOST}{path}", headers=headers or {})
    boto = BotoCredentials(credentials.access_key, credentials.secret)
    untyped: Any = S3SigV4QueryAuth
    untyped(boto, "s3", credentials.region, expires).add_auth(request)
    url = urlsplit(str(request.url))
    return url.path.encode(), parse_query(url.query.encode())


def check(
    path: bytes,
    query: list[tuple[str, str]],
    method: str = "GET",
    headers: dict[str, str] | None = None,
    later_s: float = 0,
) -> None:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=later_s)
    verify_query(OURS, method, path, query, {"host": HOST, **(headers or {})}, now)


def refusal(*arguments: Any, **named: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        check(*arguments, **named)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize(
    "path", ["/media/a", "/media/a%20b%2Bc/%C3%BC%25.wav", "/media/a//b/./c", "/media/~x-y_z.%27%28%29"]
)
def test_takes_what_botocore_signs(path: str) -> None:
    check(*presigned(path))


def test_a_path_may_be_escaped_otherwise_than_it_was_signed() -> None:
    _, query = presigned("/media/a%20b%27c")
    check(b"/media/a%20b'c", query)


def test_signed_headers_are_part_of_it() -> None:
    link = presigned(method="PUT", headers={"Content-Length": "5", "Content-Type": "audio/wav"})
    headers = {"content-length": "5", "content-type": "audio/wav"}
    check(*link, "PUT", headers)
    check(*link, "PUT", {**headers, "content-type": "  audio/wav "})
    assert refusal(*link, "PUT", {**headers, "content-length": "6"}) == (403, "SignatureDoesNotMatch")
    assert refusal(*link, "PUT", {"content-length": "5"}) == (403, "SignatureDoesNotMatch")


@given(st.text(min_size=1), st.integers(0, 5))
def test_no_parameter_can_be_changed(value: str, index: int) -> None:
    path, query = presigned()
    name, old = query[index]
    if value != old:
        query[index] = (name, value)
        refusal(path, query)


@given(st.tuples(st.text(), st.text()).filter(lambda pair: not pair[0].lower().startswith("x-amz-")))
def test_no_parameter_can_be_added(pair: tuple[str, str]) -> None:
    path, query = presigned()
    assert refusal(path, [*query, pair]) == (403, "SignatureDoesNotMatch")


def test_method_host_and_path_are_part_of_it() -> None:
    path, query = presigned()
    assert refusal(path, query, "PUT") == (403, "SignatureDoesNotMatch")
    assert refusal(path + b"x", query) == (403, "SignatureDoesNotMatch")
    assert refusal(path, query, "GET", {"host": "127.0.0.1:8484"}) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(("later_s", "code"), [(58, None), (61, "AccessDenied"), (-1000, "AccessDenied"), (-800, None)])
def test_time_is_kept(later_s: float, code: str | None) -> None:
    link = presigned(expires=60)
    if code:
        assert refusal(*link, later_s=later_s) == (403, code)
    else:
        check(*link, later_s=later_s)


def test_a_week_is_the_longest() -> None:
    check(*presigned(expires=604800))
    assert refusal(*presigned(expires=604801)) == (400, "AuthorizationQueryParametersError")


def test_unsigned_amz_headers_are_refused() -> None:
    assert refusal(*presigned(method="PUT"), "PUT", {"x-amz-acl": "public-read"}) == (403, "AccessDenied")


def test_unsigned_and_otherwise_signed_requests_are_refused() -> None:
    path, query = presigned()
    assert refusal(path, []) == (403, "AccessDenied")
    assert refusal(path, query, "GET", {"authorization": "AWS4-HMAC-SHA256 ..."}) == (403, "AccessDenied")
    assert refusal(path, query[:-3] + query[-2:])[0] in (400, 403)
    other = presigned(credentials=Credentials("111111111111", OURS.secret))
    assert refusal(*other) == (403, "InvalidAccessKeyId")
    forged = presigned(credentials=Credentials(OURS.access_key, "guessed"))
    assert refusal(*forged) == (403, "SignatureDoesNotMatch")
    elsewhere = presigned(credentials=Credentials(OURS.access_key, OURS.secret, "eu-west-1"))
    assert refusal(*elsewhere) == (400, "AuthorizationQueryParametersError")


def test_query_keeps_a_plus_and_bytes_that_are_no_text() -> None:
    assert parse_query(b"a=b+c&d=%2B&e&f=%FF") == [("a", "b+c"), ("d", "+"), ("e", ""), ("f", "\udcff")]
    assert parse_query(b"") == []
