"""Bodies about costs and budgets."""

from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict, Field

from functions.http.schemas import Body
from patchbay.domain.budgets import Period

By = Literal["day", "month", "workflow", "dialect"]


class Budget(Body):
    """What your jobs may cost in a period, and what they do."""

    period: Period = Field(description="A month or a day, in UTC")
    limit_usd: float = Field(description="What may be spent, in US dollars")
    spent_usd: float = Field(description="What jobs that are over cost")
    reserved_usd: float = Field(description="What is set aside for jobs that are not over, as they were put at")
    resets_at: datetime = Field(description="When the next period begins")


class Spent(Body):
    """What was spent on some of your jobs."""

    jobs: int = Field(description="Jobs that succeeded")
    failed: int = Field(description="Jobs that failed or were cancelled")
    audio_minutes: float = Field(description="Minutes of audio that those were about which succeeded")
    cost_usd: float = Field(description="What the machines and requests of all of them cost, in US dollars")


class Group(Spent):
    """What was spent on one day, in one month, with one workflow, or in one dialect."""

    name: str = Field(description="The day or month, the workflow's slug, or the dialect", examples=["2026-01-31"])


class Costs(Body):
    """What you spent from one day to another (UTC)."""

    model_config = ConfigDict(serialize_by_alias=True)

    first: date = Field(alias="from", description="The first day")
    last: date = Field(alias="to", description="The last day, which is included")
    by: By = Field(description="What the groups are")
    total: Spent = Field(description="All of it")
    groups: list[Group] = Field(description="Days and months in their order; else the costliest first")
    budgets: list[Budget] = Field(description="Where you stand now; empty where nothing is bounded")
