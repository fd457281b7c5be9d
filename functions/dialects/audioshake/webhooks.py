"""What a callback tells of a job that is over."""

from collections.abc import Mapping
from typing import Any

from functions.dialects.audioshake import answers
from patchbay import bootstrap
from patchbay.domain.jobs import Job


def shape(job: Job) -> Mapping[str, Any]:
    """The whole Task for one of its targets; else the job, as asking for it answers. Raises `NotFound`."""
    if job.group_id is None:
        return {"job": answers.job(job)}
    groups = bootstrap.services().groups
    group = groups.get(job.tenant_id, job.group_id)
    return answers.task(group, groups.jobs_of([group])[group.id])
