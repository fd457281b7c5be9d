"""Users, applications, keys and usage."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.dialects.native.mapping.costs import spent
from patchbay.domain.usage import Tally
from patchbay.domain.users import ApiKey, Application, User


def user(found: User) -> dict[str, Any]:
    """A person."""
    return found.model_dump(mode="json", include={"id", "email", "name", "created_at"})


def application(found: Application) -> dict[str, Any]:
    """An application."""
    return found.model_dump(mode="json", include={"id", "name", "created_at"})


def key(found: ApiKey, now: datetime) -> dict[str, Any]:
    """A key, nothing of its secret but the first characters."""
    named = {"id", "application_id", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at"}
    return {**found.model_dump(mode="json", include=named), "usable": found.usable(now)}


def held(standing: Mapping[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """What there is of all that is bounded."""
    return [{"name": name, "used": used, "limit": most} for name, (used, most) in standing.items()]


def usage(months: Mapping[str, Mapping[str, Tally]]) -> dict[str, Any]:
    """Usage by month, newest first."""
    return {"months": [_month(month, months[month]) for month in sorted(months, reverse=True)]}


def _month(month: str, by_work: Mapping[str, Tally]) -> dict[str, Any]:
    total = Tally()
    for tally in by_work.values():
        total = total.plus(tally)
    ranked = sorted(by_work.items(), key=lambda item: (-item[1].cost_usd, item[0]))
    return {"month": month, **_tally(total), "by_work": [_work(name, tally) for name, tally in ranked]}


def _work(name: str, tally: Tally) -> dict[str, Any]:
    dialect, _, workflow = name.partition("/")
    return {"dialect": dialect, "workflow": workflow, **_tally(tally)}


def _tally(tally: Tally) -> dict[str, Any]:
    return {**spent(tally), "cost_usd": round(tally.cost_usd, 6)}
