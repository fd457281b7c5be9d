"""What can go wrong before the core is reached, as errors like the core's own, so that one table maps them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from patchbay.domain.errors import InvalidInput, NotFound, PatchbayError, TooLarge


class RouteNotFound(NotFound):
    """No route has this path."""


class MethodNotAllowed(PatchbayError):
    """The path exists, the method does not."""

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class MalformedBody(InvalidInput):
    """The body is not what JSON allows."""


class BodyTooLarge(TooLarge):
    """The body has more bytes than the API takes."""


class InvalidFields(InvalidInput):
    """Well-formed JSON or query of the wrong shape. `problems` has every fault, `field` and the message the first."""

    def __init__(self, problems: Sequence["FieldProblem"]) -> None:
        first = problems[0]
        super().__init__(f"{first.field}: {first.message}", field=first.field)
        self.problems = tuple(problems)


class Unhandled(PatchbayError):
    """A fault of ours; what it was is in the log only."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field."""

    field: str
    message: str


_PLACES = {"body", "query", "path", "header"}
_OF_A_VALIDATOR = "Value error, "
"""What pydantic puts before the words of a validator of ours."""


def field_problems(errors: Sequence[Any]) -> list[FieldProblem]:
    """Pydantic's errors in our words: dotted names as the client sent them, and sentences without the input's value."""
    found = []
    for error in errors:
        place, *names = error["loc"]
        parts = [str(name) for name in names] if place in _PLACES else [str(name) for name in error["loc"]]
        message = str(error["msg"]).removeprefix(_OF_A_VALIDATOR)
        found.append(FieldProblem(".".join(parts) or str(place), message[:1].lower() + message[1:]))
    return found
