"""An object was created in the media bucket: look at the upload.

Takes S3's own notification and EventBridge's "Object Created". The state machine looks too, when a job wants the file
before this has run; whoever is first settles it.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.assets import parse_upload_key
from patchbay.domain.errors import NotFound

observe.configure("upload-finished")
_log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: object) -> None:
    """Inspect each new upload. Whatever else is created in the bucket is none of our business."""
    for key in _keys(event):
        owner = parse_upload_key(key)
        if owner is None:
            continue
        try:
            if bootstrap.services().assets.get(*owner).source_url:
                continue  # whoever imports it looks at it
            asset = bootstrap.services().assets.inspect(*owner)
        except NotFound:  # its URL was used after the asset was deleted, or the bytes are gone by now
            removed = bootstrap.services().assets.remove_orphan(*owner)
            _log.info("upload without an asset, or gone by now", extra={"key": key, "removed": removed})
            continue
        _log.info("upload inspected", extra={"asset_id": asset.id, "state": asset.state, "reason": asset.reason})


def _keys(event: Mapping[str, Any]) -> Iterator[str]:
    if event.get("detail-type") == "Object Created":
        yield event["detail"]["object"]["key"]
    for record in event.get("Records", ()):
        # S3's own notifications, unlike EventBridge's, have keys as forms have them: quoted, a plus for a space.
        yield unquote_plus(record["s3"]["object"]["key"])
