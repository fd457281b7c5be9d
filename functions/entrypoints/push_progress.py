"""Events of jobs, by way of the bus: whoever listens to a job is told where it stands now.

What an event tells may be old by the time it is here, so the job is read again; and what cannot be sent now is not sent
later: the next event tells where the job stands, and so does joining again.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.dialects.soundforge import socket
from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.errors import NotFound, Unavailable

observe.configure("push-progress")
_log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: object) -> None:
    """An event of the bus -> how many were told is in the log."""
    told, services = event["detail"], bootstrap.services()
    job_id = str(told["data"]["id"])
    listeners = services.sockets.listeners(job_id)
    if not listeners:
        return
    try:
        messages = socket.standing(services.jobs.get(str(told["tenant_id"]), job_id))
    except NotFound:
        messages = socket.forgotten(job_id)
    for connection_id in listeners:
        try:
            for each in messages:
                services.sockets.send(connection_id, socket.pushed(job_id, *each))
        except Unavailable:  # one listener's trouble must not hold up the others
            _log.warning("a listener was not told", extra={"job_id": job_id})
    _log.info("listeners told", extra={"job_id": job_id, "count": len(listeners)})
