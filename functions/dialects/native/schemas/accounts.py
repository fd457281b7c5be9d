"""Bodies about users, applications, keys and usage."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from functions.dialects.native.schemas.common import NEXT, Order
from functions.dialects.native.schemas.costs import Budget, Spent
from functions.http.schemas import Body


def _shown(name: str) -> str:
    if not name.strip():
        raise ValueError("a name needs a character that can be seen")
    return name


Name = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra={"pattern": r"\S"}), AfterValidator(_shown)]
Scope = Literal["*", "read", "write"]
LONGEST_OVERLAP_S = 30 * 86_400


class User(Body):
    """The person that a key speaks for."""

    id: str = Field(description="Their id")
    email: str = Field(description="Their e-mail address")
    name: str = Field(description="Their name, if they gave one")
    created_at: datetime = Field(description="When they joined")


class ApplicationOrder(Order):
    """An application's name."""

    name: Name = Field(description="Name to know it by", examples=["Karaoke shop"])


class Application(Body):
    """One program or use of yours: its keys belong together, and share a secret that signs its reports."""

    id: str = Field(description="Its id")
    name: str = Field(description="Name to know it by")
    created_at: datetime = Field(description="When it was made")


class ApplicationPage(Body):
    """A page of applications, oldest first."""

    applications: list[Application] = Field(description="At most `limit` of them")
    next_cursor: str | None = Field(description=NEXT)


class KeyOrder(Order):
    """A key that is to be made."""

    application_id: str | None = Field(
        None, max_length=64, description="The application it is for; that of the asking key if left out"
    )
    name: Name = Field(description="What the key is for, to tell it from others", examples=["studio laptop"])
    scopes: list[Scope] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="What it may do: `read`, `write`, or `*` for both. No more than the asking key may, whose own are"
        " taken if left out",
    )
    expires_at: AwareDatetime | None = Field(
        None, description="When it ends, with a time zone; never if left out", examples=["2030-01-01T00:00:00Z"]
    )


class KeyRotation(Order):
    """How a key is to be replaced."""

    keep_old_for_s: int = Field(
        0, ge=0, le=LONGEST_OVERLAP_S, description="How many seconds the old key stays good beside the new one"
    )


class Key(Body):
    """An API key, without its secret."""

    id: str = Field(description="Its id")
    application_id: str = Field(description="The application it belongs to")
    name: str = Field(description="What it is for")
    prefix: str = Field(description="Its first characters, to know it by")
    scopes: list[str] = Field(description="What it may do: `read`, `write`, or `*` for both")
    usable: bool = Field(description="Whether it can be used now: neither expired nor revoked")
    created_at: datetime = Field(description="When it was made")
    expires_at: datetime | None = Field(description="When it ends by itself")
    revoked_at: datetime | None = Field(description="When it was ended")


class NewKey(Key):
    """A key that was just made, with its secret, which is stored nowhere and cannot be shown again."""

    secret: str = Field(description="The key itself, to send with requests")


class KeyPage(Body):
    """A page of keys, newest first."""

    keys: list[Key] = Field(description="At most `limit` of them, expired and revoked ones included")
    next_cursor: str | None = Field(description=NEXT)


class Me(Body):
    """Whom the key speaks for."""

    user: User = Field(description="The person")
    application: Application = Field(description="The application that the key belongs to")
    key: Key | None = Field(description="The key that asks; null for the session of a browser")


class WorkUsage(Spent):
    """What one workflow was used in one dialect."""

    dialect: str = Field(description="The dialect in which the jobs were ordered")
    workflow: str = Field(description="Slug of the workflow")


class MonthUsage(Spent):
    """What was used in one month (UTC)."""

    month: str = Field(description="Year and month", examples=["2026-01"])
    by_work: list[WorkUsage] = Field(description="The same by dialect and workflow, the costliest first")


class Held(Body):
    """How much there is of something of which an account may have only so much at once."""

    name: Literal["files", "bytes", "jobs"] = Field(
        description="Files that you brought, their bytes, or jobs that are not over"
    )
    used: int = Field(description="How much there is")
    limit: int = Field(description="How much there may be")


class Usage(Body):
    """What was used, by month, and what there is now."""

    held: list[Held] = Field(description="What there is now of all that is bounded; empty where nothing is")
    budgets: list[Budget] = Field(description="What jobs may cost, and do; empty where that is not bounded")
    months: list[MonthUsage] = Field(description="Newest first; months without a job have zeros")
