"""On a schedule: remove the files, projects and videos whose time is over."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

_log = logging.getLogger(__name__)


@observe.watched("sweep-assets")
def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """A scheduled event -> how many files, projects and videos were removed, and how many could not be."""
    services = bootstrap.services()
    done = {**services.sweeper.sweep(), **services.projects.sweep(), **services.videos.sweep()}
    _log.info("assets, projects and videos swept", extra=done)
    return done
