"""Routes about what is on offer, and the sign of life."""

from collections.abc import Mapping
from typing import TypeVar

from functions.dialects.native.mapping import catalogue as mapping
from functions.dialects.native.paging import Limit, NameCursor, cut
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import catalogue as schemas
from functions.dialects.native.schemas.common import Health
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.catalog import models as model_catalogue
from patchbay.catalog import workflows as workflow_catalogue
from patchbay.catalog.compute import CLASSES

T = TypeVar("T")
router = new_router()


@router.get(f"{BASE}/models", response_model=schemas.ModelPage, tags=["Catalogue"])
async def list_models(limit: Limit = 50, cursor: NameCursor = None) -> JsonAnswer:
    """The models by name, each with its licence, and whether it may run here."""
    shelf = bootstrap.services().shelf
    page, following = cut(_by_name(model_catalogue.MODELS), lambda model: model.name, limit, cursor)
    return JsonAnswer({"models": [mapping.model(model, shelf) for model in page], "next_cursor": following})


@router.get(f"{BASE}/workflows", response_model=schemas.WorkflowPage, tags=["Catalogue"])
async def list_workflows(limit: Limit = 50, cursor: NameCursor = None) -> JsonAnswer:
    """Every workflow that an order of one file or none is for: its parameters, its steps, what their machines cost."""
    shelf, rates = bootstrap.services().shelf, bootstrap.services().rates
    found = [each for each in _by_name(workflow_catalogue.workflows()) if each.input != "files"]
    page, following = cut(found, lambda workflow: workflow.slug, limit, cursor)
    shown = [mapping.workflow(workflow, shelf, rates) for workflow in page]
    compute = [mapping.compute(each, rates) for each in CLASSES.values()]
    return JsonAnswer({"workflows": shown, "compute": compute, "next_cursor": following})


@router.get(f"{BASE}/health", response_model=Health, tags=["Service"])
async def health() -> JsonAnswer:
    """Sign of life. Asks nothing of the store."""
    return JsonAnswer({"status": "ok", "stage": bootstrap.services().settings.stage})


def _by_name(catalogue: Mapping[str, T]) -> list[T]:
    return [catalogue[name] for name in sorted(catalogue)]
