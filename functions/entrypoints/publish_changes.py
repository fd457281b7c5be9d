"""The table's stream: publish what each change means.

A batch is published as a whole or tried again as a whole: receivers know repetitions by the event's id.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.core import events

observe.configure("publish-changes")
_log = logging.getLogger(__name__)


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
            told.append(said)
    if told:
        try:
            bootstrap.services().bus.publish(told)
        except Exception:  # noqa: BLE001 - whatever it was, the stream keeps the batch and tries again
            _log.exception("events not published", extra={"count": len(told)})
            return {"batchItemFailures": [{"itemIdentifier": changes[0][0]}]}
    return {"batchItemFailures": []}
