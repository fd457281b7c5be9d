"""Routes about what is on offer, and the sign of life."""

from functions.dialects.native.mapping import catalogue as mapping
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import catalogue as schemas
from functions.dialects.native.schemas.common import Health
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.catalog import models as model_catalogue
from patchbay.catalog import workflows as workflow_catalogue
from patchbay.catalog.compute import CLASSES

router = new_router()


@router.get(f"{BASE}/models", response_model=schemas.ModelList, tags=["Catalogue"])
async def list_models() -> JsonAnswer:
    """Every model, its licence, and whether it may run here."""
    shelf = bootstrap.services().shelf
    return JsonAnswer({"models": [mapping.model(model, shelf) for model in model_catalogue.MODELS.values()]})


@router.get(f"{BASE}/workflows", response_model=schemas.WorkflowList, tags=["Catalogue"])
async def list_workflows() -> JsonAnswer:
    """Every workflow with the schema of its parameters, its steps, and what their machines cost."""
    shelf = bootstrap.services().shelf
    found = workflow_catalogue.workflows().values()
    shown = [mapping.workflow(workflow, shelf) for workflow in found]
    return JsonAnswer({"workflows": shown, "compute": [mapping.compute(each) for each in CLASSES.values()]})


@router.get(f"{BASE}/health", response_model=Health, tags=["Service"])
async def health() -> JsonAnswer:
    """Sign of life. Asks nothing of the store."""
    return JsonAnswer({"status": "ok", "stage": bootstrap.services().settings.stage})
