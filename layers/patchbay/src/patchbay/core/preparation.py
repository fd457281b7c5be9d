"""What a sample's preparation job found out, in the sample's terms."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.samples import MAX_PEAKS, SampleState, sample_prefix
from patchbay.domain.scales import normal_scale
from patchbay.ports import Objects

WORKFLOW = "sample-preparation"
PREVIEW_TYPE = "audio/mpeg"
_MAX_ANALYSIS_BYTES, _MAX_PREVIEW_BYTES = 4 * 1024**2, 16 * 1024**2


def preview_key(tenant_id: str, sample_id: str) -> str:
    """Object key of a sample's preview."""
    return sample_prefix(tenant_id, sample_id) + "preview.mp3"


def outcome(objects: Objects, job: Job) -> dict[str, Any]:
    """What an ended preparation changes in its sample. Results are forgotten some day, so the preview is copied."""
    if job.state is not JobState.SUCCEEDED:
        told = job.failure.message if job.failure else "its preparation was cancelled"
        return failed(told)
    outputs = {output.name: output for output in job.outputs}
    try:
        analysis = json.loads(_bytes(objects, outputs["analysis"], _MAX_ANALYSIS_BYTES))
        preview = _bytes(objects, outputs["preview"], _MAX_PREVIEW_BYTES)
        peaks = fewer_peaks(analysis["peaks"]["min"], analysis["peaks"]["max"])
    except (NotFound, KeyError, TypeError, ValueError):
        return failed("its preparation left nothing to use; upload it again")
    key = preview_key(job.tenant_id, job.id)
    objects.store(key, preview, media_type=PREVIEW_TYPE)
    return {
        "state": SampleState.READY,
        "reason": None,
        "bpm": _positive(outputs.get("bpm")),
        "scale": _scale(outputs.get("key")),
        "duration_s": _positive(outputs.get("duration_s")) or job.audio_s,
        "peaks": peaks,
        "preview_key": key,
    }


def failed(reason: str) -> dict[str, Any]:
    """The changes of a sample that could not be prepared."""
    return {"state": SampleState.FAILED, "reason": reason}


def fewer_peaks(lowest: Sequence[float], highest: Sequence[float]) -> tuple[float, ...]:
    """Greatest absolute values of at most `MAX_PEAKS` stretches, of the least and greatest ones of equal stretches.

    Raises ValueError for what are no such values.
    """
    if not all(math.isfinite(value) for value in (*lowest, *highest)):
        raise ValueError("a peak has to be finite")
    sizes = [max(abs(low), abs(high)) for low, high in zip(lowest, highest, strict=True)]
    count = min(len(sizes), MAX_PEAKS)
    edges = [place * len(sizes) // count for place in range(count + 1)] if count else []
    return tuple(round(max(sizes[a:b]), 4) for a, b in pairwise(edges))


def _bytes(objects: Objects, output: Output, most: int) -> bytes:
    """An output's object. Raises `NotFound`, ValueError for one that is too large to be what it should."""
    if output.key is None or (output.size_bytes or 0) > most:
        raise ValueError(f"output {output.name!r} is of no use")
    found = bytearray()
    with objects.read(output.key) as blocks:
        for block in blocks:
            found += block
            if len(found) > most:
                raise ValueError(f"output {output.name!r} is too large")
    return bytes(found)


def _positive(output: Output | None) -> float | None:
    value: object = output.value if output else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 < value < math.inf else None


def _scale(output: Output | None) -> str:
    try:
        return normal_scale(str(output.value or "")) if output else ""
    except InvalidInput:
        return ""
