"""What the bodies of several nouns share."""

from typing import Literal

from pydantic import ConfigDict, Field

from functions.http.schemas import Body

NEXT = "Give it as `cursor` for the next page; null on the last one"


class Order(Body):
    """Base of what clients send: a name that is not known is refused, so that a typing error never passes silently."""

    model_config = ConfigDict(extra="forbid")


class Gone(Body):
    """What is forgotten now."""

    id: str = Field(description="Its id")


class Health(Body):
    """Sign of life."""

    status: Literal["ok"] = Field(description="Always `ok`")
    stage: str = Field(description="Name of the stage that answers")


class FieldError(Body):
    """What is wrong with one field."""

    field: str = Field(description="Its name, dotted: `input.url`")
    message: str = Field(description="What is wrong with it, in words")


class Problem(Body):
    """Every answer that is not 2xx: RFC 9457 problem details."""

    type: str = Field(description="Kind of the problem as a URN, `urn:patchbay:problem:` and the code")
    title: str = Field(description="The kind in words, the same for every problem of it")
    status: int = Field(description="HTTP status")
    detail: str = Field(description="What is wrong with this request, and where it can be said, what to do")
    instance: str = Field(description="The request, as our log knows it")
    code: str = Field(description="The kind in one word, for programs: `invalid-input`, `not-found`, `conflict` ...")
    errors: list[FieldError] | None = Field(None, description="Every field that is at fault, not only the first")
