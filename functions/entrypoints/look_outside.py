"""On a schedule: go to the stage's public address as anybody would."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.catalog import metrics

_log = logging.getLogger(__name__)


@observe.watched("look-outside")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """A scheduled event -> what was found, which is also measured."""
    seen = bootstrap.look_outside(bootstrap.services().settings.public_url)
    if seen.trouble:
        _log.error("the public address does not answer", extra={"reason": seen.trouble})
    days = seen.certificate_days if seen.certificate_days is not None else 0.0
    observe.measured(metrics.OUTSIDE, {"Reachable": int(not seen.trouble), "CertificateDays": round(days, 1)})
    return {"reachable": not seen.trouble, "certificate_days": days}
