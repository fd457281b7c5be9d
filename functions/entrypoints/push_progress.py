"""Events of jobs, by way of the bus: whoever listens to a job is told where it stands now.

What an event tells may be old by the time it is here, so the job is read again, and to be told twice does no harm. What
cannot be sent now is sent later only if the job is over: before, the next event tells where it stands.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.dialects.soundforge import socket
from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.errors import NotFound, Unavailable

_log = logging.getLogger(__name__)


@observe.watched("push-progress")
def handler(event: Mapping[str, Any], context: object) -> None:
    """An event of the bus -> how many were told is in the log."""
    told, services = event["detail"], bootstrap.services()
    job_id = str(told["data"]["id"])
    listeners = services.sockets.listeners(job_id)
    if not listeners:
        return
    over = True
    try:
        job = services.jobs.get(str(told["tenant_id"]), job_id)
        messages, over = socket.standing(job), job.state.terminal
    except NotFound:
        messages = socket.forgotten(job_id)
    missed = 0
    for connection_id in listeners:
        try:
            for each in messages:
                services.sockets.send(connection_id, socket.pushed(job_id, *each), job_id=job_id)
        except Exception:  # noqa: BLE001 - one listener's trouble must not hold up the others
            _log.warning("a listener was not told", exc_info=True, extra={"job_id": job_id})
            missed += 1
    _log.info("listeners told", extra={"job_id": job_id, "count": len(listeners) - missed})
    if missed and over:
        raise Unavailable("not all were told that the job is over; Lambda calls again")
