"""A wire language with nothing but files, and the ingest service that speaks it.

`python -m tests.support.files_dialect --port N` serves it with the services of this process's environment.
"""

import sys

from fastapi import Request
from pydantic import BaseModel

from functions.entrypoints.ingest import THREADS, THREADS_OF_A_TENANT, Ingest, main
from functions.http.app import JsonAnswer
from functions.http.dialect import Dialect, ErrorEntry, new_router
from functions.http.errors import MalformedBody
from functions.http.pace import Pace
from functions.http.uploads import form_body, receive_file
from patchbay.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    PatchbayError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

PATHS = ("/files", "/count")
router = new_router()


class Problem(BaseModel):
    """An error."""

    code: str
    message: str
    field: str | None


@router.post("/files", openapi_extra=form_body(name="What to call it"))
async def post_file(request: Request) -> JsonAnswer:
    """Take a file."""
    asset, fields = await receive_file(request)
    return JsonAnswer({"id": asset.id, "name": asset.name, "sha256": asset.sha256, "fields": fields})


@router.post("/count")
async def count(request: Request) -> JsonAnswer:
    """Count the bytes of any body, without a key or a store."""
    size = 0
    async for block in request.stream():
        size += len(block)
    return JsonAnswer({"size": size})


@router.get("/files")
async def list_files() -> JsonAnswer:
    """No body."""
    return JsonAnswer([])


@router.post("/echo")
async def echo(body: dict[str, int]) -> JsonAnswer:
    """A body like all others."""
    return JsonAnswer(body)


DIALECT = Dialect(
    name="files",
    title="Files",
    router=router,
    find_key=lambda headers: headers.get("key"),
    errors={
        PatchbayError: ErrorEntry(500, "other", "Other"),
        InvalidInput: ErrorEntry(400, "input", "Input"),
        MalformedBody: ErrorEntry(400, "malformed", "Malformed"),
        Unauthenticated: ErrorEntry(401, "key", "Key"),
        Forbidden: ErrorEntry(403, "scope", "Scope"),
        Conflict: ErrorEntry(409, "conflict", "Conflict"),
        TooLarge: ErrorEntry(413, "large", "Large"),
        Unavailable: ErrorEntry(503, "later", "Later"),
    },
    shape=lambda problem: {"code": problem.code, "message": problem.message, "field": problem.field},
    error_model=Problem,
    public=frozenset({"/count"}),
    streamed=frozenset(PATHS),
)


def make(threads: int = THREADS, of_a_tenant: int = THREADS_OF_A_TENANT, pace: Pace | None = None) -> Ingest:
    """The service."""
    return Ingest(dict.fromkeys(PATHS, DIALECT), threads=threads, of_a_tenant=of_a_tenant, pace=pace)


if __name__ == "__main__":
    main(sys.argv[1:], make)
