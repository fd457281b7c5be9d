"""Audio that a request names as material: a sample's, an uploaded file, or what a generation made."""

from dataclasses import dataclass

from functions.dialects.twoshot.routes import files
from patchbay import bootstrap
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import InvalidInput, Missing, NotFound, NotReady
from patchbay.domain.jobs import Job, JobFile, JobState
from patchbay.domain.projects import Reference
from patchbay.domain.samples import Sample

LEAST_BPM, MOST_BPM = 20, 999
"""Tempi that an arrangement takes; one beyond them is as good as unknown."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A piece of audio that may be worked on."""

    file: JobFile
    duration_s: float
    tempo_bpm: float | None
    """None if unknown."""
    asset_id: str
    tenant_id: str
    """Whose it is: somebody else's where it is of a public sample."""


def resolve(reference: Reference, viewer: str) -> Resolved:
    """The audio that a reference names; errors name its field, where the client wrote it.

    Raises `Missing` for what is not there or another's, `NotReady` for what is still being made or looked at,
    `InvalidInput` for what can never be used.
    """
    sample, field = None, reference.field
    if reference.generation_id is not None:
        asset = _generated(reference.generation_id, reference.output_name, viewer, field)
        if reference.audio_id not in {None, asset.id}:
            told = f"generation {reference.generation_id} made no audio {reference.audio_id} of that name"
            raise Missing(told, field=field)
    elif reference.sample_id is not None:
        sample, asset = _of_sample(reference.sample_id, reference.audio_id, viewer, field)
    elif reference.audio_id is not None:
        sample, asset = _audio(reference.audio_id, viewer, field)
    else:
        raise InvalidInput("name the audio by audioId, by sampleId, or by generationJobId and outputName", field=field)
    if asset.state is AssetState.REJECTED:
        raise InvalidInput(f"audio {asset.id} cannot be used: {asset.reason}", field=field)
    if asset.state is AssetState.PENDING or asset.audio is None or asset.sha256 is None:
        raise NotReady(f"audio {asset.id} is being looked at; try again in a moment", field=field)
    file = JobFile(name=reference.name, key=asset.key, sha256=asset.sha256)
    tempo_bpm = sample.bpm if sample and sample.bpm and LEAST_BPM <= sample.bpm <= MOST_BPM else None
    return Resolved(file, asset.audio.duration_s, tempo_bpm, asset.id, asset.tenant_id)


def _audio(audio_id: str, viewer: str, field: str | None) -> tuple[Sample | None, Asset]:
    try:
        return files.audio_of(audio_id, viewer)
    except NotFound as error:
        raise Missing(str(error), field=field) from None


def _of_sample(number: int, audio_id: str | None, viewer: str, field: str | None) -> tuple[Sample, Asset]:
    services = bootstrap.services()
    try:
        sample = services.samples.get(number, viewer)
        asset = services.assets.get(sample.tenant_id, sample.asset_id)
    except NotFound:
        raise Missing(f"there is no sample {number}", field=field) from None
    if audio_id is not None and audio_id != sample.asset_id:
        raise Missing(f"sample {number} has no audio {audio_id}", field=field)
    return sample, asset


def _generated(generation_id: str, output_name: str | None, viewer: str, field: str | None) -> Asset:
    services = bootstrap.services()
    try:
        found, job = services.generations.get(generation_id, viewer)
    except NotFound as error:
        raise Missing(str(error), field=field) from None
    if not job.state.terminal or (job.state is JobState.SUCCEEDED and not found.settled):
        raise NotReady(f"generation {generation_id} is not over yet; try again when it is", field=field)
    if job.state is not JobState.SUCCEEDED or found.reason:
        raise InvalidInput(f"generation {generation_id} made nothing: {_why(job, found.reason)}", field=field)
    output = found.output(output_name or "")
    if output is None:
        names = ", ".join(each.name for each in found.outputs) or "no audio at all"
        raise Missing(f"generation {generation_id} made no {output_name!r}; it made {names}", field=field)
    try:
        return services.assets.get(viewer, output.asset_id)
    except NotFound as error:
        raise Missing(str(error), field=field) from None


def _why(job: Job, reason: str | None) -> str:
    if job.state is JobState.CANCELLED:
        return "it was cancelled"
    return reason or (job.failure.message if job.failure else "it failed")
