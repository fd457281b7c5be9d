"""An asset whose bytes are at a URL was ordered: fetch it, before the URL expires."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.errors import NotFound

_log = logging.getLogger(__name__)


@observe.watched("import-asset")
def handler(event: Mapping[str, Any], context: object) -> None:
    """EventBridge's `asset.awaited`. If a job is fetching the file already, there is nothing to do."""
    told = event["detail"]
    try:
        asset = bootstrap.services().assets.fetch(told["tenant_id"], told["data"]["id"], wait=False)
    except NotFound:
        _log.info("asset is gone", extra={"asset_id": told["data"]["id"]})
        return
    _log.info("asset imported", extra={"asset_id": asset.id, "state": asset.state, "reason": asset.reason})
