"""What the bodies share."""
# ruff: noqa: N815

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BeforeValidator, ConfigDict, Field

from functions.http import schemas as base
from patchbay.core.numbers import MOST

MAX_LIMIT = 100
Number = Annotated[int, Path(ge=1, le=MOST)]
"""A public number in a path."""
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Results in this answer")]


def unless_empty(given: Any) -> Any:
    """Forms, and programs that write all of their filters, have empty texts for what was left out."""
    return None if given == "" else given


Whether = Annotated[bool | None, BeforeValidator(unless_empty)]
Which = Annotated[Annotated[int, Field(ge=1, le=MOST)] | None, BeforeValidator(unless_empty)]
Measure = Annotated[
    Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None, BeforeValidator(unless_empty), Query()
]
"""A bound of a filter, in a query."""


class Body(base.Body):
    """What a client sends. Fields that are not listed have no effect: newer clients may send more."""

    model_config = ConfigDict(extra="ignore")


class Problem(base.Body):
    """One wrong field."""

    field: str
    message: str


class Details(base.Body):
    """More about an error."""

    requestId: str = Field(description="Tell us this one if you ask for help")
    message: str
    field: str | None = Field(None, description="The part of the request at fault, absent if none is")
    fields: list[Problem] | None = Field(None, description="Every fault of a request of the wrong shape")


class Error(base.Body):
    """Every answer that is not 2xx or a redirection."""

    error: str
    code: str = Field(examples=["VALIDATION_ERROR"])
    details: Details
    timestamp: str = Field(examples=["2024-01-15T10:30:00Z"])
    path: str


def redirect() -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that sends the client on to a file."""
    headers = {
        "Location": {"schema": {"type": "string"}, "description": "Fresh link to the file; it takes `Range`"},
        "Link": {"schema": {"type": "string"}, "description": "The licence that it is under, `rel=license`"},
    }
    return {302: {"description": "Without `Accept: application/json`", "headers": headers}}
