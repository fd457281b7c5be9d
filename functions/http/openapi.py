"""The OpenAPI document of a dialect: FastAPI's, with the dialect's own errors, keys and bases put in."""

import json
from typing import Any

from functions.http.app import fastapi_app
from functions.http.dialect import Dialect

VERSION = "1.0.0"
_ERRORS = {"400": "Bad input", "401": "Key missing or not valid", "422": "Fields of the wrong shape"}
_REF = "#/components/schemas/{model}"


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
        for operation in methods.values():
            _finish(dialect, path, operation)
    return told


def text(dialect: Dialect) -> str:
    """The document as it is committed."""
    return json.dumps(document(dialect), indent=2, ensure_ascii=False) + "\n"


def _add_model(dialect: Dialect, schemas: dict[str, Any]) -> None:
    schema = dialect.error_model.model_json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[dialect.error_model.__name__] = schema


def _finish(dialect: Dialect, path: str, operation: dict[str, Any]) -> None:
    """Say how one operation fails, and that it needs no key if it needs none."""
    public = path in dialect.public
    if public and dialect.key_schemes:
        operation["security"] = []
    told = {} if public else dict(_ERRORS)
    if "{" in path:
        told["404"] = "No such thing, or not yours"
    takes_something = "requestBody" in operation or "parameters" in operation
    if not takes_something:
        told.pop("422", None)
    operation["responses"].pop("422", None)
    operation["responses"]["200"]["description"] = "Success"
    reference = {"$ref": _REF.format(model=dialect.error_model.__name__)}
    content = {dialect.error_media_type: {"schema": reference}}
    for status, description in told.items():
        operation["responses"][status] = {"description": description, "content": content}
