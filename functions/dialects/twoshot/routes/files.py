"""Where files are, as routes tell it."""

from typing import Any

from functions.dialects.twoshot.mapping import licences
from patchbay import bootstrap
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, NotFound
from patchbay.domain.samples import Sample


def told(audio_id: str, url: str) -> dict[str, Any]:
    """A file and its fresh link."""
    return {"audioId": audio_id, "url": url, "expiresIn": bootstrap.services().limits.link_ttl_s}


def of_asset(asset: Asset) -> dict[str, Any]:
    """An asset and its fresh link. Raises `NotFound` for a rejected one, `Conflict` for one that nobody looked at."""
    if asset.state is AssetState.REJECTED:
        raise NotFound(f"this audio cannot be used: {asset.reason}")
    if asset.state is AssetState.PENDING:
        raise Conflict("this audio is being looked at; try again in a moment")
    return told(asset.id, bootstrap.services().assets.download_url(asset))


def download(tenant_id: str, sample: Sample | None, asset: Asset) -> dict[str, Any]:
    """An asset with the licence that it is under, and what the tenant has of it. Raises as `of_asset`."""
    name = sample.name if sample else asset.name
    return {**of_asset(asset), "name": name, "licence": licence(tenant_id, sample)}


def licence(tenant_id: str, sample: Sample | None) -> dict[str, Any] | None:
    """The licence that a sample is under, if any."""
    if sample is None or sample.licence_id is None:
        return None
    service = bootstrap.services().licences
    return licences.shown(service.get(sample.licence_id), service.of(tenant_id, sample.asset_id))


def audio_of(audio_id: str, watcher: str | None) -> tuple[Sample | None, Asset]:
    """Audio that somebody may hear, and the sample that it is of. Raises `NotFound`."""
    services = bootstrap.services()
    missing = NotFound(f"there is no audio {audio_id}")
    try:
        sample = services.samples.of_audio(audio_id, watcher)
    except NotFound:
        sample = None
    owner = sample.tenant_id if sample else watcher
    if owner is None:
        raise missing
    try:
        return sample, services.assets.get(owner, audio_id)
    except NotFound:
        raise missing from None
