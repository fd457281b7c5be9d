"""What an analysis left in the object store, read with care: workers make it, and workers can be anybody's machines."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from patchbay.domain.errors import NotFound
from patchbay.domain.jobs import Job
from patchbay.ports import Objects

MAX_BYTES = 5 * 1024**2
"""An answer has 6 MB at most."""
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    """What is told on of a document; the rest of it is left out."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class _Mean(_Part):
    mean: Number | None = None


class _Rms(_Part):
    rms: _Mean | None = None


class _Spectral(_Part):
    centroid_hz: _Mean | None = None
    rolloff_hz: _Mean | None = None
    zero_crossings: _Mean | None = None


class _Rows(_Part):
    series: list[list[Number | None]] | None = None


class _Tempo(_Part):
    bpm: Number | None = None


class _Key(_Part):
    name: str | None = None


class _Stretch(_Part):
    start_s: Number
    end_s: Number
    label: str


class _Document(_Part):
    tempo: _Tempo | None = None
    key: _Key | None = None
    energy: _Rms | None = None
    spectral: _Spectral | None = None
    mfcc: _Rows | None = None
    chroma: _Rows | None = None
    downbeats: list[Number] | None = None
    structure: list[_Stretch] | None = None
    chords: list[_Stretch] | None = None


def analysis(objects: Objects, job: Job) -> dict[str, Any]:
    """The document of an analysis that ended well: what of it is told on, in the form that `gpu_workers` gives it.

    Raises `NotFound` if it is not there any more, or cannot be told.
    """
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
        found = _Document.model_validate(json.loads(data))
    except (NotFound, ValueError, RecursionError):
        raise gone from None
    return found.model_dump(exclude_unset=True)
