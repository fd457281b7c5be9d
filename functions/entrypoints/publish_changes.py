"""The table's stream: publish what each change means.

What the bus does not take is tried again from there on: receivers know repetitions by the event's id.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.catalog import metrics
from patchbay.core import events
from patchbay.domain.jobs import FailureKind
from patchbay.ports import Record

AT_ONCE = 10
"""What the bus takes in one call."""
_log = logging.getLogger(__name__)


@observe.watched("publish-changes")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """A stream batch -> the sequence number to go on from, if the bus did not take the events."""
    changes = bootstrap.stream_changes(event)
    told = []
    for number, old, new in changes:
        try:
            said = events.of_change(old, new)
        except ValueError:  # pydantic's too: a record that cannot be read today cannot be read on the next try
            _log.exception("dropped a change that cannot be read", extra={"sequence_number": number})
            continue
        if said is not None:
            told.append((number, said))
        _count_end(old, new)
    for at in range(0, len(told), AT_ONCE):
        number, some = told[at][0], [said for _, said in told[at : at + AT_ONCE]]
        try:
            bootstrap.services().bus.publish(some)
        except Exception:  # noqa: BLE001 - whatever it was, the stream goes on from here, and tries again
            _log.exception("events not published", extra={"count": len(told) - at})
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def _count_end(old: Record | None, new: Record | None) -> None:
    """Tell what a job took that has just ended. Where the stream comes again it is counted again, which is rare."""
    job = events.ended(old, new)
    if job is None or job.completed_at is None:
        return
    started = job.started_at or job.completed_at
    broken = job.failure is not None and job.failure.kind is not FailureKind.BAD_INPUT
    figures = {
        "JobsBroken": int(broken),
        "JobWaited": (started - job.created_at).total_seconds(),
        "JobWorked": (job.completed_at - started).total_seconds(),
        "JobCost": job.cost_usd or 0.0,
    }
    facts = {"job_id": job.id, "tenant_id": job.tenant_id, "dialect": job.dialect, "workflow": job.workflow}
    _log.info("job over", extra={**facts, "state": job.state})
    observe.measured(metrics.JOBS, {"JobsEnded": 1}, **facts, state=job.state)
    observe.measured(metrics.JOB_TIMES, figures, **facts, state=job.state)
