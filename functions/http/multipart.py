"""Forms with a file in them (multipart/form-data, RFC 7578), read as they come: the file goes on in blocks, the few
small text fields beside it are kept.

Nothing of a form is trusted: its parts, their headers and the texts are bounded, and the file's name is cut down to a
name.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote_to_bytes

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.types import Receive

from functions.http.errors import BodyTooLarge, MalformedBody
from patchbay.domain.errors import InvalidInput

MAX_FIELDS = 20
MAX_FIELD_BYTES = 64 * 1024
MAX_HEADER_BYTES = 8 * 1024
"""Of one part, names and values together."""
MAX_HEADERS = 16
MAX_NAME = 255
SLACK_BYTES = (MAX_FIELDS + 1) * (MAX_FIELD_BYTES + MAX_HEADER_BYTES)
"""What a form may have beside its file."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, section 5.1.1
_EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE)
_AS_THEY_ARE = {"7bit", "8bit", "binary"}
_NOT_IN_NAMES = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Sink(Protocol):
    """Where the file goes."""

    def write(self, block: bytes) -> object:
        """Take the next bytes."""


class FormReader:
    """One form. `feed` it the body, then `finish`.

    `field` is the name of the file's part, `also` another that it may have; there are `least` to `most` such parts.
    `open_file` is called with the file's name when one begins and gives the sink; what the sink raises goes through.
    All errors are `InvalidInput`, `MalformedBody` where the body cannot be parsed, or `BodyTooLarge`.
    """

    def __init__(
        self,
        content_type: str,
        *,
        field: str,
        open_file: Callable[[str], Sink],
        max_bytes: int,
        least: int = 1,
        most: int = 1,
        also: str = "",
    ) -> None:
        self.fields: dict[str, str] = {}
        self._field, self._also, self._open_file, self._left = field, also, open_file, max_bytes
        self._files, self._least, self._most = 0, least, most
        self._at: Sink | bytearray | None = None
        """What the bytes of the present part go to."""
        self._text_name = ""
        self._header_bytes, self._ended = 0, False
        self._headers: dict[str, str] = {}
        self._name, self._value = bytearray(), bytearray()
        self._parser = MultipartParser(
            _boundary(content_type, field),
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the body."""
        self._left -= len(block)
        if self._left < 0:
            raise BodyTooLarge("the form is larger than what is taken")
        try:
            self._parser.write(block)
        except FormParserError:
            raise MalformedBody("the body is no well-formed multipart/form-data") from None

    def finish(self) -> dict[str, str]:
        """The body is at its end: the text fields by their names. The file is whole if this does not raise."""
        if not self._ended:
            raise MalformedBody("the form ends before its last boundary")
        if self._files < self._least:
            raise InvalidInput(f"the form has no part named {self._field} with the file", field=self._field)
        return self.fields

    def _begin(self) -> None:
        self._headers, self._header_bytes = {}, 0

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            raise MalformedBody(f"a part's headers are longer than the {MAX_HEADER_BYTES} bytes that are taken")

    def _header_end(self) -> None:
        name, value = self._name.decode("latin-1").lower(), self._value.decode("latin-1").strip()
        if name in self._headers:
            raise MalformedBody("a part has one of its headers twice")
        self._headers[name] = value
        self._name.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        disposition = self._headers.get("content-disposition", "")
        kind, options = parse_options_header(disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not name:
            raise MalformedBody("a part does not say which field it is")
        if self._headers.get("content-transfer-encoding", "binary").lower() not in _AS_THEY_ARE:
            raise InvalidInput("send the bytes as they are, without a transfer encoding", field=name)
        if name in {self._field, self._also}:
            if self._files == self._most:
                told = "one file at a time" if self._most == 1 else f"{self._most} files at a time"
                raise InvalidInput(told, field=name)
            self._files += 1
            self._at = self._open_file(_file_name(disposition, options))
            return
        if b"filename" in options or _EXTENDED_NAME.search(disposition):
            raise InvalidInput(f"the file is expected in a part named {self._field}", field=name)
        if name in self.fields or len(self.fields) >= MAX_FIELDS:
            raise InvalidInput(f"a field that is there twice, or one of more than {MAX_FIELDS}", field=name)
        self._text_name, self._at = name, bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if isinstance(self._at, bytearray):
            if len(self._at) + end - start > MAX_FIELD_BYTES:
                raise InvalidInput(f"longer than the {MAX_FIELD_BYTES} bytes that are taken", field=self._text_name)
            self._at += data[start:end]
        elif self._at is not None:
            self._at.write(data[start:end])

    def _part_end(self) -> None:
        if isinstance(self._at, bytearray):
            try:
                self.fields[self._text_name] = self._at.decode()
            except UnicodeDecodeError:
                raise InvalidInput("the text is not UTF-8", field=self._text_name) from None
        self._at = None

    def _end(self) -> None:
        self._ended = True


async def read_form(receive: Receive, reader: FormReader) -> dict[str, str]:
    """Read a request's body into `reader`. Returns the text fields; raises what the reader and its sink raise."""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedBody("the request ended before its body did")
        reader.feed(message.get("body", b""))
        more = message.get("more_body", False)
    return reader.finish()


def base_name(text: str) -> str:
    """A file's name without folders, control and formatting characters, of `MAX_NAME` characters at most."""
    last = re.split(r"[/\\]", text)[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in _NOT_IN_NAMES).strip()
    return "" if shown in {".", ".."} else shown[:MAX_NAME]


def _boundary(content_type: str, field: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise InvalidInput(f"send the file as multipart/form-data, in a part named {field}", field=field)
    boundary = options.get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary.decode("latin-1")):
        raise MalformedBody("the content type of the body names no boundary")
    return boundary


def _file_name(disposition: str, options: dict[bytes, bytes]) -> str:
    """The file's name; RFC 5987's form of it, which RFC 7578 does not want, where there is no other."""
    plain = options.get(b"filename")
    if plain is not None:
        return base_name(plain.decode("utf-8", "replace"))
    extended = _EXTENDED_NAME.search(disposition)
    return base_name(unquote_to_bytes(extended[2]).decode(extended[1], "replace")) if extended else ""
