"""The table's stream: the search index follows the samples and projects.

What cannot be indexed now keeps nothing else waiting: all are tried, and the stream comes again from the first
that failed. What was done by then is looked at once more and left as it is.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.core import layout
from patchbay.core.search.kinds import KINDS

_log = logging.getLogger(__name__)


@observe.watched("index-samples")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """A stream batch -> the sequence number to come again from, if something could not be indexed."""
    search = bootstrap.services().search
    failed: list[dict[str, str]] = []
    done: set[str] = set()
    for number, old, new in bootstrap.stream_changes(event):
        record = new or old
        if record is None or record.kind not in KINDS or record.sk in done:
            continue
        try:
            thing = layout.entity(KINDS[record.kind].model, record)
        except ValueError:  # pydantic's too: what cannot be read today cannot be read on the next try
            _log.exception("dropped a record that cannot be read", extra={"sequence_number": number})
            continue
        try:
            looked = search.index(None, thing)
        except Exception:  # noqa: BLE001 - whatever it was, the stream comes again
            _log.exception("not indexed", extra={"kind": record.kind, "thing_id": thing.id})
            failed = failed or [{"itemIdentifier": number}]
            continue
        if looked:
            done.add(record.sk)
    return {"batchItemFailures": failed}
