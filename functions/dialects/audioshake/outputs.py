"""Results of a job in the vendor's words, for both APIs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from functions.dialects.audioshake import models
from functions.dialects.audioshake.assets import ending
from functions.dialects.audioshake.errors import CANCELLED_CODE, FAILURE_CODES
from patchbay.domain.jobs import Job, JobState, Output

DIALECT = "audioshake"
MakeLink = Callable[[Output], str | None]
"""Makes a fresh link to an output, so that links in an answer never are old; None where none is wanted."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result."""

    output: Output
    name: str
    format: str
    media_type: str
    link: str | None


def results(job: Job, link: MakeLink) -> Iterator[Result]:
    """What a job made; nothing before it has succeeded."""
    for output in job.outputs if job.state is JobState.SUCCEEDED else ():
        named = ending(output.name)
        bare = output.name.removesuffix(f".{named}") if named else output.name
        fmt = named or ending(output.key or "")
        name = models.output_name(ordered(job)["model"], bare)
        media_type = output.media_type.partition(";")[0]
        yield Result(output, name, fmt, media_type, link(output) if output.key else None)


def ordered(job: Job) -> dict[str, Any]:
    """What was asked of a job, in the words of a target, whichever API or other dialect it came by."""
    ours = job.request if job.dialect == DIALECT else {}
    if "target" in ours:
        return dict(ours["target"])
    if "metadata" in ours:
        metadata = dict(ours["metadata"])
        model = metadata["name"]
        return {**metadata, "model": model, "formats": [metadata.get("format") or models.formats(model)[0]]}
    single = job.workflow == models.STEM_WORKFLOW
    model = models.model_of(job.params.get("stem", "vocals")) if single else job.workflow
    return {"model": model, "formats": list(job.params.get("formats", ["wav"]))}


def failure(job: Job) -> tuple[int, str] | None:
    """(code, sentence) of a job that ended without results."""
    if job.state is JobState.CANCELLED:
        return CANCELLED_CODE, "cancelled by its owner"
    return (FAILURE_CODES[job.failure.kind], job.failure.message) if job.failure else None
