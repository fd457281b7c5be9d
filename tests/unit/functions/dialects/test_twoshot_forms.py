"""What a body is shows in its first line, however it comes and whatever it is called."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from functions.dialects.twoshot.forms import LONGEST_LINE, arrived
from functions.http.multipart import FormReader, read_form

BOUNDARY = st.text("0123456789abcdefXYZ'()+_,-./:=?", min_size=1, max_size=70)


def request(body: bytes, cuts: list[int], kind: str = "application/json") -> Request:
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    blocks = [body[a:b] for a, b in pairwise(edges)] or [b""]

    async def receive() -> Any:
        block = blocks.pop(0)
        return {"type": "http.request", "body": block, "more_body": bool(blocks)}

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    if kind:
        scope["headers"] = [(b"content-type", kind.encode())]
    return Request(scope, receive)


class Kept:
    def __init__(self) -> None:
        self.data = b""

    def write(self, block: bytes) -> None:
        self.data += block


async def rest(found: Request) -> bytes:
    blocks = []
    more = True
    while more:
        message = await found.receive()
        blocks.append(message["body"])
        more = message["more_body"]
    return b"".join(blocks)


@given(BOUNDARY, st.binary(max_size=300), st.lists(st.integers(0, 1000), max_size=8))
@settings(deadline=None)
async def test_a_form_under_a_wrong_label_is_read_whole(boundary: str, data: bytes, cuts: list[int]) -> None:
    mark = b"--" + boundary.encode()
    if mark in data:
        return
    head = b'\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    body = mark + head + data + b"\r\n" + mark + b"--\r\n"
    found, is_form = await arrived(request(body, cuts))
    assert is_form
    kept = Kept()
    reader = FormReader(found.headers["content-type"], field="file", open_file=lambda name: kept, max_bytes=10_000)
    assert await read_form(found.receive, reader) == {}
    assert kept.data == data


@given(st.binary(max_size=300).filter(lambda body: not body.startswith(b"--")), st.lists(st.integers(0, 1000)))
@settings(deadline=None)
async def test_anything_else_is_passed_on_as_it_came(body: bytes, cuts: list[int]) -> None:
    found, is_form = await arrived(request(body, cuts))
    assert not is_form
    assert found.headers["content-type"] == "application/json"
    assert await rest(found) == body


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "Multipart/Form-Data"])
async def test_what_says_it_is_a_form_is_not_looked_at(kind: str) -> None:
    given = request(b"{}", [], kind)
    found, is_form = await arrived(given)
    assert (found is given, is_form) == (True, True)


async def test_a_line_without_an_end_is_not_waited_for() -> None:
    found, is_form = await arrived(request(b"-" * 10_000, list(range(0, 10_000, 10))))
    assert not is_form
    assert len(await rest(found)) == 10_000
    assert LONGEST_LINE < 100
