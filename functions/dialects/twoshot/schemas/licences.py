"""Licences."""
# ruff: noqa: N815

from typing import Annotated

from pydantic import BeforeValidator, Field

from functions.dialects.twoshot.schemas.common import Body
from functions.http import schemas as base
from patchbay.core.numbers import MOST


class Terms(base.Body):
    """What a licence allows."""

    commercial: bool
    streaming_limit: int | None = Field(description="Streams; null for as many as there are")
    attribution_required: bool


class Licence(base.Body):
    """A licence."""

    id: int
    name: str
    description: str
    price: float
    currency: str
    terms: Terms


class Wish(Body):
    """What a licence is wanted for."""

    licenceId: int = Field(ge=1, le=MOST)
    contentId: Annotated[str, BeforeValidator(lambda given: str(given) if type(given) is int else given)] = Field(
        min_length=1, max_length=64, description="An audio's id, or a sample's"
    )
    contentType: str = Field(max_length=32, examples=["sample"])


class Application(base.Body):
    """A licence that was applied for."""

    licenseApplicationId: str
    status: str = Field(examples=["approved"])
    validUntil: str | None = Field(description="Null for ever")
    terms: Terms


class Shown(base.Body):
    """The licence that a file is under, and what you have of it."""

    id: int
    name: str
    terms: Terms
    application: Application | None = Field(description="Yours, if you applied for it")
