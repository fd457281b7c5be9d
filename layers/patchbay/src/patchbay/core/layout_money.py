"""How usage, costs and budgets lie in the table.

A job that ends is counted three times, in the transaction that ends it: among its tenant's day, among the stage's, and
in the sums of the tenant's month that budgets are held to. That is six write units, $3.75 for a million jobs.

One partition takes 1,000 write units a second, and a write in a transaction is two: enough for 2,000 ends of jobs a
second in the four of a stage's day. One tenant ends far fewer, some twenty: his month's sums are one record, and of two
transactions that touch a record at the same moment one is refused and tried again (docs/scale.md).
"""

from datetime import datetime

from patchbay.core import layout
from patchbay.domain.budgets import BudgetWarning, month_of, nano
from patchbay.ports import Key, Put

STAGE_SHARDS = 4
WARNINGS_KEPT_DAYS = 400


def usage_partition(tenant_id: str) -> str:
    """Partition of a tenant's usage."""
    return f"USAGE#{tenant_id}"


def usage_key(tenant_id: str, day: str, job_id: str) -> Key:
    """Key of the shard of a day, `yyyy-mm-dd`, that a job is counted in."""
    return usage_partition(tenant_id), f"{day}#{layout.spread(job_id, layout.USAGE_SHARDS):02d}"


def stage_partitions(day: str) -> list[str]:
    """Partitions of what all tenants spent on a day."""
    return [f"COSTS#{day}#{shard}" for shard in range(STAGE_SHARDS)]


def stage_key(day: str, tenant_id: str, work: str, job_id: str) -> Key:
    """Key of a tenant's part of a stage's day, by work, `<dialect>/<workflow>`, in the shard of a job."""
    return stage_partitions(day)[layout.spread(job_id, STAGE_SHARDS)], f"{tenant_id}#{work}"


def spent_key(tenant_id: str, when: datetime) -> Key:
    """Key of the sums that a tenant's budgets are held to, of the month that a time is in."""
    return f"SPENT#{tenant_id}", month_of(when)


def warning_key(warning: BudgetWarning) -> Key:
    """Key of a warning: another budget has another."""
    share = f"{warning.level_percent}#{nano(warning.budget_usd)}"
    return f"WARNED#{warning.tenant_id}", f"{warning.began}#{share}"


def put_warning(warning: BudgetWarning, expires: datetime) -> Put:
    """Write of a warning."""
    return layout.put(warning_key(warning), "budget", warning, expires=expires)
