"""Jobs in the words of the SoundForge API."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from functions.dialects.soundforge import names
from patchbay.catalog.models import MODELS, PREFERENCE, Model, Shelf
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import InvalidInput
from patchbay.domain.features import FEATURES, Feature
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.songs import Listing, Song

LALALAI: Final = "lalalai-separation"
SEPARATION: Final = ("stem-isolation-4", "stem-isolation-6", LALALAI)
ANALYSIS: Final = "audio-analysis"
DEFAULT_MODEL: Final = "htdemucs"
DEMUCS: Final = {
    "htdemucs": "Hybrid Transformer Demucs - default 4-stem model",
    "htdemucs_ft": "Fine-tuned Hybrid Transformer Demucs - higher quality, slower",
    "htdemucs_6s": "6-stem model (vocals, drums, bass, guitar, piano, other)",
    "mdx_extra": "MDX-Net Extra - alternative architecture, good for vocals",
}
"""The document's own four, in its words."""
LOOP_BARS: Final = (4, 8)
STATUS: Mapping[JobState, str] = {
    JobState.QUEUED: "queued",
    JobState.STARTED: "processing",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}
_FEATURES: Mapping[str, tuple[Feature, ...]] = {
    "tempo": ("tempo", "beats", "downbeats"),
    "key": ("key", "scale"),
    "energy": ("energy", "loudness"),
    "spectral": ("spectral",),
    "mfcc": ("mfcc",),
    "chroma": ("chroma",),
    "structure": ("structure", "tempo", "beats", "downbeats"),
    "loops": ("tempo", "beats", "downbeats"),
    "arrangement": ("structure", "chords", "tempo", "beats", "downbeats"),
}
_ALL = ("tempo", "key", "energy", "spectral", "mfcc", "chroma")


def models(shelf: Shelf) -> list[dict[str, Any]]:
    """The document's models, and those of our own that run here, the best first."""
    own = sorted(
        (m for m in shelf.served("separation") if m.name not in DEMUCS),
        key=lambda m: PREFERENCE.index(m.name) if m.name in PREFERENCE else len(PREFERENCE),
    )
    served = {model.name for model in shelf.served("separation")}
    return [_model(MODELS[name], text, name in served) for name, text in DEMUCS.items()] + [
        _model(model, model.title, True) for model in own
    ]


def separation(asked: str | None, shelf: Shelf) -> tuple[str, str]:
    """(workflow, model) of an order. Who asks for none has the default, or the best one here that does as much.

    Raises `InvalidInput` for a model that is not served.
    """
    if asked is None:
        here = DEFAULT_MODEL in {model.name for model in shelf.served("separation")}
        model = shelf.check(DEFAULT_MODEL) if here else shelf.choose(MODELS[DEFAULT_MODEL].stems)
    else:
        model = shelf.check(asked)
    return SEPARATION[len(model.stems) > 4], model.name


def lalalai_stems(asked: int | None, model: str | None) -> tuple[int, str]:
    """(how many stems, the model that is told) of an order for LALAL.AI: as many as are asked for, or a model has.

    Raises `InvalidInput` for a model that is none of the document's.
    """
    if model is not None and model not in DEMUCS:
        told = f"with engine lalalai, model is one of {', '.join(DEMUCS)}, and says how many stems to make"
        raise InvalidInput(told, field="model")
    named = model or DEFAULT_MODEL
    return asked or len(MODELS[named].stems), named


def features(asked: Sequence[str] | None, kind: str | None) -> list[Feature]:
    """What to look for, in the catalogue's order."""
    names_ = [kind] if kind and kind != "full" else list(asked or ("all",))
    wide = _ALL if "all" in names_ or kind == "full" else tuple(names_)
    wanted = {feature for name in wide for feature in _FEATURES[name]}
    return [feature for feature in FEATURES if feature in wanted]


def progress(job: Job) -> int:
    """Per cent."""
    return 100 if job.state is JobState.SUCCEEDED else int(round(job.progress * 100, 2))


def error(job: Job) -> str | None:
    """Why a job failed."""
    if job.state is JobState.CANCELLED:
        return "cancelled"
    return job.failure.message if job.failure else None


def track_of(job: Job) -> str | None:
    """The track that a job is about, as it was named."""
    found = job.metadata.get("track_id")
    return found if isinstance(found, str) else job.input_asset_id


def track(song: Song) -> dict[str, Any]:
    """A track."""
    facts = song.facts
    return {
        "id": song.id,
        "spotify_id": facts.catalogue_id if facts.catalogue == "spotify" else None,
        "title": facts.title,
        "artist": facts.artist,
        "album": facts.album,
        "album_art_url": facts.art_url or None,
        "duration": None if facts.duration_s is None else round(facts.duration_s),
        "spotify_url": facts.url or None,
        "has_audio": song.asset_id is not None,
    }


def found(listing: Listing, songs: Sequence[Song]) -> dict[str, Any]:
    """What an address is of."""
    tracks = [track(song) for song in songs]
    what = {"track": tracks[0]} if listing.kind == "track" else {"tracks": tracks}
    return {"type": listing.kind, "name": listing.title, **what}


def download_job(job: Job, asset: Asset | None) -> dict[str, Any]:
    """How a download stands; `asset` is what it fetches."""
    fetching = not job.state.terminal and asset is not None and asset.state is AssetState.PENDING
    output = next(iter(names.files_of(job.outputs)), None)
    path = names.path_of("downloads", track_of(job) or "", file_name(job)) if output else None
    return {
        "id": job.id,
        "track_id": track_of(job),
        "status": "downloading" if fetching else STATUS[job.state],
        "progress": progress(job),
        "output_path": path,
        "file_size": output.size_bytes if output else None,
        "error": error(job),
    }


def file_name(job: Job) -> str:
    """What the file of a download is called."""
    return f"{job.name}.{job.params.get('format', 'mp3')}"


def separation_job(job: Job, task_id: str | None = None) -> dict[str, Any]:
    """How a separation stands; `task_id` is its number at LALAL.AI, if that does it."""
    elsewhere = {"engine": "lalalai", "task_id": task_id} if job.workflow == LALALAI else {}
    return {
        "id": job.id,
        "track_id": track_of(job),
        "status": STATUS[job.state],
        "progress": progress(job),
        "model": job.params.get("model") or job.request.get("model") or "",
        "stems": stems(job) if job.state is JobState.SUCCEEDED else [],
        "error": error(job),
        **elsewhere,
    }


def stems(job: Job) -> list[dict[str, Any]]:
    """A separation's stems."""
    return [
        {
            "id": names.stem_id(job.id, place),
            "job_id": job.id,
            "track_id": track_of(job),
            "stem_type": output.name,
            "file_path": names.path_of("stems", job.id, f"{output.name}.wav"),
            "file_size": output.size_bytes,
        }
        for place, output in enumerate(names.files_of(job.outputs))
    ]


def analysis_job(job: Job, found: Mapping[str, Any] | None) -> dict[str, Any]:
    """How an analysis stands; `found` is its document once it is over."""
    return {
        "id": job.id,
        "track_id": track_of(job),
        "status": STATUS[job.state],
        "progress": progress(job),
        "result": None if found is None else analysis(found, job.request.get("type")),
        "error": error(job),
    }


def analysis(found: Mapping[str, Any], kind: str | None = None) -> dict[str, Any]:
    """What was found, flat. What was not looked for is not there; what is not there in the music is null."""
    told: dict[str, Any] = {}
    if "tempo" in found:
        told["tempo"] = _at(found, "tempo", "bpm")
    if "key" in found:
        told["key"] = _at(found, "key", "name")
    if "energy" in found:
        told["energy"] = _energy(_at(found, "energy", "rms", "mean"))
    if "spectral" in found:
        told["spectral_centroid"] = _at(found, "spectral", "centroid_hz", "mean")
        told["spectral_rolloff"] = _at(found, "spectral", "rolloff_hz", "mean")
        told["zero_crossing_rate"] = _at(found, "spectral", "zero_crossings", "mean")
    told["features"] = {name: _at(found, name, "series") or [] for name in ("mfcc", "chroma") if name in found}
    if kind in {"structure", "arrangement"}:
        told["structure"] = found.get("structure", [])
    if kind == "arrangement":
        told["arrangement"] = _arrangement(found)
    if kind in {"loops", "full"}:
        told["loops"] = loops(found.get("downbeats") or [])
    return told


def loops(downbeats: Sequence[float]) -> list[dict[str, Any]]:
    """Whole stretches of bars that can be looped, seconds."""
    return [
        {"start": first, "end": last, "bars": bars} for bars in LOOP_BARS for first, last in pairwise(downbeats[::bars])
    ]


def _arrangement(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each section with the bars that begin in it and the chords that sound in it."""
    downbeats, chords = found.get("downbeats") or [], found.get("chords") or []
    return [
        {
            "label": part["label"],
            "start": part["start_s"],
            "end": part["end_s"],
            "bars": sum(part["start_s"] <= at < part["end_s"] for at in downbeats),
            "chords": [c["label"] for c in chords if c["start_s"] < part["end_s"] and c["end_s"] > part["start_s"]],
        }
        for part in found.get("structure") or []
    ]


def _energy(rms: float | None) -> float | None:
    """The root of the mean square, as a share of a full-scale sine's."""
    return None if rms is None else round(min(rms * math.sqrt(2), 1.0), 4)


def _at(found: Mapping[str, Any], *path: str) -> Any:
    value: Any = found
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _model(model: Model, text: str, available: bool) -> dict[str, Any]:
    return {"name": model.name, "description": text, "stems": len(model.stems), "available": available}
