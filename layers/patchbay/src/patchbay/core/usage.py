"""What a tenant used: counted once for each job, in the transaction that ends it."""

from dataclasses import dataclass
from datetime import datetime

from patchbay.core import layout, store
from patchbay.domain.jobs import Job
from patchbay.domain.usage import Tally, UsageShard
from patchbay.ports import Clock, Put, Records


def month_of(when: datetime) -> str:
    """`yyyy-mm`, by which usage is kept."""
    return when.strftime("%Y-%m")


def counting(records: Records, job: Job) -> Put:
    """The write that counts a job that has just succeeded; it belongs into the transaction that says so."""
    key = layout.usage_key(job.tenant_id, month_of(job.completed_at or job.created_at), job.id)
    shard = store.load(records, UsageShard, key) or UsageShard()
    return layout.put(key, "usage", shard.counting(job))


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage by month."""

    records: Records
    clock: Clock

    def months(self, tenant_id: str, count: int) -> dict[str, dict[str, Tally]]:
        """The last `count` months, this one last: month -> `<dialect>/<workflow>` -> what was used."""
        wanted = _last_months(self.clock.now(), count)
        keys = [key for month in wanted for key in layout.usage_keys(tenant_id, month)]
        totals: dict[str, dict[str, Tally]] = {month: {} for month in wanted}
        for stored in self.records.get_many(keys):
            into = totals[stored.sk.split("#")[0]]
            for work, tally in layout.entity(UsageShard, stored).by_work.items():
                into[work] = into.get(work, Tally()).plus(tally)
        return totals


def _last_months(now: datetime, count: int) -> list[str]:
    number = now.year * 12 + now.month - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(number - count + 1, number + 1)]
