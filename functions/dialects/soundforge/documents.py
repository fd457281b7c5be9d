"""What an analysis left in the object store, read with care: workers make it, and workers can be anybody's machines."""

import json
from typing import Any

from patchbay.domain.errors import NotFound
from patchbay.domain.jobs import Job
from patchbay.ports import Objects

MAX_BYTES = 5 * 1024**2
"""An answer has 6 MB at most."""


def analysis(objects: Objects, job: Job) -> dict[str, Any]:
    """The document of an analysis that ended well. Raises `NotFound` if it is not there any more, or cannot be told."""
    output = next((o for o in job.outputs if o.name == "analysis" and o.key), None)
    gone = NotFound(f"the results of job {job.id} are not kept any more; order the analysis again")
    if output is None or output.key is None or (output.size_bytes or 0) > MAX_BYTES:
        raise gone
    data = bytearray()
    try:
        with objects.read(output.key) as blocks:
            for block in blocks:
                data += block
                if len(data) > MAX_BYTES:
                    raise gone
        found = json.loads(data)
    except (NotFound, ValueError, RecursionError):
        raise gone from None
    if not isinstance(found, dict):
        raise gone
    return found
