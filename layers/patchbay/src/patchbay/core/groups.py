"""Several jobs ordered together on one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patchbay.core import layout, store
from patchbay.core.idempotency import Once, write_once
from patchbay.core.jobs import Jobs, Order
from patchbay.domain.assets import Asset
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.groups import JobGroup
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.jobs import Job
from patchbay.ports import Records

MAX_JOBS = 20
MAX_BODY_BYTES = 100_000
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Groups:
    """A tenant's groups of jobs."""

    records: Records
    jobs: Jobs

    def submit(
        self, orders: Sequence[Order], *, request: Mapping[str, Any], once: Once | None = None
    ) -> tuple[JobGroup, list[Job]]:
        """Take several orders on the input of the first: all of them or none.

        Raises `InvalidInput`; its field begins with the order's number, `2.params.model`, unless it is the `input`.
        """
        first = orders[0] if orders else None
        if first is None or len(orders) > MAX_JOBS:
            raise InvalidInput(f"1 to {MAX_JOBS} jobs can be ordered together", field="targets")
        if once and once.made:
            return self._submitted(first.tenant_id, once.made)
        asset = self.jobs.input_of(first)
        group_id = new_id()
        jobs = [self._job(order, number, asset, group_id) for number, order in enumerate(orders)]
        group = JobGroup(
            id=group_id,
            tenant_id=first.tenant_id,
            application_id=first.application_id,
            dialect=first.dialect,
            job_ids=tuple(job.id for job in jobs),
            request=dict(request),
            created_at=jobs[0].created_at,
        )
        if layout.body_bytes(group) > MAX_BODY_BYTES:
            raise InvalidInput(f"the jobs are described in more than {MAX_BODY_BYTES} bytes", field="targets")
        writes = [layout.put_group(group), *self.jobs.writes_of(asset, *jobs)]
        made = write_once(self.records, once, group_id, group.created_at, *writes)
        if made != group_id:
            return self._submitted(first.tenant_id, made)
        for job in jobs:
            self.jobs.begin(job)
        return group.model_copy(update={"version": 1}), [job.model_copy(update={"version": 1}) for job in jobs]

    def get(self, tenant_id: str, group_id: str) -> JobGroup:
        """A group. Raises `NotFound`."""
        key = layout.group_key(tenant_id, group_id)
        found = store.load(self.records, JobGroup, key) if is_id(group_id) else None
        if found is None:
            raise NotFound(f"there is no group of jobs {group_id}")
        return found

    def jobs_of(self, groups: Sequence[JobGroup]) -> dict[str, list[Job]]:
        """Group id -> its jobs that are still there, in the order they were ordered."""
        keys = [layout.job_key(group.tenant_id, job_id) for group in groups for job_id in group.job_ids]
        there = {stored.sk: layout.entity(Job, stored) for stored in self.records.get_many(keys)}
        return {group.id: [there[job_id] for job_id in group.job_ids if job_id in there] for group in groups}

    def _submitted(self, tenant_id: str, group_id: str) -> tuple[JobGroup, list[Job]]:
        """A group that is there already, and its jobs."""
        group = self.get(tenant_id, group_id)
        return group, self.jobs_of([group])[group_id]

    def list(self, tenant_id: str, *, limit: int, skip: int = 0, before: str | None = None) -> list[JobGroup]:
        """Groups, newest first: `limit` of them after `skip`, or after the group `before`."""
        if not 0 <= limit <= MAX_PAGE or skip < 0:
            raise InvalidInput(f"a page has 0 to {MAX_PAGE} groups", field="take")
        partition = layout.group_key(tenant_id, "")[0]
        found = self.records.query(partition, limit=limit + skip, before=before) if limit else []
        return [layout.entity(JobGroup, stored) for stored in found[skip:]]

    def _job(self, order: Order, number: int, asset: Asset | None, group_id: str) -> Job:
        try:
            return self.jobs.job_of(order, asset, group_id)
        except InvalidInput as error:
            raise InvalidInput(str(error), field=f"{number}.{error.field}") from None
