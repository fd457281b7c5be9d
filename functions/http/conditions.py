"""Conditional requests (RFC 9110, section 13): a change is made only of what the client has seen."""

import re

from starlette.requests import Request

from patchbay.domain.errors import InvalidInput

FIELD = "If-Match"
_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_OWN = re.compile(r"[1-9][0-9]{0,15}")


def etag(revision: int) -> str:
    """The entity tag of a thing at a revision."""
    return f'"{revision}"'


def expected(request: Request) -> frozenset[int] | None:
    """The revisions at which the client wants its change made; None: at any. Raises `InvalidInput`.

    A weak tag counts like a strong one: what compresses answers on their way makes ours weak, and nothing here is at
    one revision in two forms.
    """
    given = request.headers.getlist(FIELD)
    text = ",".join(given).strip()
    if not given or text == "*":
        return None
    tags = [tag.strip() for tag in text.split(",")]
    matches = [_TAG.fullmatch(tag) for tag in tags if tag]
    if not matches or not all(matches):
        raise InvalidInput('a condition is the ETag of an answer as it came, such as "7", or *', field=FIELD)
    return frozenset(int(found[1]) for found in matches if found and _OWN.fullmatch(found[1]))
