"""Between the legacy Jobs API's words and the core's."""

import uuid
from collections.abc import Mapping
from typing import Any

from functions.dialects.audioshake import assets, models, schemas
from functions.dialects.audioshake.errors import DONE_CODE, UNDER_WAY_CODE
from functions.dialects.audioshake.outputs import DIALECT, MakeLink, Result, failure, ordered, results
from functions.dialects.audioshake.times import iso
from patchbay.catalog.models import Shelf
from patchbay.core.jobs import Order
from patchbay.domain.assets import Asset
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.usage import Tally
from patchbay.domain.users import Caller

STATUS: Mapping[JobState, schemas.JobStatus] = {
    JobState.QUEUED: "queued",
    JobState.STARTED: "processing",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}
_FIELDS = {"model": "name", "formats": "format", "stem": "name", "variant": "variant", "residual": "residual"}
"""Our names -> the names in `metadata`."""


def order(caller: Caller, given: schemas.JobOrder, source: Asset, request_id: str, shelf: Shelf) -> Order:
    """The order that a body makes. Raises `InvalidInput`."""
    asked = given.metadata
    wanted = asked.format or models.formats(asked.name)[0]
    wish = models.Wish(asked.name, (wanted,), bool(asked.residual), asked.variant or None)
    try:
        models.check(wish, shelf)
    except InvalidInput as error:
        raise InvalidInput(str(error), field=f"metadata.{_FIELDS[error.field or 'model']}") from None
    ((workflow, params),) = models.work([wish], shelf)
    fmt, media_type = assets.kind(source)
    return Order(
        tenant_id=caller.tenant_id,
        application_id=caller.application_id,
        dialect=DIALECT,
        workflow=workflow,
        params=params,
        input_asset_id=source.id,
        name=source.name,
        callback_url=given.callbackUrl or None,
        request={
            "metadata": asked.model_dump(exclude_unset=True),
            "requestId": request_id,
            "source": {"name": source.name, "fileType": media_type, "format": fmt},
        },
    )


def in_client_words(error: InvalidInput) -> InvalidInput:
    """An error of the core about an order, with the names that the client used."""
    place, _, name = (error.field or "").partition(".")
    top = {"input": "assetId", "callback_url": "callbackUrl", "workflow": "metadata.name"}.get(place)
    theirs = _FIELDS.get(name)
    return InvalidInput(str(error), field=top or (f"metadata.{theirs}" if theirs else "metadata"))


def job(found: Job, link: MakeLink, source_link: str) -> dict[str, Any]:
    """A job as it is answered, without its wrapping. `source_link` is a fresh link to its input."""
    made = [_output(found, result) for result in results(found, link)]
    metadata = _metadata(found)
    return {
        "id": found.id,
        "clientId": found.tenant_id,
        "requestId": found.request.get("requestId") if found.dialect == DIALECT else None,
        "licenseId": None,
        "createdAt": iso(found.created_at),
        "startedAt": iso(found.started_at),
        "updatedAt": iso(found.completed_at or found.started_at or found.created_at),
        "metadata": metadata,
        "stemMetadata": {**metadata, "stemName": metadata["name"]},
        "callbackUrl": found.callback_url,
        "status": STATUS[found.state],
        "statusInfo": _status_info(found),
        "assetId": found.input_asset_id,
        "sourceAsset": {**_source(found), "link": source_link},
        "outputAssets": made,
        "stemAssets": made,
    }


def usage(caller: Caller, months: Mapping[str, Tally]) -> dict[str, Any]:
    """Finished work by month, this month first, as the vendor has it; `months` has the oldest first."""
    told = [
        {"month": month, "totalJobs": tally.jobs, "totalMinutes": round(tally.audio_s / 60, 2)}
        for month, tally in reversed([*months.items()])
    ]
    return {"clientId": caller.tenant_id, "usage": told}


def _metadata(found: Job) -> dict[str, Any]:
    if found.dialect == DIALECT and "metadata" in found.request:
        return dict(found.request["metadata"])
    asked = ordered(found)
    model, formats = asked.pop("model"), asked.pop("formats")
    return {"name": model, "format": formats[0], **asked}


def _source(found: Job) -> dict[str, Any]:
    ours = found.request.get("source") if found.dialect == DIALECT else None
    if ours is None:
        name = (found.input_url or "").split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
        fmt = assets.ending(name)
        ours = {"name": name, "fileType": assets.MEDIA_TYPES.get(fmt, assets.UNKNOWN), "format": fmt}
    return {"id": found.input_asset_id or "", **ours}


def _output(found: Job, result: Result) -> dict[str, Any]:
    named = f"{result.name}.{result.format}" if result.format else result.name
    return {
        "id": str(uuid.uuid5(uuid.UUID(found.id), result.output.name)),
        "name": named,
        "fileType": result.media_type,
        "format": result.format,
        "link": result.link,
    }


def _status_info(found: Job) -> dict[str, Any]:
    failed = failure(found)
    if failed is not None:
        return {"code": failed[0], "message": failed[1]}
    done = found.state is JobState.SUCCEEDED
    return {"code": DONE_CODE if done else UNDER_WAY_CODE, "message": STATUS[found.state]}
