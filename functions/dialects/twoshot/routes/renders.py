"""Routes that make audio of projects."""

from enum import Enum
from typing import Any, Final

from fastapi import Request

from functions.dialects.twoshot.mapping import generations as mapping
from functions.dialects.twoshot.mapping import renders
from functions.dialects.twoshot.mapping.arrangement import arrangement_of
from functions.dialects.twoshot.routes import sources
from functions.dialects.twoshot.routes.base import NAME
from functions.dialects.twoshot.schemas import generations as schemas
from functions.dialects.twoshot.schemas.projects import ProjectData
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.catalog.workflows.render import ARRANGEMENT, WORKFLOW
from patchbay.core import manifests
from patchbay.core.jobs import Order

RENDER, RENDER_DATA = "/project/{project_id}/render", "/project/render"
TAGS: Final[list[str | Enum]] = ["Projects"]
router = new_router()


@router.post(RENDER_DATA, response_model=schemas.Started, tags=TAGS)
async def render_data(request: Request, body: schemas.RenderData) -> JsonAnswer:
    """Make audio of a document that need not be saved. It may stand in `data`, or beside the options."""
    return _render(request, body, body, name=body.name, inputs={})


@router.post(RENDER, response_model=schemas.Started, tags=TAGS)
async def render_project(request: Request, project_id: str, body: schemas.RenderOptions | None = None) -> JsonAnswer:
    """Make audio of a project, your own or a public one. `GET /generation/{jobId}` tells how it stands."""
    service = bootstrap.services().projects
    project = service.get(project_id, caller(request).tenant_id)
    data = ProjectData.model_validate_json(service.data(project))
    told = {"projectId": project.id, "revision": project.revision}
    return _render(request, data, body or schemas.RenderOptions(), name=project.name, inputs=told)


def _render(
    request: Request, data: ProjectData, options: schemas.RenderOptions, *, name: str, inputs: dict[str, Any]
) -> JsonAnswer:
    """Order a render. Raises `InvalidInput`, `Missing`, `NotReady`, which name the client's field."""
    services, who, once = bootstrap.services(), caller(request), once_of(request)
    arrangement, references = arrangement_of(data)
    clips = [clip for track in arrangement.tracks for clip in track.clips]
    if once and once.made:
        found, job = services.generations.get(once.made, who.tenant_id)
        return JsonAnswer(mapping.started(found, job, renders.takes_s(0.0, clips)))
    resolved = {one.name: sources.resolve(one, who.tenant_id) for one in references}
    known = renders.Known(
        {name: one.duration_s for name, one in resolved.items()},
        {name: one.tempo_bpm for name, one in resolved.items() if one.tempo_bpm is not None},
    )
    arrangement = renders.with_tempi(arrangement, known)
    length_s = renders.seconds(arrangement, known, options)
    renders.check_size(options, length_s, services.limits.max_upload_bytes)
    document = arrangement.model_dump_json(exclude_defaults=True).encode()
    order = Order(
        tenant_id=who.tenant_id,
        application_id=who.application_id,
        dialect=NAME,
        workflow=WORKFLOW.slug,
        params=renders.params(options),
        files=[
            manifests.document(services.objects, who.tenant_id, ARRANGEMENT, document),
            *(one.file for one in resolved.values()),
        ],
        name=name,
    )
    asked = options.model_dump(include=set(schemas.RenderOptions.model_fields), exclude_none=True)
    given = {"type": "project", **inputs, **asked}
    found, job = services.generations.order(order, kind="render", inputs=[given], plan=who.plan, once=once)
    return JsonAnswer(mapping.started(found, job, renders.takes_s(length_s, clips)))
