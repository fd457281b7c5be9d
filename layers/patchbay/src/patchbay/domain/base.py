"""What all stored nouns share.

Two releases run side by side for a while whenever a stage is upgraded: each reads what the other wrote. So fields that
a release does not know stay in what it writes back, and a new field has a default. What cannot be said in added fields
gets a new `FORM`, which older releases leave alone.
"""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from patchbay.domain.errors import Unavailable


class Part(BaseModel):
    """Part of a stored thing: immutable; what a newer release wrote beside the known fields is kept."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="allow")


class Entity(Part):
    """A stored thing: immutable in memory; a changed copy is written under the next version."""

    FORM: ClassVar[int] = 1
    """Number of the form that this release reads and writes, see `upgraded`."""

    version: int = 0
    """Version as stored; 0 for a thing that is not stored yet. Writers demand the version they read."""

    @classmethod
    def upgraded(cls, body: dict[str, Any], form: int) -> dict[str, Any]:
        """What `body`, of the form `form`, is in the next one. A class whose `FORM` is not 1 says it."""
        raise NotImplementedError(f"{cls.__name__} has no form after {form}")

    @classmethod
    def stored(cls, text: str, form: int) -> Self:
        """The thing of a stored body. Raises `Unavailable` for one that a newer release wrote in a form of its own."""
        if form == cls.FORM:
            return cls.model_validate_json(text)
        if form > cls.FORM:
            raise Unavailable("a newer release is being put in place; try again in a minute")
        body = json.loads(text)
        for number in range(form, cls.FORM):
            body = cls.upgraded(body, number)
        return cls.model_validate_json(json.dumps(body))


def utc_now() -> datetime:
    """The time now, to the millisecond, as every stored and shown time is."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
