"""The OpenAPI document of a dialect: FastAPI's, with the dialect's own errors, keys and bases put in."""

import json
from collections.abc import Iterator
from typing import Any

from functions.http.app import fastapi_app
from functions.http.dialect import Dialect
from functions.http.errors import InvalidFields
from patchbay.domain.errors import InvalidInput, NotFound, PatchbayError, RateLimited, Unauthenticated

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_DONE = {"200": "Success", "201": "Made"}


def document(dialect: Dialect) -> dict[str, Any]:
    """The document, ready for JSON."""
    app = fastapi_app(dialect)
    app.version = VERSION
    told: dict[str, Any] = app.openapi()
    components = told.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _add_model(dialect, schemas)
    if dialect.key_schemes:
        components["securitySchemes"] = {name: dict(scheme) for name, scheme in dialect.key_schemes.items()}
        told["security"] = [{name: []} for name in dialect.key_schemes]
    told["paths"] = dict(sorted(told["paths"].items()))
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            _finish(dialect, path, method, operation)
    return told


def text(dialect: Dialect) -> str:
    """The document as it is committed."""
    return json.dumps(document(dialect), indent=2, ensure_ascii=False) + "\n"


def _add_model(dialect: Dialect, schemas: dict[str, Any]) -> None:
    schema = dialect.error_model.model_json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[dialect.error_model.__name__] = schema


def _finish(dialect: Dialect, path: str, method: str, operation: dict[str, Any]) -> None:
    """Say how one operation fails, and that it needs no key if it needs none."""
    if path in dialect.public and dialect.key_schemes:
        operation["security"] = []
    elif path in dialect.optional and method == "get":
        operation["security"] = [{}, *({name: []} for name in dialect.key_schemes)]
    told: dict[str, list[str]] = {}
    for kind, words in _failures(dialect, path, operation):
        told.setdefault(str(dialect.entry(kind).status), []).append(words)
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own, which no dialect answers
    for status in responses.keys() & _DONE.keys():
        responses[status]["description"] = _DONE[status]
    reference = {"$ref": _REF.format(model=dialect.error_model.__name__)}
    content = {dialect.error_media_type: {"schema": reference}}
    for status, reasons in sorted(told.items()):
        words = "; ".join(reasons)
        responses[status] = {"description": words[:1].upper() + words[1:], "content": content}


def _failures(dialect: Dialect, path: str, operation: dict[str, Any]) -> Iterator[tuple[type[PatchbayError], str]]:
    """What an operation's caller has to be ready for, in words; the dialect knows the status of each."""
    public = path in dialect.public and "requestBody" not in operation
    if not public:
        yield InvalidInput, "bad input"
        yield Unauthenticated, "key missing or not valid"
    if not public and ("requestBody" in operation or "parameters" in operation):
        yield InvalidFields, "fields of the wrong shape"
    if "{" in path:
        yield NotFound, "no such thing, or not yours"
    yield RateLimited, "too many requests; `Retry-After` tells when to come back"
    if not public:
        yield PatchbayError, "a fault of ours"
