"""The table's stream: publish what each change means.

What the bus does not take is tried again from there on: receivers know repetitions by the event's id.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.core import events

observe.configure("publish-changes")
AT_ONCE = 10
"""What the bus takes in one call."""
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
            told.append((number, said))
    for at in range(0, len(told), AT_ONCE):
        number, some = told[at][0], [said for _, said in told[at : at + AT_ONCE]]
        try:
            bootstrap.services().bus.publish(some)
        except Exception:  # noqa: BLE001 - whatever it was, the stream goes on from here, and tries again
            _log.exception("events not published", extra={"count": len(told) - at})
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}
