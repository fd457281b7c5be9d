"""Pages of lists: a limit, and a cursor, which is the id of the last thing of the page before."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import AfterValidator

from functions.http.sizes import fitting
from patchbay.domain.ids import is_id

T = TypeVar("T")
MAX_LIMIT = 200
BLOCK = 200
LOOKED_AT = 1000
"""How many things are looked at for one page of a list that no index has in the order and choice asked for."""


def _cursor(text: str) -> str:
    if not is_id(text):
        raise ValueError("that is no cursor of a page before")
    return text


def _name(text: str) -> str:
    """The cursor of a list that has names in place of ids."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", text):
        raise ValueError("that is no cursor of a page before")
    return text


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most things on the page")]
Cursor = Annotated[
    Annotated[str, AfterValidator(_cursor)] | None,
    Query(max_length=64, description="`next_cursor` of the page before"),
]

NameCursor = Annotated[
    Annotated[str, AfterValidator(_name)] | None,
    Query(max_length=64, description="`next_cursor` of the page before"),
]


def walked(
    read: Callable[[int, str | None], Sequence[T]],
    id_of: Callable[[T], str],
    limit: int,
    cursor: str | None,
    fits: Callable[[T], bool] | None = None,
) -> tuple[list[T], str | None]:
    """A page of a stored list, and the cursor of the next; `read(limit, before)` gives it in blocks.

    With `fits` a page may end before it is full, so that no request looks at more than about `LOOKED_AT` things.
    """
    found: list[T] = []
    looked_at, block = 0, limit + 1 if fits is None else BLOCK
    while looked_at < LOOKED_AT:
        things = read(min(block, MAX_LIMIT), cursor)
        if not things:
            return found, None
        for thing in things:
            if len(found) == limit:
                return found, cursor
            cursor, looked_at = id_of(thing), looked_at + 1
            if fits is None or fits(thing):
                found.append(thing)
    return found, cursor


def fitted(
    things: Sequence[T], shown: Callable[[T], dict[str, Any]], id_of: Callable[[T], str], cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page as it is answered and the cursor of the next: a page ends early if it would outgrow an answer."""
    told, all_of_them = fitting(shown(thing) for thing in things)
    return told, cursor if all_of_them else id_of(things[len(told) - 1])


def cut(things: Sequence[T], id_of: Callable[[T], str], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """A page of a short list at hand, in ascending order of ids, or of names that stand for them."""
    rest = [thing for thing in things if cursor is None or id_of(thing) > cursor]
    page = rest[:limit]
    return page, id_of(page[-1]) if len(rest) > limit else None
