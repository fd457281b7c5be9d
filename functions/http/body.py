"""Request bodies: bounded in bytes and depth, and JSON by the letter, before anything else looks at them.

Python's own reader takes NaN, lone surrogates and any depth, none of which can be stored or answered back as JSON.
"""

import hashlib
import json
import math
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from functions.http.dialect import Limits
from functions.http.errors import BodyTooLarge, MalformedBody

DIGEST = "patchbay.body_digest"
"""SHA-256 of the body, hex, in the scope of a request whose body was read."""


MAX_PLACE_CHARS = 200


async def checked(scope: Scope, receive: Receive, limits: Limits) -> tuple[Scope, Receive]:
    """The request with its body read and checked. Raises `BodyTooLarge`, `MalformedBody`."""
    body = await _read(scope, receive, limits.max_body_bytes)
    scope[DIGEST] = hashlib.sha256(body).hexdigest()
    if body:
        check_json(body, limits.max_depth)
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    # Every body here is JSON, whatever a client's HTTP library labels it by default.
    named = {**scope, "headers": [*headers, (b"content-type", b"application/json")]}
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return named, replay


async def _read(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    too_large = f"the body is larger than the {max_bytes} bytes that are taken"
    length = Headers(scope=scope).get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > max_bytes:
        raise BodyTooLarge(too_large)
    blocks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedBody("the request ended before its body did")
        block = message.get("body", b"")
        size += len(block)
        if size > max_bytes:
            raise BodyTooLarge(too_large)
        blocks.append(block)
        more = message.get("more_body", False)
    return b"".join(blocks)


def check_json(body: bytes, max_depth: int) -> None:
    """Raises `MalformedBody` unless `body` is JSON that can be stored and answered back."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"the body is not UTF-8: byte {error.start} cannot be read") from None
    try:
        _check_value(json.loads(text, parse_constant=_no_constant, parse_float=_finite), max_depth)
    except json.JSONDecodeError as error:
        raise MalformedBody(f"the body is not valid JSON: line {error.lineno}, column {error.colno}") from None
    except UnicodeEncodeError:
        raise MalformedBody("the body is not valid JSON: half of a surrogate pair stands alone") from None
    except _NoNumber as error:
        raise MalformedBody(f"the body is not valid JSON: {error}", field=_place_of_no_number(text)) from None
    except ValueError as error:
        raise MalformedBody(f"the body is not valid JSON: {error}") from None
    except RecursionError:
        raise MalformedBody(f"the body is nested deeper than the {max_depth} levels that are taken") from None


def _check_value(value: Any, max_depth: int) -> None:
    """Depth first, without recursion of our own."""
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        at, depth = stack.pop()
        if isinstance(at, str):
            if not at.isascii():
                at.encode()
            continue
        if not isinstance(at, dict | list):
            continue
        if depth >= max_depth:
            raise RecursionError
        inner = [*at.keys(), *at.values()] if isinstance(at, dict) else at
        stack.extend((item, depth + 1) for item in inner)


class _NoNumber(ValueError):
    """A number that is none, or is too large to be one."""


def _no_constant(name: str) -> Any:
    raise _NoNumber(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _NoNumber("a number is too large")
    return value


def _place_of_no_number(text: str) -> str | None:
    """Where the first of them stands, dotted; None if that is the whole body, or too deep to be looked for."""
    try:
        stack: list[tuple[str, Any]] = [("", json.loads(text))]
    except (ValueError, RecursionError):  # another fault comes later
        return None
    while stack:
        place, at = stack.pop()
        if isinstance(at, float) and not math.isfinite(at):
            return place.removeprefix(".")[:MAX_PLACE_CHARS] or None
        inner = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
        stack.extend(reversed([(f"{place}.{name}", value) for name, value in inner]))
    return None
