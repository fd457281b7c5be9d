"""The core's nouns in the words of Patchbay's own API."""

from typing import Any

from patchbay.catalog.models import Model, Shelf
from patchbay.catalog.workflow import Workflow
from patchbay.core.assets import Assets, PartsUpload
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import InvalidInput


def asset(found: Asset, assets: Assets) -> dict[str, Any]:
    """An asset, with a fresh link where there is something to give."""
    named = {"id", "name", "state", "reason", "audio", "size_bytes", "sha256", "created_at"}
    link = assets.download_url(found) if found.state is AssetState.READY else None
    return {**found.model_dump(mode="json", include=named), "download_url": link}


def parts(begun: PartsUpload) -> dict[str, Any]:
    """An upload in parts."""
    return {"upload_id": begun.upload_id, "part_bytes": begun.part_bytes, "urls": list(begun.urls)}


def model(found: Model, shelf: Shelf) -> dict[str, Any]:
    """A model."""
    return {
        "name": found.name,
        "title": found.title,
        "engine": found.engine,
        "version": found.version,
        "stems": list(found.stems),
        "licence": found.licence,
        "commercial_use": found.commercial_use,
        "available": found in shelf.served(),
    }


def workflow(found: Workflow, shelf: Shelf) -> dict[str, Any]:
    """A workflow, and whether it can be done with the models that are here."""
    outputs: tuple[str, ...] = ()
    reason = None
    try:
        outputs = found.outputs(found.parse({}), shelf)
    except InvalidInput as error:
        reason = str(error)
    return {
        "slug": found.slug,
        "name": found.name,
        "description": found.description,
        "params": found.params.model_json_schema(),
        "available": reason is None,
        "reason": reason,
        "outputs": list(outputs),
    }
