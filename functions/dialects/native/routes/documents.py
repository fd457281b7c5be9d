"""Routes of the documents and the pages made of them."""

from typing import Any

from starlette.responses import HTMLResponse, Response

from functions.dialects.native import documents
from functions.http.dialect import new_router

router = new_router()


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
