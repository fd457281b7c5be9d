"""How large answers and callbacks may be."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from patchbay.domain.errors import TooLarge

MAX_ANSWER_BYTES = 6_000_000
"""A Lambda answers with 6 MB at most, headers included (Lambda quotas: 6,291,556 bytes)."""
MAX_CALLBACK_BYTES = 20_000
"""Receivers may refuse more (Standard Webhooks, "Payload size")."""


def page(items: Iterable[dict[str, Any]], *, whole: bool) -> list[dict[str, Any]]:
    """The items of a list that go into one answer, from the first on.

    `whole` is for a client that said how many it wants: it gets all of them, or `TooLarge`. Made one by one, so that
    of a page that is too large no more links are signed than would fit.
    """
    taken: list[dict[str, Any]] = []
    size = 0
    for item in items:
        size += answer_bytes(item) + 1
        if size > MAX_ANSWER_BYTES:
            if whole:
                raise TooLarge(f"this page has more than {MAX_ANSWER_BYTES} bytes; take fewer at once")
            break
        taken.append(item)
    return taken


def answer_bytes(content: Mapping[str, Any]) -> int:
    """Bytes of an answer as it leaves a Lambda: JSON, as a string in the JSON of the event that is given back."""
    text = to_json(content)
    return len(text) + text.count(b'"') + text.count(b"\\")


def fits_callback(body: Mapping[str, Any]) -> bool:
    """Whether a callback's body is small enough, written as notices write it."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) <= MAX_CALLBACK_BYTES
