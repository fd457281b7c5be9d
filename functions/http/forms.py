"""Forms of our own pages, as browsers send them without a file (application/x-www-form-urlencoded)."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from functions.http.errors import BodyTooLarge, MalformedBody

MAX_BYTES = 64 * 1024
MAX_FIELDS = 40
MAX_CHARS = 2048
_KIND = "application/x-www-form-urlencoded"


async def read(request: Request) -> dict[str, str]:
    """The fields of a form, of which none may come twice; none at all where there is no body.

    `user[email]`, as Phoenix's forms have it, is `email`. Raises `MalformedBody`, `BodyTooLarge`.
    """
    body = await _body(request)
    if not body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise MalformedBody(f"send the form as {_KIND}")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:  # bytes that are no ASCII, escapes that are no UTF-8, or too many fields
        raise MalformedBody(f"the form is not well-formed UTF-8, or has more than {MAX_FIELDS} fields") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        plain = name.removeprefix("user[").removesuffix("]") if name.startswith("user[") else name
        if plain in fields:
            raise MalformedBody("a field of the form is there twice")
        if len(value) > MAX_CHARS:
            raise MalformedBody(f"a field of the form has more than the {MAX_CHARS} characters that are taken")
        fields[plain] = value.replace("\r\n", "\n")
    return fields


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > MAX_BYTES:
            raise BodyTooLarge(f"the form is larger than the {MAX_BYTES} bytes that are taken")
    return bytes(body)
