"""Bodies about webhooks, notices and events."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from functions.dialects.native.schemas.common import NEXT, Order
from functions.http.schemas import Body
from patchbay.domain.webhooks import TERMINAL_EVENTS, NoticeState

Url = Annotated[str, Field(min_length=1, max_length=2048)]
Events = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=20)]
Description = Annotated[str, Field(max_length=1024)]
_EVENTS = (
    "Events to be told: `job.queued`, `job.started`, `job.succeeded`, `job.failed`, `job.cancelled`, `job.deleted`,"
    " `asset.ready`, `asset.rejected`, `budget.warned`, or all of a kind: `job.*`, `asset.*`, `budget.*`, `*`"
)


class WebhookOrder(Order):
    """A receiver that is to be registered."""

    url: Url = Field(description="Public URL that takes events by POST", examples=["https://example.org/hooks"])
    events: Events = Field(list(TERMINAL_EVENTS), description=_EVENTS)
    description: Description = Field("", description="What it is for")


class WebhookChange(Order):
    """What is to be changed of a receiver; what is left out, or null, stays."""

    url: Url | None = Field(None, description="Where events go from now on; those already waiting too")
    events: Events | None = Field(None, description=_EVENTS)
    description: Description | None = Field(None, description="What it is for")
    enabled: bool | None = Field(None, description="Switch it off, or on again after it was switched off")


class Webhook(Body):
    """A receiver of events. It has a secret of its own that signs what is sent there (Standard Webhooks)."""

    id: str = Field(description="Its id")
    url: str = Field(description="Where events go")
    events: list[str] = Field(description=_EVENTS)
    description: str = Field(description="What it is for")
    enabled: bool = Field(description="Whether events are sent there")
    disabled_at: datetime | None = Field(description="When it was switched off")
    disabled_reason: str | None = Field(description="Why: by you, or because it answered 410 Gone")
    created_at: datetime = Field(description="When it was registered")


class NewWebhook(Webhook):
    """A receiver that was just registered, with its secret."""

    secret: str = Field(description="What signs the events that are sent there: `whsec_...`")


class WebhookPage(Body):
    """A page of receivers, oldest first."""

    webhooks: list[Webhook] = Field(description="At most `limit` of them")
    next_cursor: str | None = Field(description=NEXT)


class Secret(Body):
    """What reports are signed with."""

    secret: str = Field(description="The secret: `whsec_...`")
    previous: str | None = Field(description="The one before it, which signs too while it is being replaced")
    previous_until: datetime | None = Field(description="Until when it does")


class Event(Body):
    """One thing that happened, as receivers are told it."""

    version: str = Field(description="Version of this form")
    id: str = Field(description="The same however often it is told")
    type: str = Field(description="What happened: `job.succeeded`, `asset.ready` ...")
    tenant_id: str = Field(description="Whose it is")
    time: datetime = Field(description="When it happened")
    data: dict[str, Any] = Field(description="The job or asset as it was then")


class ListedEvent(Event):
    """An event in a list."""

    cursor: str = Field(description="Its place in the list: what comes after it is asked for with this as `cursor`")


class EventPage(Body):
    """A page of events."""

    events: list[ListedEvent] = Field(description="At most `limit` of them")
    next_cursor: str | None = Field(
        description="Give it as `cursor` for what comes after. Oldest first there is always one, once there was an"
        " event: the list goes on. Newest first it is null on the last page"
    )


class Attempt(Body):
    """One try to bring a notice to its receiver."""

    at: datetime = Field(description="When it was made")
    status: int | None = Field(description="HTTP status of the answer; null if there was none. Only 2xx counts")
    error: str | None = Field(description="What went wrong")
    duration_ms: int = Field(description="How long it took, in milliseconds")


class ListedNotice(Body):
    """One event on its way to one receiver, as lists have it."""

    id: str = Field(description="Its id, sent as `webhook-id`: the same on every attempt")
    event_id: str = Field(description="Id of the event")
    event_type: str = Field(description="What happened")
    url: str = Field(description="Where it goes")
    endpoint_id: str | None = Field(description="The webhook that it goes to; null for a job's own `callback_url`")
    job_id: str | None = Field(description="The job whose `callback_url` it goes to")
    state: NoticeState = Field(description="`pending` until it was taken (`delivered`) or given up (`dead`)")
    reason: str | None = Field(description="Why it was given up")
    tries: int = Field(description="Attempts so far, since it was last replayed")
    created_at: datetime = Field(description="When it was put down")
    next_attempt_at: datetime | None = Field(description="When the next attempt is due; null when it is over")
    ended_at: datetime | None = Field(description="When it was taken or given up")


class Notice(ListedNotice):
    """One event on its way to one receiver."""

    event: Event = Field(description="The event itself")
    attempts: list[Attempt] = Field(description="The last 30 attempts, oldest first")


class NoticePage(Body):
    """A page of notices, newest first."""

    notices: list[ListedNotice] = Field(
        description="At most `limit` of them; with a filter a page may have fewer, even none, though more follow"
    )
    next_cursor: str | None = Field(description=NEXT)
