"""Routes of Patchbay's own API."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from functions.dialects.native import documents, mapping, schemas
from functions.dialects.native.errors import ERRORS, MEDIA_TYPE, shape
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import Dialect, new_router
from patchbay import bootstrap
from patchbay.catalog import models as model_catalogue
from patchbay.catalog import workflows as workflow_catalogue
from patchbay.domain.errors import InvalidInput
from patchbay.domain.ids import is_id

BASE = "/patchbay/v1"
MAX_ASSETS = 200
router = new_router()


@router.post(f"{BASE}/uploads", response_model=schemas.Upload, tags=["Assets"])
async def create_upload(request: Request, body: schemas.UploadOrder) -> JsonAnswer:
    """Where to send a file."""
    if body.method == "parts" and body.size_bytes is None:
        raise InvalidInput("an upload in parts needs the file's size", field="size_bytes")
    assets = bootstrap.services().assets
    assets.check_size(body.size_bytes or 0)
    asset = assets.create(caller(request).tenant_id, name=body.name)
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


@router.get(f"{BASE}/assets", response_model=schemas.AssetPage, tags=["Assets"])
async def list_assets(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_ASSETS)] = 50,
    cursor: Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before")] = None,
) -> JsonAnswer:
    """Your files, newest first."""
    if cursor is not None and not is_id(cursor):
        raise InvalidInput("that is no cursor of a page before", field="cursor")
    assets = bootstrap.services().assets
    found = assets.list(caller(request).tenant_id, limit=limit + 1, before=cursor)
    page, more = found[:limit], len(found) > limit
    shown = [mapping.asset(asset, assets) for asset in page]
    return JsonAnswer({"assets": shown, "next_cursor": page[-1].id if more else None})


@router.get(f"{BASE}/assets/{{asset_id}}", response_model=schemas.Asset, tags=["Assets"])
async def get_asset(request: Request, asset_id: str) -> JsonAnswer:
    """A file of yours."""
    assets = bootstrap.services().assets
    return JsonAnswer(mapping.asset(assets.get(caller(request).tenant_id, asset_id), assets))


@router.get(f"{BASE}/models", response_model=schemas.ModelList, tags=["Catalogue"])
async def list_models() -> JsonAnswer:
    """Every model, its licence, and whether it may run here."""
    shelf = bootstrap.services().shelf
    return JsonAnswer({"models": [mapping.model(model, shelf) for model in model_catalogue.MODELS.values()]})


@router.get(f"{BASE}/workflows", response_model=schemas.WorkflowList, tags=["Catalogue"])
async def list_workflows() -> JsonAnswer:
    """Every workflow, with the schema of its parameters."""
    shelf = bootstrap.services().shelf
    found = workflow_catalogue.workflows().values()
    return JsonAnswer({"workflows": [mapping.workflow(workflow, shelf) for workflow in found]})


@router.get(f"{BASE}/health", response_model=schemas.Health, tags=["Service"])
async def health() -> JsonAnswer:
    """Sign of life. Asks nothing of the store."""
    return JsonAnswer({"status": "ok", "stage": bootstrap.services().settings.stage})


@router.get("/openapi/{name}.json", response_model=dict[str, Any], tags=["Documents"])
async def openapi(name: str) -> Response:
    """A dialect's OpenAPI document."""
    return Response(documents.openapi(name), media_type="application/json", headers={"cache-control": "max-age=300"})


@router.get("/docs", tags=["Documents"], response_class=HTMLResponse)
async def index() -> Response:
    """The dialects that have a page."""
    return _page(documents.index())


@router.get("/docs/{name}", tags=["Documents"], response_class=HTMLResponse)
async def page(name: str) -> Response:
    """A dialect's page for readers."""
    return _page(documents.page(name))


def _page(html: str) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": documents.CSP, "cache-control": "max-age=300"})


def find_key(headers: Headers) -> str | None:
    """The key: `Authorization: Bearer <key>` or `X-API-Key: <key>`."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")


DIALECT = Dialect(
    name="native",
    title="Patchbay",
    description="Patchbay's own API: uploads in parts, assets, and the catalogue. Jobs are ordered in the other"
    " dialects.",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_media_type=MEDIA_TYPE,
    public=frozenset({f"{BASE}/health", "/openapi/{name}.json", "/docs", "/docs/{name}"}),
    error_model=schemas.Problem,
    key_schemes={
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    },
)
