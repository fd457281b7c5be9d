"""The preparation of a sample is over: take over what it found."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.errors import NotFound

observe.configure("settle-sample")
_log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: object) -> None:
    """EventBridge's end, or deletion, of a job of the workflow `sample-preparation`, whosoever ordered it."""
    told = event["detail"]
    tenant_id, job_id = told["tenant_id"], told["data"]["id"]
    services = bootstrap.services()
    try:
        sample = services.samples.settle(services.jobs.get(tenant_id, job_id))
    except NotFound:
        sample = services.samples.give_up(tenant_id, job_id)
    state = sample.state if sample else None
    _log.info("sample settled", extra={"sample_id": job_id, "state": state, "event": told["type"]})
