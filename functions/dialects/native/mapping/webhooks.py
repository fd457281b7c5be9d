"""Webhooks, notices and events."""

from collections.abc import Mapping
from typing import Any

from patchbay.domain.webhooks import Endpoint, Notice, NoticeState, SigningSecret

_OF_ENDPOINT = {"id", "url", "events", "description", "disabled_at", "disabled_reason", "created_at"}
NO_OTHER = {"previous": None, "previous_until": None}
_OF_NOTICE = {"id", "url", "endpoint_id", "job_id", "state", "reason", "tries", "created_at", "ended_at"}


def webhook(found: Endpoint) -> dict[str, Any]:
    """A receiver, without its secret."""
    return {**found.model_dump(mode="json", include=_OF_ENDPOINT), "enabled": found.disabled_at is None}


def secret(found: SigningSecret) -> dict[str, Any]:
    """A secret, and the one that it replaces."""
    before = found.earlier[0] if found.earlier else None
    told = {"previous": before.secret, "previous_until": before.until} if before else NO_OTHER
    return {"secret": found.current, **told}


def listed_notice(found: Notice) -> dict[str, Any]:
    """A notice as lists have it."""
    return {
        **found.model_dump(mode="json", include=_OF_NOTICE),
        "event_id": found.event["id"],
        "event_type": found.event["type"],
        "next_attempt_at": found.due_at.isoformat() if found.state is NoticeState.PENDING else None,
    }


def notice(found: Notice) -> dict[str, Any]:
    """A notice with its event and attempts."""
    attempts = [attempt.model_dump(mode="json") for attempt in found.attempts]
    return {**listed_notice(found), "event": found.event, "attempts": attempts}


def event(cursor: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """An event with its place."""
    return {**found, "cursor": cursor}
