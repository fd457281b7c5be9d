"""Bodies with a file in them, or with the id of one that was uploaded by link."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Message

from functions.dialects.twoshot.schemas.users import PictureUpload
from functions.http import body, once
from functions.http.app import caller
from functions.http.dialect import Limits
from functions.http.errors import InvalidFields, field_problems
from functions.http.multipart import SLACK_BYTES, FormReader, read_form
from patchbay import bootstrap
from patchbay.core.picture_uploads import MAX_BYTES
from patchbay.domain.errors import InvalidInput, TooLarge

LONGEST_LINE = 2 + 70 + 2
"""A form's first line: two dashes, a boundary, the line's end (RFC 2046, section 5.1.1)."""
FORM = "multipart/form-data"
M = TypeVar("M", bound=BaseModel)


async def arrived(request: Request) -> tuple[Request, bool]:
    """(the request, its body still to be read; whether that is a form).

    The vendor's own JavaScript class labels its forms as JSON: what a body is shows in its first line.
    """
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith(FORM):
        return request, True
    messages: list[Message] = []
    head, more = b"", True
    while more and len(head) < LONGEST_LINE and b"\n" not in head:
        message = await request.receive()
        messages.append(message)
        head += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return messages.pop(0) if messages else await request.receive()

    line = head.partition(b"\r\n")[0].decode("latin-1")
    is_form = line.startswith("--") and len(line) < LONGEST_LINE
    if is_form:
        headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
        named = f'{FORM}; boundary="{line[2:]}"'.encode("latin-1")
        request.scope["headers"] = [*headers, (b"content-type", named)]
    return Request(request.scope, again), is_form


async def json_body(request: Request, model: type[M]) -> M:
    """The body as JSON. Raises `InvalidFields`, `InvalidInput`, `BodyTooLarge`, `Repeated`."""
    scope, receive = await body.checked(request.scope, request.receive, Limits(max_body_bytes=64 * 1024))
    data = (await receive()).get("body", b"")
    if not data:
        raise InvalidInput(f"send the file as {FORM} in a part named file, or JSON that names an upload", field="file")
    if answer := once.begin(request.scope, caller(request).tenant_id, scope[body.DIGEST]):
        raise once.Repeated(answer)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise _invalid(error) from None


def of_texts(model: type[M], texts: dict[str, str]) -> M:
    """A form's texts as a body. Raises `InvalidFields`."""
    try:
        return model.model_validate(texts)
    except ValidationError as error:
        raise _invalid(error) from None


async def picture(request: Request) -> bytes:
    """The picture that a request is about, unchecked: in a form, or named by `uploadId`.

    Raises `InvalidInput`, `TooLarge`.
    """
    request, is_form = await arrived(request)
    if not is_form:
        upload_id = (await json_body(request, PictureUpload)).uploadId
        return bootstrap.services().picture_uploads.take(caller(request).tenant_id, upload_id)
    sink = _Picture()
    kind = request.headers.get("content-type", "")
    largest = MAX_BYTES + SLACK_BYTES
    await read_form(request.receive, FormReader(kind, field="file", open_file=lambda name: sink, max_bytes=largest))
    return bytes(sink.data)


def file_or_json(told: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that takes a file in a form (`told` by `form_body`), or `model` as JSON."""
    content = {**told["requestBody"]["content"], "application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {**told["requestBody"], "content": content}}


def _invalid(error: ValidationError) -> InvalidFields:
    return InvalidFields(field_problems([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]))


class _Picture:
    """Keeps the bytes of a picture."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, block: bytes) -> None:
        """Take the next bytes. Raises `TooLarge`."""
        self.data += block
        if len(self.data) > MAX_BYTES:
            raise TooLarge(f"a picture has {MAX_BYTES} bytes at most")
