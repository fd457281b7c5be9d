"""What one job asks of AWS, counted from a run of the product's own code, and what bends at so many jobs a minute.

`python -m tests.load.model` prints the tables of docs/scale.md; a test holds the page to them.

Counted: writes to the table by partition, in units of 1 KB, those of transactions twice and those of indexes with them
(DynamoDB guide, "Capacity unit consumption"); objects, executions, messages. The state machine's transitions follow
from its definition. Taken from AWS's documents, as of 2025: the default quotas, in us-east-1.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

from patchbay.core import events, layout
from patchbay.domain.jobs import Job, Output
from patchbay.ports import Add, AddWithin, Key, Put, Record, Write
from tests.fakes.records import FakeRecords
from tests.fakes.world import World

RATES = (1, 100, 10_000)
"""Jobs a minute."""
AUDIO_S = 240
ENGINE_S = 6.0
"""Of a GPU for a song of four minutes, at forty times real time."""
TENANTS = (1, 1000)
PROGRESS_EVERY_S, KEEP_EVERY_S = 1.0, 10.0
_THING = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|#[0-9a-f]{20,}")


class Counting(FakeRecords):
    """A table that counts what its writes cost."""

    def __init__(self) -> None:
        super().__init__()
        self.units: Counter[str] = Counter()
        """Write units by partition."""
        self.index_units: Counter[str] = Counter()
        """The same of each index's partitions."""
        self.calls = 0

    def write(self, *writes: Write) -> None:
        """Count, then write."""
        olds = {self._key(write): self.items.get(self._key(write)) for write in writes}
        super().write(*writes)
        self.calls += 1
        for write in writes:
            self.units[self._key(write)[0]] += self._size(write, olds[self._key(write)]) * (2 if len(writes) > 1 else 1)
            self._count_indexes(write, olds[self._key(write)])

    def add(self, key: Key, amount: int, *, expires_at: int) -> int:
        """One small write."""
        self.calls += 1
        self.units[key[0]] += 1
        return super().add(key, amount, expires_at=expires_at)

    def _count_indexes(self, write: Write, old: Record | None) -> None:
        if isinstance(write, Add | AddWithin):
            return
        new = write.record.indexes if isinstance(write, Put) else {}
        for index in {*new, *(old.indexes if old else {})}:
            was, now = (old.indexes.get(index) if old else None), new.get(index)
            if was != now:
                for partition in filter(None, (was, now)):
                    self.index_units[f"{index}: {partition}"] += 1

    @staticmethod
    def _key(write: Write) -> Key:
        return write.record.key if isinstance(write, Put) else write.key

    @staticmethod
    def _size(write: Write, old: Record | None) -> int:
        if isinstance(write, Add | AddWithin):
            return 1
        bodies = [record.body for record in (old, write.record if isinstance(write, Put) else None) if record]
        return max((math.ceil((len(body) + 200) / 1024) for body in bodies), default=1)


SHARDS = {"OPEN": layout.OPEN_SHARDS, "DUE": layout.DUE_SHARDS, "KEPT": layout.KEPT_SHARDS}
"""Kind of partition that all tenants share -> over how many it is spread."""
PARTITION_UNITS_PER_S = 1000
"""Write units that one partition takes (DynamoDB guide, "Designing partition keys")."""


@dataclass(frozen=True)
class Partition:
    """One kind of partition that a job writes to."""

    name: str
    units: int
    """Of one job, in the one partition that has most."""
    of_tenant: bool
    """Whether each tenant has one of its own, or else all share some."""
    spread: int = 1

    def share(self, jobs_a_minute: float, tenants: int) -> float:
        """How much of what its hottest partition takes is used, where tenants order alike."""
        return jobs_a_minute / 60 * self.units / (tenants if self.of_tenant else self.spread) / PARTITION_UNITS_PER_S


@dataclass(frozen=True)
class Quota:
    """One default quota of an account, and how much of it one job takes."""

    name: str
    most: float
    per_job: float
    instead: str
    """What to set, or to ask AWS for."""

    def share(self, jobs_a_minute: float) -> float:
        """How much of it so many jobs take."""
        return jobs_a_minute / 60 * self.per_job / self.most


@dataclass(frozen=True)
class Model:
    """What one job of one step costs in everything that can run out."""

    partitions: tuple[Partition, ...]
    """The hottest first."""
    writes: int
    """Calls that write to the table."""
    units: int
    """Write units of table and indexes."""
    events: int
    job_versions: int
    """How often the job's own record was written: what a run of the twin can be asked for."""


def counted(engine_s: float = ENGINE_S) -> Model:
    """Run one job of one step through the product's code, uploads and events included, and count."""
    table = Counting()
    world = World(records=table)
    tenant = world.tenant()
    table.units.clear()
    table.index_units.clear()
    table.calls = 0
    began = len(table.changes)
    job = world.order(tenant)
    job = _carry_out(world, job, engine_s)
    told = [event for change in table.changes[began:] if (event := events.of_change(*change))]
    for event in told:
        world.services.notices.route(event)
    stored = table.get(layout.job_key(tenant.id, job.id))
    assert stored is not None
    found = [*_partitions(table.units, tenant.id), *_partitions(table.index_units, tenant.id)]
    return Model(
        partitions=tuple(sorted(found, key=lambda each: (-each.units, each.name))),
        writes=table.calls,
        units=table.units.total() + table.index_units.total(),
        events=len(told),
        job_versions=stored.version,
    )


def _carry_out(world: World, job: Job, engine_s: float) -> Job:
    """What state machine and worker do, with a worker's signs of life."""
    pipeline, tasks = world.services.pipeline, world.services.tasks
    for planned in pipeline.plan(job.tenant_id, job.id):
        pipeline.dispatch(job.tenant_id, job.id, planned.step, "token")
        message = world.queues.sent[-1][1]
        _, step = tasks.lease(message, "worker")
        assert step is not None
        for number in range(1, int(engine_s / PROGRESS_EVERY_S) + 1):
            tasks.progress(message, step, number / (engine_s + 1))
        for _ in range(int(engine_s / KEEP_EVERY_S)):
            tasks.keep(message, "worker")
        outputs = [
            Output(name=name, key=tasks.output_key(step, f"{name}.wav", "0" * 64), media_type="audio/wav", size_bytes=1)
            for name in step.params["stems"]
        ]
        tasks.complete(message, step, outputs, engine_s)
    pipeline.finish(job.tenant_id, job.id)
    return world.services.jobs.get(job.tenant_id, job.id)


def _partitions(units: Counter[str], tenant_id: str) -> list[Partition]:
    """Kinds of partitions that several jobs share; those of one thing, a step's or a file's, are never hot."""
    found: dict[str, Partition] = {}
    for name, count in units.items():
        index, _, partition = name.rpartition(": ")
        kind = partition.split("#")[0] if tenant_id not in partition.split("#")[0] else "<tenant>"
        if _THING.search(partition.replace(tenant_id, "")):
            continue
        rest = "#<state>" if index == "by_state" else "#<workflow>" if index == "by_workflow" else ""
        shown = f"{index}: {kind}{rest}" if index else f"{kind}#<tenant>" if tenant_id in partition else kind
        of_tenant = tenant_id in partition
        most = max(count, found[shown].units if shown in found else 0)
        found[shown] = Partition(shown, most, of_tenant, 1 if of_tenant else SHARDS.get(kind, 1))
    return list(found.values())


def quotas(model: Model, engine_s: float = ENGINE_S) -> list[Quota]:
    """Default quotas of an account in us-east-1, as AWS's documents had them in 2025."""
    ask = "Service Quotas"
    return [
        Quota("GPUs: vCPUs of G instances, 4 each", 64, 4 * engine_s, f"{ask}, on demand and Spot; `max_workers`"),
        Quota("Step Functions: StartExecution, refill", 300, 1, ask),
        Quota("Step Functions: state transitions", 5000, TRANSITIONS, ask),
        Quota("Step Functions: answers of tasks, refill", 500, 1 + engine_s / KEEP_EVERY_S, ask),
        Quota("Lambda: concurrent executions", 1000, INVOCATIONS * LAMBDA_S, f"{ask}; reserve some for the API"),
        Quota("API Gateway: requests", 10_000, API_CALLS, f"{ask}; the stage's `requests_per_s`, `burst`"),
        Quota("EventBridge: PutEvents", 10_000, model.events, ask),
        Quota("DynamoDB: write units of a table on demand", 40_000, model.units, f"{ask}; warm throughput"),
        Quota("S3: writes under one prefix", 3500, OBJECTS, "nothing: each tenant has prefixes of its own"),
    ]


TRANSITIONS = 10
"""Plan, the map, one round of it, Route, Run, Finish, and the ends of machine, round and map, without retries."""
INVOCATIONS = 12
"""Upload, order, four looks at the job; plan, dispatch, finish; stream, index and route of events, in batches."""
LAMBDA_S = 0.15
"""Seconds of an invocation; measure yours, it depends on the memory given."""
API_CALLS = 8
"""Upload, order, looks, links."""
OBJECTS = 6
"""The upload, its copy to where no upload URL reaches, and four stems."""


def tables(model: Model) -> str:
    """The tables of docs/scale.md."""
    lines = [f"| partition of the table | units a job | {' | '.join(_head(t) for t in TENANTS)} |"]
    lines.append("| --- " * (2 + len(TENANTS)) + "|")
    for each in model.partitions[:12]:
        told = [", ".join(_percent(each.share(rate, tenants)) for rate in RATES) for tenants in TENANTS]
        lines.append(f"| `{each.name}` | {each.units} | {' | '.join(told)} |")
    lines += ["", f"| quota of an account | default | {' | '.join(f'{rate:,} a minute' for rate in RATES)} | to set |"]
    lines.append("| --- " * (3 + len(RATES)) + "|")
    for quota in sorted(quotas(model), key=lambda q: -q.share(1)):
        told = [_percent(quota.share(rate)) for rate in RATES]
        lines.append(f"| {quota.name} | {quota.most:,.0f} a second | {' | '.join(told)} | {quota.instead} |")
    return "\n".join(lines).replace("64 a second", "64 vCPUs").replace("1,000 a second", "1,000") + "\n"


def _head(tenants: int) -> str:
    who = "one tenant's" if tenants == 1 else f"{tenants:,} tenants'"
    return f"{who} jobs, {', '.join(f'{rate:,}' for rate in RATES)} a minute"


def _percent(share: float) -> str:
    if share < 0.0001:
        return "< 0.01 %"
    text = f"{share * 100:.0f} %" if share >= 0.1 else f"{share * 100:.2g} %"
    return f"**{text}**" if share > 1 else text


if __name__ == "__main__":
    print(tables(counted()))
