"""An object was created in the media bucket: take the upload, and look at what was taken.

What was sent to an upload URL is taken to where no URL reaches, which is told here again, and looked at then. Takes
S3's own notification and EventBridge's "Object Created". The state machine does the same, when a job wants the file
before this has run; whoever is first settles it.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.assets import Asset, parse_incoming_key, parse_upload_key
from patchbay.domain.errors import NotFound

_log = logging.getLogger(__name__)


@observe.watched("upload-finished")
def handler(event: Mapping[str, Any], context: object) -> None:
    """Inspect each new upload. Whatever else is created in the bucket is none of our business."""
    for key in _keys(event):
        sent = parse_incoming_key(key)
        owner = sent or parse_upload_key(key)
        if owner is None:
            continue
        try:
            asset = _taken(*owner) if sent else _looked_at(*owner)
        except NotFound:  # its URL was used after the asset was deleted, or the bytes are gone by now
            removed = bootstrap.services().assets.remove_orphan(*owner)
            _log.info("upload without an asset, or gone by now", extra={"key": key, "removed": removed})
            continue
        told = "upload taken" if sent else "upload inspected"
        _log.info(told, extra={"asset_id": asset.id, "state": asset.state, "reason": asset.reason})


def _taken(tenant_id: str, asset_id: str) -> Asset:
    assets = bootstrap.services().assets
    assets.take(tenant_id, asset_id)
    return assets.get(tenant_id, asset_id)


def _looked_at(tenant_id: str, asset_id: str) -> Asset:
    assets = bootstrap.services().assets
    asset = assets.get(tenant_id, asset_id)
    return asset if asset.source_url else assets.inspect(tenant_id, asset_id)  # whoever imports it looks at it


def _keys(event: Mapping[str, Any]) -> Iterator[str]:
    if event.get("detail-type") == "Object Created":
        yield event["detail"]["object"]["key"]
    for record in event.get("Records", ()):
        # S3's own notifications, unlike EventBridge's, have keys as forms have them: quoted, a plus for a space.
        yield unquote_plus(record["s3"]["object"]["key"])
