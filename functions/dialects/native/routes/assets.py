"""Routes about audio files."""

from typing import Any

from fastapi import Request

from functions.dialects.native.mapping import assets as mapping
from functions.dialects.native.paging import Cursor, Limit, walked
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import assets as schemas
from functions.dialects.native.schemas.common import Gone
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.domain.errors import FetchRefused, InvalidInput

router = new_router()


@router.post(f"{BASE}/uploads", response_model=schemas.Upload, tags=["Assets"])
async def create_upload(request: Request, body: schemas.UploadOrder) -> JsonAnswer:
    """Where to send a file."""
    if body.method == "parts" and body.size_bytes is None:
        raise InvalidInput("an upload in parts needs the file's size", field="size_bytes")
    assets = bootstrap.services().assets
    assets.check_size(body.size_bytes or 0)
    asset = assets.create(caller(request).tenant_id, name=body.name, keep_until=body.keep_until, once=once_of(request))
    answer: dict[str, Any] = {"asset_id": asset.id, "input_url": assets.download_url(asset)}
    if body.method == "put":
        answer["put_url"] = assets.put_url(asset, size_bytes=body.size_bytes)
    elif body.method == "post":
        form = assets.post_form(asset)
        answer["post"] = {"url": form.url, "fields": dict(form.fields)}
    else:
        answer["parts"] = mapping.parts(assets.begin_parts(asset, body.size_bytes or 0))
    return JsonAnswer(answer)


@router.post(f"{BASE}/uploads/{{asset_id}}/complete", response_model=schemas.Asset, tags=["Assets"])
async def complete_upload(request: Request, asset_id: str, body: schemas.Completion) -> JsonAnswer:
    """Make the file of its parts."""
    assets = bootstrap.services().assets
    etags = dict(enumerate(body.etags, start=1))
    asset = assets.complete_parts(caller(request).tenant_id, asset_id, body.upload_id, etags)
    return JsonAnswer(mapping.asset(asset, assets))


@router.post(f"{BASE}/assets", response_model=schemas.Asset, tags=["Assets"])
async def import_asset(request: Request, body: schemas.AssetOrder) -> JsonAnswer:
    """Have a file fetched from the web. Answered at once: the asset is `pending` until it was fetched and looked at."""
    assets = bootstrap.services().assets
    try:
        asset = assets.create(
            caller(request).tenant_id,
            name=body.name,
            source_url=body.source_url,
            keep_until=body.keep_until,
            once=once_of(request),
        )
    except FetchRefused as error:
        raise InvalidInput(str(error), field="source_url") from None
    return JsonAnswer(mapping.asset(asset, assets))


@router.get(f"{BASE}/assets", response_model=schemas.AssetPage, tags=["Assets"])
async def list_assets(request: Request, limit: Limit = 50, cursor: Cursor = None) -> JsonAnswer:
    """Your files, newest first."""
    assets, tenant_id = bootstrap.services().assets, caller(request).tenant_id
    page, following = walked(
        lambda count, before: assets.list(tenant_id, limit=count, before=before), lambda a: a.id, limit, cursor
    )
    return JsonAnswer({"assets": [mapping.asset(asset, assets) for asset in page], "next_cursor": following})


@router.get(f"{BASE}/assets/{{asset_id}}", response_model=schemas.Asset, tags=["Assets"])
async def get_asset(request: Request, asset_id: str) -> JsonAnswer:
    """A file of yours."""
    assets = bootstrap.services().assets
    return JsonAnswer(mapping.asset(assets.get(caller(request).tenant_id, asset_id), assets))


@router.patch(f"{BASE}/assets/{{asset_id}}", response_model=schemas.Asset, tags=["Assets"])
async def keep_asset(request: Request, asset_id: str, body: schemas.Retention) -> JsonAnswer:
    """Say how long a file is to be kept. From that time on it cannot be found; its bytes go within two hours.

    The audio of a sample is kept as long as the sample: 409.
    """
    assets = bootstrap.services().assets
    asset = assets.keep(caller(request).tenant_id, asset_id, body.keep_until)
    return JsonAnswer(mapping.asset(asset, assets))


@router.delete(f"{BASE}/assets/{{asset_id}}", response_model=Gone, tags=["Assets"])
async def delete_asset(request: Request, asset_id: str) -> JsonAnswer:
    """Forget a file and its bytes. Jobs that still want them fail and say so; results of earlier jobs stay.

    The audio of a sample goes with the sample: 409.
    """
    bootstrap.services().assets.delete(caller(request).tenant_id, asset_id)
    return JsonAnswer({"id": asset_id})
