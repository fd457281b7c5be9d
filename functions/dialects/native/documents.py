"""The documents of all dialects, as committed beside their code, and the pages made of them."""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from functions.dialects.native import pages
from patchbay.catalog.dialects import DIALECTS
from patchbay.domain.errors import NotFound

FOLDER = Path(__file__).parent.parent
_STYLE_HASH = base64.b64encode(hashlib.sha256(pages.STYLE.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A page has one style, known by its hash, and nothing else that a browser would load or run."""


@cache
def openapi(name: str) -> bytes:
    """A dialect's OpenAPI document. Raises `NotFound`."""
    # The name is looked up, never put into a path as it came.
    found = next((entry.name for entry in DIALECTS if entry.name == name), None)
    path = FOLDER / found / "openapi.json" if found else None
    if path is None or not path.is_file():
        raise NotFound(f"there is no dialect {name}")
    return path.read_bytes()


@cache
def page(name: str) -> str:
    """A dialect's page. Raises `NotFound`."""
    told: dict[str, Any] = json.loads(openapi(name))
    return pages.page(told, name, _others())


@cache
def index() -> str:
    """The page that lists the dialects."""
    return pages.index([(name, title, json.loads(openapi(name))["info"]["description"]) for name, title in _others()])


def _others() -> list[tuple[str, str]]:
    return [(entry.name, entry.title) for entry in DIALECTS]
