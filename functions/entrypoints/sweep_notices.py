"""On a schedule: ask for the webhook attempts that fall due, and for those whose message was lost."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

_log = logging.getLogger(__name__)


@observe.watched("sweep-notices")
def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """A scheduled event -> how many notices were looked at, and how many attempts asked for."""
    done = bootstrap.services().notices.sweep()
    _log.info("notices swept", extra=done)
    return done
