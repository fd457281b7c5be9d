"""On a schedule: remove the files whose time is over."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

observe.configure("sweep-assets")
_log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """A scheduled event -> how many files were removed, and how many could not be."""
    done = bootstrap.services().sweeper.sweep()
    _log.info("assets swept", extra=done)
    return done
