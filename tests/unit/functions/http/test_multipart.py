"""Forms with a file: whole or refused, however they are cut and whatever is in them."""

import asyncio
import itertools
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from functions.http.errors import BodyTooLarge, MalformedBody
from functions.http.multipart import (
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    MAX_HEADER_BYTES,
    FormReader,
    base_name,
    read_form,
)
from patchbay.domain.errors import InvalidInput

TYPE = "multipart/form-data; boundary=b"
HOSTILE = b"\r\n--\r\n--a\r\n-\r\r\n--B\r\n\r\n--" * 3
Got = tuple[dict[str, str], dict[str, bytes]]


def part(name: str, value: bytes, more: str = "", *headers: str) -> bytes:
    lines = [f'Content-Disposition: form-data; name="{name}"{more}', *headers]
    return b"--b\r\n" + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + value + b"\r\n"


def file(value: bytes = b"RIFF", more: str = '; filename="a.wav"', *headers: str) -> bytes:
    return part("file", value, more, *headers)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


def read(blocks: Sequence[bytes], content_type: str = TYPE, max_bytes: int = 10**9) -> Got:
    """The texts, and the file by its name."""
    files: dict[str, bytes] = {}

    class Kept:
        def __init__(self, name: str) -> None:
            self.name = name
            files[name] = b""

        def write(self, block: bytes) -> None:
            files[self.name] += block

    reader = FormReader(content_type, field="file", open_file=Kept, max_bytes=max_bytes)
    for block in blocks:
        reader.feed(block)
    return reader.finish(), files


def refused(body: bytes, kind: type[InvalidInput] = InvalidInput, **more: str) -> InvalidInput:
    with pytest.raises(kind) as caught:
        read([body], **more)  # type: ignore[arg-type]
    return caught.value


def test_a_file_whose_part_may_have_another_name() -> None:
    got: list[tuple[str, bytes]] = []

    class Kept:
        def __init__(self, name: str) -> None:
            self.name = name

        def write(self, block: bytes) -> None:
            got.append((self.name, block))

    reader = FormReader(TYPE, field="stems[]", also="file", open_file=Kept, max_bytes=10**6, most=2)
    reader.feed(form(file(), part("stem_type", b"vocals")))
    assert (reader.finish(), got) == ({"stem_type": "vocals"}, [("a.wav", b"RIFF")])
    with pytest.raises(InvalidInput, match="in a part named stems"):
        FormReader(TYPE, field="stems[]", open_file=Kept, max_bytes=10**6).feed(form(file()))


@pytest.mark.parametrize("first", [True, False])
def test_a_file_among_texts_in_any_order(first: bool) -> None:
    texts = part("name", "Lied für alle".encode()), part("empty", b"")
    body = form(file(), *texts) if first else form(*texts, file())
    assert read([body]) == ({"name": "Lied für alle", "empty": ""}, {"a.wav": b"RIFF"})


@given(st.lists(st.integers(0, 700), max_size=12), st.sampled_from([b"", b"x", HOSTILE, b"\r", b"\r\n--b"]))
def test_however_the_body_is_cut_the_form_is_the_same(cuts: list[int], value: bytes) -> None:
    body = form(part("a", b"\r\n1\r"), file(value + b"\0" * 200 + HOSTILE[:5]), part("b", HOSTILE))
    edges = sorted({0, *(cut for cut in cuts if cut < len(body)), len(body)})
    blocks = [body[start:end] for start, end in itertools.pairwise(edges)]
    whole = read([body])
    assert read(blocks) == whole
    assert whole[0] == {"a": "\r\n1\r", "b": HOSTILE.decode()}
    assert read([body[n : n + 1] for n in range(len(body))]) == whole


@given(st.binary(max_size=300))
def test_whatever_it_is_the_answer_is_ours(noise: bytes) -> None:
    for body in (noise, b"--b\r\n" + noise, form(file())[:40] + noise):
        try:
            read([body])
        except InvalidInput:
            continue


@pytest.mark.parametrize("end", range(1, len(form(file())) - 2))
def test_a_form_that_ends_early_is_refused(end: int) -> None:
    assert isinstance(refused(form(file())[:end]), MalformedBody)


def test_what_follows_the_last_boundary_is_nothing() -> None:
    assert read([form(file()), b"the end"])[1] == {"a.wav": b"RIFF"}


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=b", "audio/wav"])
def test_another_content_type_is_told_what_is_wanted(content_type: str) -> None:
    error = refused(form(file()), content_type=content_type)
    assert (error.field, "multipart/form-data" in str(error)) == ("file", True)


@pytest.mark.parametrize("boundary", ["", "; boundary=", '; boundary="a "', "; boundary=" + "b" * 71, "; boundary=é"])
def test_a_boundary_that_cannot_be_one(boundary: str) -> None:
    refused(form(file()), MalformedBody, content_type=f"multipart/form-data{boundary}")


def test_a_boundary_in_quotes() -> None:
    assert read([form(file())], 'Multipart/Form-Data; charset=utf-8; boundary="b"')[1] == {"a.wav": b"RIFF"}


def test_no_file_and_two_files() -> None:
    assert refused(form(part("name", b"x"))).field == "file"
    assert refused(b"--b--\r\n").field == "file"
    assert refused(form(file(), file())).field == "file"
    assert refused(form(part("song", b"RIFF", '; filename="a.wav"'), file())).field == "song"


def test_a_file_may_have_no_name() -> None:
    assert read([form(file(b"RIFF", ""))])[1] == {"": b"RIFF"}


def test_texts_are_bounded() -> None:
    full = [part(f"n{n}", b"x" * MAX_FIELD_BYTES) for n in range(MAX_FIELDS)]
    assert len(read([form(*full, file())])[0]) == MAX_FIELDS
    assert refused(form(*full, part("one", b"more"), file())).field == "one"
    assert refused(form(part("n", b"x" * (MAX_FIELD_BYTES + 1)), file())).field == "n"
    assert refused(form(part("n", b"1"), part("n", b"2"), file())).field == "n"
    assert refused(form(part("n", b"\xff"), file())).field == "n"


def test_headers_are_bounded() -> None:
    read([form(file(b"", '; filename="a"', "X-A: " + "x" * (MAX_HEADER_BYTES - 100)))])
    refused(form(file(b"", "", "X-A: " + "x" * MAX_HEADER_BYTES)), MalformedBody)
    refused(form(file(b"", "", *(f"X-{n}: " + "x" * 1000 for n in range(9)))), MalformedBody)
    refused(form(file(b"", "", *(f"X-{n}: 1" for n in range(17)))), MalformedBody)
    refused(form(file(b"", "", 'Content-Disposition: form-data; name="other"')), MalformedBody)


@pytest.mark.parametrize(
    "start",
    [
        b"--b\r\n\r\nRIFF",
        b"--b\r\nContent-Disposition: attachment; name=file\r\n\r\nRIFF",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nRIFF",
        b"--b\r\nContent-Disposition: form-data; name=file\r\n folded: 1\r\n\r\nRIFF",
        b"--b\nContent-Disposition: form-data; name=file\n\nRIFF",
        b"--c\r\n\r\n",
        b"{}",
    ],
)
def test_parts_that_are_none(start: bytes) -> None:
    refused(start + b"\r\n--b--\r\n", MalformedBody)


@pytest.mark.parametrize(("encoding", "taken"), [("binary", True), ("8BIT", True), ("base64", False), ("gzip", False)])
def test_bytes_come_as_they_are(encoding: str, taken: bool) -> None:
    body = form(file(b"RIFF", "", f"Content-Transfer-Encoding: {encoding}"))
    if taken:
        assert read([body])[1] == {"": b"RIFF"}
    else:
        assert refused(body).field == "file"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('; filename="a b.wav"', "a b.wav"),
        ('; filename="ünïcode.wav"', "ünïcode.wav"),
        ('; filename="../../etc/passwd"', "passwd"),
        ('; filename="C:\\\\songs\\\\a.wav"', "a.wav"),
        ('; filename=".."', ""),
        ('; filename="a\\"b;c.wav"', 'a"b;c.wav'),
        ("; filename*=UTF-8''%e2%82%ac%2fx%0a.wav", "x.wav"),
        ("; filename*=utf-8'en'na%C3%AFve.wav", "naïve.wav"),
        ("; filename*=iso-8859-1''%FC.wav", "ü.wav"),
        ("; filename=\"plain.wav\"; filename*=UTF-8''other.wav", "plain.wav"),
        ("; filename*=utf-7''x", ""),
    ],
)
def test_names_of_files(said: str, name: str) -> None:
    assert read([form(file(b"x", said))])[1] == {name: b"x"}


@given(st.text())
def test_a_base_name_is_one(text: str) -> None:
    name = base_name(text)
    assert len(name) <= 255
    assert not set(name) & set("/\\\0\r\n")
    assert not [c for c in name if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]
    assert base_name(name) == name.strip()


def test_a_long_body_is_refused_whatever_it_holds() -> None:
    endless = b"\r\n" * 600
    with pytest.raises(BodyTooLarge):
        read([endless], max_bytes=1000)
    with pytest.raises(BodyTooLarge):
        read([form(file()), endless], max_bytes=1000)


@pytest.mark.parametrize("whole", [True, False])
def test_a_client_that_goes_away(whole: bool) -> None:
    body = form(file())
    messages: list[Message] = [
        {"type": "http.request", "body": body if whole else body[:60], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    class Kept:
        def write(self, block: bytes) -> None: ...

    reader = FormReader(TYPE, field="file", open_file=lambda name: Kept(), max_bytes=1000)
    with pytest.raises(MalformedBody):
        asyncio.run(read_form(receive, reader))
