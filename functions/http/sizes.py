"""How large answers may be."""

from collections.abc import Iterable
from typing import Any, Final

from pydantic_core import to_json

MAX_ANSWER_BYTES: Final = 6_000_000
"""A Lambda answers with 6 MB at most, headers included (Lambda quotas: 6,291,556 bytes)."""


def fitting(items: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """(the items of a list that go into one answer, from the first on; whether these are all of them).

    They are made one by one, so that of a page that is too large no more links are signed than would fit.
    """
    taken: list[dict[str, Any]] = []
    size = 0
    for item in items:
        size += answer_bytes(item) + 1
        if size > MAX_ANSWER_BYTES:
            return taken, False
        taken.append(item)
    return taken, True


def answer_bytes(content: object) -> int:
    """Bytes of an answer as it leaves a Lambda: JSON, as a string in the JSON of the event that is given back."""
    text = to_json(content)
    return len(text) + text.count(b'"') + text.count(b"\\")
