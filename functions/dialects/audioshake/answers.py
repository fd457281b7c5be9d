"""Jobs and Tasks with fresh links, as routes and callbacks answer them."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from functions.dialects.audioshake import legacy, tasks
from functions.dialects.audioshake.outputs import DIALECT
from patchbay import bootstrap
from patchbay.domain.assets import Asset, upload_key
from patchbay.domain.groups import JobGroup
from patchbay.domain.jobs import Job
from patchbay.domain.usage import Tally

MONTHS = 3


def job(found: Job) -> dict[str, Any]:
    """A job, without its wrapping."""
    return legacy.job(found, bootstrap.services().jobs.link, _source_link(found))


def task(group: JobGroup, jobs: Sequence[Job], linked: Container[str] | None = None) -> dict[str, Any]:
    """A Task. `linked` has the ids of the jobs whose results have links; all of them if left out."""
    return tasks.task(group, jobs, bootstrap.services().jobs.link, linked)


def months(tenant_id: str) -> Mapping[str, Tally]:
    """Month -> what was done in it by this dialect, for the last `MONTHS` months."""
    found = bootstrap.services().usage.months(tenant_id, MONTHS)
    return {month: _ours(by_work) for month, by_work in found.items()}


def _ours(by_work: Mapping[str, Tally]) -> Tally:
    total = Tally()
    for work, tally in by_work.items():
        if work.startswith(f"{DIALECT}/"):
            total = total.plus(tally)
    return total


def _source_link(found: Job) -> str:
    """A link to a job's input, made of its ids alone: a list of jobs would else look up as many assets."""
    asset_id = found.input_asset_id or ""
    key = upload_key(found.tenant_id, asset_id)
    source = Asset(id=asset_id, tenant_id=found.tenant_id, key=key, created_at=found.created_at)
    return bootstrap.services().assets.download_url(source)
