"""What a wire language is to the HTTP layer: where its routes are, how it finds a key, how it words an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.datastructures import Headers

from functions.http.errors import InvalidFields, MethodNotAllowed
from functions.http.limits import Quotas, told
from functions.http.routes import LateRoute
from patchbay.core.limits import Standing
from patchbay.domain.errors import PatchbayError, RateLimited, Unavailable


def new_router() -> APIRouter:
    """A router whose operations are called by the names of their functions."""
    return APIRouter(
        generate_unique_id_function=lambda route: route.name, redirect_slashes=False, route_class=LateRoute
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may be. Lambda takes 6 MB a call, so that a larger body could not arrive there anyway."""

    max_body_bytes: int = 6 * 1024 * 1024
    max_depth: int = 32


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """How a dialect answers one class of errors."""

    status: int
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error on its way to the client."""

    status: int
    code: str
    title: str
    message: str
    request_id: str
    field: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """(field, message) of every fault of a request of the wrong shape."""
    path: str = ""
    """What was asked for."""
    retry_after_s: int | None = None
    """When to come back, where too much was asked for."""


@dataclass(frozen=True)
class Dialect:
    """One wire language."""

    name: str
    title: str
    router: APIRouter
    find_key: Callable[[Headers], str | None]
    """Takes the API key out of a request's headers."""
    errors: Mapping[type[PatchbayError], ErrorEntry]
    """Answer of each class of errors; a class that is not here answers as its nearest base. Has `PatchbayError`."""
    shape: Callable[[Problem], dict[str, Any]]
    """The body of an error."""
    error_model: type[BaseModel]
    """What `shape` makes, for the OpenAPI document."""
    tokens: bool = False
    """Whether the access token of somebody who signed in does as well as a key."""
    cookies: bool = False
    """Whether a browser's cookie does as well, where no key comes."""
    bases: tuple[str, ...] = ("",)
    """Path prefixes that the routes are served under, all alike."""
    public: frozenset[str] = frozenset()
    """Paths of routes that need no key."""
    optional: frozenset[str] = frozenset()
    """Paths of routes whose GETs need no key either, but answer its owner more; a bad one is refused."""
    writing: frozenset[str] = frozenset()
    """Paths of GET routes that make something all the same: no HEAD, and no key that may only read, is taken there."""
    secret: frozenset[str] = frozenset()
    """Paths of routes whose answers hold what is stored nowhere, and so are not kept for an idempotency key."""
    streamed: frozenset[str] = frozenset()
    """Paths of routes that read bodies themselves, as they come: those with files in them."""
    limits: Limits = field(default_factory=Limits)
    quotas: Quotas = field(default_factory=Quotas)
    """How many requests it takes."""
    heavy: Mapping[str, Quotas] = field(default_factory=dict)
    """The same of single paths, each counted by itself."""
    quota_headers: Callable[[Standing], Mapping[str, str]] = told
    """What every answer tells of that."""
    error_media_type: str = "application/json"
    description: str = ""
    key_schemes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """OpenAPI security schemes, any of which will do."""

    def entry(self, kind: type[PatchbayError]) -> ErrorEntry:
        """How a class of errors is answered."""
        return next(self.errors[cls] for cls in kind.__mro__ if cls in self.errors)

    def problem(self, error: PatchbayError, request_id: str, path: str = "") -> Problem:
        """An error in this dialect's terms."""
        entry = self.entry(type(error))
        fields = tuple((p.field, p.message) for p in error.problems) if isinstance(error, InvalidFields) else ()
        named = getattr(error, "field", None)
        wait_s = error.retry_after_s if isinstance(error, RateLimited) else None
        return Problem(entry.status, entry.code, entry.title, str(error), request_id, named, fields, path, wait_s)

    def headers(self, error: PatchbayError) -> dict[str, str]:
        """Headers that HTTP wants beside an error."""
        if isinstance(error, RateLimited | Unavailable) and error.retry_after_s is not None:
            return {"retry-after": str(error.retry_after_s)}
        return {"allow": error.allow} if isinstance(error, MethodNotAllowed) else {}
