"""How large answers and callbacks may be."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from functions.http.sizes import MAX_ANSWER_BYTES, fitting
from patchbay.domain.errors import TooLarge

MAX_CALLBACK_BYTES = 20_000
"""Receivers may refuse more (Standard Webhooks, "Payload size")."""


def page(items: Iterable[dict[str, Any]], *, whole: bool) -> list[dict[str, Any]]:
    """The items of a list that go into one answer, from the first on.

    `whole` is for a client that said how many it wants: it gets all of them, or `TooLarge`.
    """
    taken, all_of_them = fitting(items)
    if whole and not all_of_them:
        raise TooLarge(f"this page has more than {MAX_ANSWER_BYTES} bytes; take fewer at once")
    return taken


def fits_callback(body: Mapping[str, Any]) -> bool:
    """Whether a callback's body is small enough, written as notices write it."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) <= MAX_CALLBACK_BYTES
