"""Costs and budgets."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from patchbay.core.usage import By, Spent, days_between, grouped
from patchbay.domain.budgets import Standing
from patchbay.domain.usage import Tally


def costs(rows: Iterable[Spent], first: date, last: date, by: By) -> dict[str, Any]:
    """What some days cost, by one of their properties."""
    days = days_between(first, last)
    groups = grouped(rows, by, days)
    total = Tally()
    for tally in groups.values():
        total = total.plus(tally)
    shown = [{"name": name, **spent(tally)} for name, tally in groups.items()]
    return {"from": first.isoformat(), "to": last.isoformat(), "by": by, "total": spent(total), "groups": shown}


def spent(tally: Tally) -> dict[str, Any]:
    """A tally."""
    return {
        "jobs": tally.jobs,
        "failed": tally.failed,
        "audio_minutes": round(tally.audio_s / 60, 3),
        "cost_usd": round(tally.cost_usd, 9),
    }


def budgets(standing: Iterable[Standing]) -> list[dict[str, Any]]:
    """Where an account stands in each period that is bounded."""
    return [
        {
            "period": each.period,
            "limit_usd": each.limit_usd,
            "spent_usd": each.spent_usd,
            "reserved_usd": each.reserved_usd,
            "resets_at": each.resets_at.isoformat(),
        }
        for each in standing
    ]
