"""What a callback tells of a job that is over.

Links are long, so of a Task only the target that the callback is about has them, and whatever would make the body too
large has none. Asking for the job or Task gives them all.
"""

from collections.abc import Mapping
from typing import Any

from functions.dialects.audioshake import answers
from functions.dialects.audioshake.sizes import fits_callback
from patchbay import bootstrap
from patchbay.domain.jobs import Job


def shape(job: Job) -> Mapping[str, Any]:
    """The whole Task for one of its targets; else the job, as asking for it answers. Raises `NotFound`."""
    if job.group_id is None:
        return _job(job)
    groups = bootstrap.services().groups
    group = groups.get(job.tenant_id, job.group_id)
    jobs = groups.jobs_of([group])[group.id]
    body = answers.task(group, jobs, linked={job.id})
    return body if fits_callback(body) else answers.task(group, jobs, linked=())


def _job(job: Job) -> dict[str, Any]:
    told = answers.job(job)
    for name in ("stemAssets", "outputAssets"):
        if fits_callback({"job": told}):
            break
        told = {**told, name: [{**made, "link": None} for made in told[name]]}
    return {"job": told}
