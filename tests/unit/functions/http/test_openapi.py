"""OpenAPI documents: what is put into FastAPI's."""

from typing import Any

import pytest
from pydantic import BaseModel

from functions.http.dialect import Dialect, ErrorEntry, new_router
from functions.http.errors import InvalidFields
from functions.http.openapi import document
from patchbay.domain.errors import InvalidInput, NotFound, PatchbayError, RateLimited, Unauthenticated

OWN: dict[type[PatchbayError], int] = {
    PatchbayError: 500,
    InvalidInput: 400,
    InvalidFields: 422,
    Unauthenticated: 401,
    NotFound: 404,
    RateLimited: 429,
}


class Error(BaseModel):
    said: str


def of(errors: dict[type[PatchbayError], int]) -> dict[str, Any]:
    """Status -> words, of each operation of a dialect that answers errors so."""
    router = new_router()

    @router.get("/things/{name}")
    async def get_thing(name: str) -> str:
        return name

    @router.post("/things")
    async def make_thing(body: Error) -> str:
        return body.said

    @router.get("/all")
    async def get_all() -> str:
        return ""

    @router.get("/open")
    async def get_open() -> str:
        return ""

    @router.get("/open/{name}")
    async def get_open_thing(name: str) -> str:
        return name

    told = document(
        Dialect(
            name="own",
            title="Own",
            router=router,
            find_key=lambda headers: headers.get("key"),
            errors={kind: ErrorEntry(status, "code", "Title") for kind, status in errors.items()},
            shape=lambda problem: {"said": problem.message},
            error_model=Error,
            error_media_type="application/own",
            public=frozenset({"/open", "/open/{name}"}),
            key_schemes={"key": {"type": "apiKey", "in": "header", "name": "key"}},
        )
    )
    operations = {op["operationId"]: op for methods in told["paths"].values() for op in methods.values()}
    for op in operations.values():
        for status, response in op["responses"].items():
            if status != "200":
                assert response["content"] == {"application/own": {"schema": {"$ref": "#/components/schemas/Error"}}}
    assert operations["get_open"]["security"] == []
    assert "security" not in operations["get_all"]
    return {
        name: {status: response["description"] for status, response in op["responses"].items()}
        for name, op in operations.items()
    }


def test_each_operation_tells_how_it_fails() -> None:
    told = of(OWN)
    open_to_all = {"200": "Success", "429": "Too many requests; `Retry-After` tells when to come back"}
    keyed = {**open_to_all, "400": "Bad input", "401": "Key missing or not valid", "500": "A fault of ours"}
    shaped, absent = {"422": "Fields of the wrong shape"}, {"404": "No such thing, or not yours"}
    assert told == {
        "get_thing": {**keyed, **shaped, **absent},
        "make_thing": {**keyed, **shaped},
        "get_all": keyed,
        "get_open": open_to_all,
        "get_open_thing": {**open_to_all, **absent},
    }


def test_errors_that_are_answered_alike_stand_together() -> None:
    told = of({PatchbayError: 500, InvalidInput: 400, Unauthenticated: 401, NotFound: 400})
    assert told["get_thing"]["400"] == "Bad input; fields of the wrong shape; no such thing, or not yours"
    assert {status for statuses in told.values() for status in statuses} == {"200", "400", "401", "500"}


@pytest.mark.parametrize("kind", OWN)
def test_a_status_is_the_dialects_own(kind: type[PatchbayError]) -> None:
    told = of({**OWN, kind: 418})
    assert "418" in told["get_thing"]
    assert str(OWN[kind]) not in told["get_thing"]
