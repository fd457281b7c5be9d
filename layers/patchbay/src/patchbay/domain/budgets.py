"""What an account may spend in a month and in a day, by the cost of its jobs, and when it is warned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from patchbay.domain.base import Entity

Period = Literal["month", "day"]
PERIODS: tuple[Period, ...] = ("month", "day")
LEVELS_PERCENT = (80, 100)
"""Shares of a budget at which its owner is told."""
MOST_USD = 1e6
NANO = 10**9
"""Sums are kept in billionths of a dollar, so that they are exact."""


def nano(usd: float) -> int:
    """Dollars, in billionths."""
    return round(usd * NANO)


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent, in US dollars; 0: no bound."""

    monthly_usd: float = 0.0
    daily_usd: float = 0.0

    @property
    def bounded(self) -> dict[Period, float]:
        """Period -> its bound, where there is one."""
        told: dict[Period, float] = {"month": self.monthly_usd, "day": self.daily_usd}
        return {period: usd for period, usd in told.items() if usd}


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands in one period."""

    period: Period
    began: str
    """`yyyy-mm`, or `yyyy-mm-dd`, in UTC."""
    limit_usd: float
    spent_usd: float
    reserved_usd: float
    """Set aside for jobs that are not over."""
    resets_at: datetime


class BudgetWarning(Entity):
    """So much of a budget is spent; written once for each share, period and budget."""

    tenant_id: str
    period: Period
    began: str
    level_percent: int
    budget_usd: float
    spent_usd: float
    resets_at: datetime
    at: datetime


def month_of(when: datetime) -> str:
    """`yyyy-mm`."""
    return when.strftime("%Y-%m")


def day_of(when: datetime) -> str:
    """`yyyy-mm-dd`."""
    return when.strftime("%Y-%m-%d")


def began(period: Period, when: datetime) -> str:
    """The period that a time is in."""
    return month_of(when) if period == "month" else day_of(when)


def figure(name: str, period: Period, when: datetime) -> str:
    """What a sum of the period is called in the record of its month."""
    return name if period == "month" else f"{name}-{when:%d}"


def resets_at(period: Period, when: datetime) -> datetime:
    """When the next period begins."""
    if period == "day":
        return datetime(when.year, when.month, when.day, tzinfo=UTC) + timedelta(days=1)
    year, month = divmod(when.year * 12 + when.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def standing(period: Period, limit_usd: float, figures: Mapping[str, int], now: datetime) -> Standing:
    """How an account stands whose month has these sums."""
    spent, committed = (figures.get(figure(name, period, now), 0) for name in ("spent", "committed"))
    reserved_usd = max(committed - spent, 0) / NANO
    return Standing(period, began(period, now), limit_usd, spent / NANO, reserved_usd, resets_at(period, now))


def dollars(usd: float) -> str:
    """An amount as people read it: cents, or as many digits as a small one needs."""
    text = f"{usd:.2f}" if usd >= 1 or round(usd, 2) == round(usd, 6) else f"{usd:.6f}".rstrip("0")
    return f"${text}"
