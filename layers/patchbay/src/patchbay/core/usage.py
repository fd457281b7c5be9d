"""What tenants used: counted once for each job, in the transaction that ends it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from patchbay.core import layout, layout_money, store
from patchbay.domain.budgets import day_of, nano
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import Job
from patchbay.domain.usage import Tally, UsageShard, tally_of
from patchbay.ports import AddWithin, Clock, Records, Write

MOST_DAYS = 366
PAGE = 500
By = Literal["day", "month", "tenant", "workflow", "dialect"]
ByWork = dict[str, Tally]
"""`<dialect>/<workflow>` -> what was used."""


def counting(records: Records, job: Job) -> tuple[Write, ...]:
    """What counts a job that is over just now; it belongs into the transaction that says so."""
    day = day_of(job.completed_at or job.created_at)
    key = layout_money.usage_key(job.tenant_id, day, job.id)
    shard = store.load(records, UsageShard, key) or UsageShard()
    tally, work = tally_of(job), f"{job.dialect}/{job.workflow}"
    amounts = {
        "jobs": tally.jobs,
        "failed": tally.failed,
        "audio_ms": round(tally.audio_s * 1000),
        "nusd": nano(tally.cost_usd),
    }
    of_stage = layout_money.stage_key(day, job.tenant_id, work, job.id)
    return layout.put(key, "usage", shard.counting(job)), AddWithin(of_stage, amounts)


@dataclass(frozen=True, slots=True)
class Usage:
    """A tenant's usage. Months are made of their days, and of what was counted by month before there were days."""

    records: Records
    clock: Clock

    @property
    def of_stage(self) -> "StageUsage":
        """The same of all tenants."""
        return StageUsage(self.records)

    def months(self, tenant_id: str, count: int) -> dict[str, ByWork]:
        """The last `count` months, this one last: month -> `<dialect>/<workflow>` -> what was used."""
        totals: dict[str, ByWork] = {}
        for month in _last_months(self.clock.now(), count):
            totals[month] = {}
            for _, by_work in self._kept(tenant_id, month):
                _add(totals[month], by_work)
        return totals

    def spent(self, tenant_id: str, first: date, last: date) -> Iterator["Spent"]:
        """All of the days from `first` to `last`; a kind of work may come in parts. Raises `InvalidInput`."""
        wanted = dict.fromkeys(days_between(first, last))
        for month in dict.fromkeys(day[:7] for day in wanted):
            for day, by_work in self._kept(tenant_id, f"{month}-"):
                if day in wanted:
                    yield from (Spent(day, tenant_id, work, tally) for work, tally in by_work.items())

    def _kept(self, tenant_id: str, prefix: str) -> Iterator[tuple[str, ByWork]]:
        """(day or month, usage) of each record under a prefix."""
        partition, before = layout_money.usage_partition(tenant_id), None
        while page := self.records.query(partition, prefix=prefix, limit=PAGE, before=before):
            before = page[-1].sk
            for stored in page:
                yield stored.sk.partition("#")[0], layout.entity(UsageShard, stored).by_work


@dataclass(frozen=True, slots=True)
class Spent:
    """What one tenant spent on a day with one kind of work."""

    day: str
    tenant_id: str
    work: str
    """`<dialect>/<workflow>`."""
    tally: Tally


@dataclass(frozen=True, slots=True)
class StageUsage:
    """What all tenants spent: for the operator, who looks at some days; no request does."""

    records: Records

    def spent(self, first: date, last: date) -> Iterator[Spent]:
        """All of the days from `first` to `last`; a kind of work may come in parts. Raises `InvalidInput`."""
        for day in days_between(first, last):
            for partition in layout_money.stage_partitions(day):
                after: str | None = None
                while page := self.records.figures_of(partition, limit=PAGE, after=after):
                    after = page[-1][0]
                    for name, figures in page:
                        tenant_id, _, work = name.partition("#")
                        yield Spent(day, tenant_id, work, _tally(figures))


def grouped(rows: Iterable[Spent], by: By, days: Iterable[str] = ()) -> dict[str, Tally]:
    """What some work cost by one of its properties: days and months in their order, else the costliest first.

    With `days`, each of them or its month is there, work or none.
    """
    in_order = by in {"day", "month"}
    groups = {_name(by, Spent(day, "", "", Tally())): Tally() for day in days} if in_order else {}
    for row in rows:
        name = _name(by, row)
        groups[name] = groups.get(name, Tally()).plus(row.tally)
    ranked = sorted(groups.items(), key=lambda item: item[0] if in_order else (-item[1].cost_usd, item[0]))
    return dict(ranked)


def _name(by: By, row: Spent) -> str:
    dialect, _, workflow = row.work.partition("/")
    return {"day": row.day, "month": row.day[:7], "tenant": row.tenant_id, "dialect": dialect, "workflow": workflow}[by]


def days_between(first: date, last: date) -> list[str]:
    """The days from `first` to `last`, `yyyy-mm-dd`. Raises `InvalidInput` for none, or too many."""
    if first > last:
        raise InvalidInput(f"{first} is after {last}", field="from")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise InvalidInput(f"{count} days are too many; ask for {MOST_DAYS} at the most", field="from")
    return [(first + timedelta(days=n)).isoformat() for n in range(count)]


def _tally(figures: Mapping[str, int]) -> Tally:
    return Tally(
        jobs=figures.get("jobs", 0),
        failed=figures.get("failed", 0),
        audio_s=figures.get("audio_ms", 0) / 1000,
        cost_usd=figures.get("nusd", 0) / 1e9,
    )


def _add(into: ByWork, more: ByWork) -> None:
    for work, tally in more.items():
        into[work] = into.get(work, Tally()).plus(tally)


def _last_months(now: datetime, count: int) -> list[str]:
    number = now.year * 12 + now.month - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(number - count + 1, number + 1)]
