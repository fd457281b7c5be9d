"""On a schedule, and after the twin restarts: take up every open job whose execution is gone."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

_log = logging.getLogger(__name__)


@observe.watched("reconcile-jobs")
def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """A scheduled event, or `{source: "patchbay.twin", reason: "restart"}` -> how many were looked at and revived."""
    restarted = event.get("source") == "patchbay.twin" and event.get("reason") == "restart"
    done = bootstrap.services().reconciler.reconcile(restarted=restarted)
    _log.info("jobs reconciled", extra={**done, "restarted": restarted})
    return done
