"""Routes about projects: save, find, share, copy them, and go back to what they were."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Final

from fastapi import Query, Request

from functions.dialects.twoshot.mapping import projects as mapping
from functions.dialects.twoshot.mapping import users
from functions.dialects.twoshot.routes.base import link, tenant_of, viewer
from functions.dialects.twoshot.schemas import projects as schemas
from functions.dialects.twoshot.schemas.common import Measure, Number, Whether, Which
from functions.http.app import JsonAnswer, caller
from functions.http.conditions import FIELD, etag, expected
from functions.http.dialect import new_router
from functions.http.once import once_of
from functions.http.sizes import MAX_ANSWER_BYTES, answer_bytes
from patchbay import bootstrap
from patchbay.core.projects import Edit
from patchbay.core.search import Query as Wanted
from patchbay.core.search.query import MAX_OFFSET
from patchbay.core.sources import measures
from patchbay.domain.errors import InvalidInput, NotFound, TooLarge
from patchbay.domain.projects import Document, Project, Reference

PROJECTS, PROJECT = "/project", "/project/{project_id}"
VERSIONS, VERSION = PROJECT + "/version", PROJECT + "/version/{revision}"
MOST_LISTED = 10
"""The document's."""
SLACK_BYTES = 8_000
"""Of an answer: all of a project but its document."""
TAGS: Final[list[str | Enum]] = ["Projects"]
_STALE: Final[dict[int | str, dict[str, Any]]] = {
    412: {"description": "The project is not any more what `If-Match` says", "model": None}
}
_CONDITION: Final = {
    "parameters": [
        {
            "name": FIELD,
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "ETag of the answer that you work on: if the project has changed since, nothing is done",
        }
    ]
}
router = new_router()


@router.post(PROJECTS, response_model=schemas.ProjectMade, status_code=201, tags=TAGS)
async def create_project(request: Request, body: schemas.ProjectBody) -> JsonAnswer:
    """A new project. Only name, tempo and tracks are needed."""
    tenant_id = caller(request).tenant_id
    content = mapping.whole(body, _measures(tenant_id))
    _check_answerable(content.data)
    made = bootstrap.services().projects.create(tenant_id, content, public=body.public, once=once_of(request))
    return JsonAnswer({"id": made.id}, 201, headers={"etag": etag(made.revision)})


@router.get(PROJECTS, response_model=list[schemas.ListedProject], tags=TAGS)
async def list_projects(
    request: Request,
    owner_id: Annotated[Which, Query(description="Projects of this user")] = None,
    public: Annotated[Whether, Query(description="True: leave out what only you see")] = None,
    name: Annotated[str, Query(max_length=200, description="Words of it; the last may be a beginning")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="Results in this answer")] = MOST_LISTED,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Results to leave out")] = 0,
    minTempo: Measure = None,  # noqa: N803
    maxTempo: Measure = None,  # noqa: N803
    minDuration: Measure = None,  # noqa: N803
    maxDuration: Measure = None,  # noqa: N803
) -> JsonAnswer:
    """Projects that you may see, newest first: everybody's public ones, and your own."""
    services, watcher = bootstrap.services(), viewer(request)
    bounds = {"Tempo": (minTempo, maxTempo), "Duration": (minDuration, maxDuration)}
    for what, (least, most) in bounds.items():
        if least is not None and most is not None and least > most:
            raise InvalidInput(f"min{what} is more than max{what}", field=f"min{what}")
    owner = tenant_of(owner_id) if owner_id is not None else None
    if owner_id is not None and owner is None:
        return JsonAnswer([])
    wanted = Wanted(
        text=name,
        owner=owner,
        public_only=bool(public),
        viewer=watcher,
        bpm=bounds["Tempo"],
        duration_s=bounds["Duration"],
        limit=limit,
        offset=offset,
    )
    try:
        found = services.search.projects(wanted)
    except InvalidInput as error:
        raise InvalidInput(str(error), field="name" if error.field == "text" else error.field) from None
    return JsonAnswer(_listed(found, watcher))


@router.get(PROJECT, response_model=schemas.Project, tags=TAGS)
async def get_project(request: Request, project_id: str) -> JsonAnswer:
    """A project."""
    watcher = viewer(request)
    return _shown(bootstrap.services().projects.get(project_id, watcher), watcher)


@router.put(PROJECT, response_model=schemas.Project, responses=_STALE, openapi_extra=_CONDITION, tags=TAGS)
async def update_project(request: Request, project_id: str, body: schemas.ProjectChange) -> JsonAnswer:
    """Save a project, share it (`public`), or both. What was there before is kept."""
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    touched = body.document().keys() | (body.model_fields_set & {"name", "version"})

    def edit(found: Project) -> Edit:
        public = body.public if "public" in body.model_fields_set else None
        if not touched:
            return Edit(public=public)
        stored = None if body.whole else services.projects.data(found)
        content = mapping.changed(found, stored, body, _measures(tenant_id))
        _check_answerable(content.data)
        return Edit(content, public)

    saved = services.projects.save(tenant_id, project_id, edit, expected=expected(request))
    return _shown(saved, tenant_id)


@router.delete(PROJECT, response_model=schemas.ProjectGone, responses=_STALE, openapi_extra=_CONDITION, tags=TAGS)
async def delete_project(request: Request, project_id: str) -> JsonAnswer:
    """Remove a project with all its versions."""
    bootstrap.services().projects.delete(caller(request).tenant_id, project_id, expected=expected(request))
    return JsonAnswer({"id": project_id})


@router.post(PROJECT + "/clone", response_model=schemas.Project, status_code=201, tags=TAGS)
async def clone_project(request: Request, project_id: str) -> JsonAnswer:
    """A copy of your own project or of a public one. It is yours, and nobody else sees it."""
    tenant_id = caller(request).tenant_id
    made = bootstrap.services().projects.clone(tenant_id, project_id, once_of(request))
    return _shown(made, tenant_id, status=201)


@router.get(VERSIONS, response_model=list[schemas.SavedVersion], tags=TAGS)
async def list_versions(request: Request, project_id: str) -> JsonAnswer:
    """All that is kept of your project, newest first: what it is, and the last 50 that it was."""
    project, found = bootstrap.services().projects.documents(caller(request).tenant_id, project_id)
    told = [mapping.saved(each, current=each.revision == project.document.revision) for each in found]
    return JsonAnswer(told, headers={"etag": etag(project.revision)})


@router.get(VERSION, response_model=schemas.Project, tags=TAGS)
async def get_version(request: Request, project_id: str, revision: Number) -> JsonAnswer:
    """Your project as it was."""
    tenant_id = caller(request).tenant_id
    project, document = bootstrap.services().projects.document(tenant_id, project_id, revision)
    return _shown(project, tenant_id, document)


@router.post(
    VERSION + "/restore", response_model=schemas.Project, responses=_STALE, openapi_extra=_CONDITION, tags=TAGS
)
async def restore_version(request: Request, project_id: str, revision: Number) -> JsonAnswer:
    """Make your project again what it was. What it is now is kept."""
    tenant_id = caller(request).tenant_id
    restored = bootstrap.services().projects.restore(
        tenant_id, project_id, revision, expected=expected(request), once=once_of(request)
    )
    return _shown(restored, tenant_id)


def _shown(found: Project, watcher: str | None, document: Document | None = None, *, status: int = 200) -> JsonAnswer:
    """A project as somebody sees it. Raises `NotFound`."""
    owner = _owners([found], watcher).get(found.tenant_id)
    if owner is None:
        raise NotFound(f"there is no project {found.id}")
    data = mapping.data_of(bootstrap.services().projects.data(found, document))
    tag = etag(document.revision if document else found.revision)
    return JsonAnswer(mapping.project(found, owner, data, document), status, headers={"etag": tag})


def _listed(found: Sequence[Project], watcher: str | None) -> list[dict[str, Any]]:
    """Projects as somebody sees them, documents and all as long as the answer may still grow."""
    service, owners = bootstrap.services().projects, _owners(found, watcher)
    told: list[dict[str, Any]] = []
    size = 0
    for project in found:
        if (owner := owners.get(project.tenant_id)) is None:
            continue
        data = mapping.head(project)
        if size + project.document.size_bytes + SLACK_BYTES * len(found) <= MAX_ANSWER_BYTES:
            try:
                data = mapping.data_of(service.data(project))
            except NotFound:  # removed meanwhile
                continue
        item = mapping.project(project, owner, data)
        grown = size + answer_bytes(item) + 1
        if grown + SLACK_BYTES * (len(found) - len(told)) > MAX_ANSWER_BYTES:
            item = mapping.project(project, owner, mapping.head(project))
            grown = size + answer_bytes(item) + 1
        size = grown
        told.append(item)
    return told


def _owners(found: Sequence[Project], watcher: str | None) -> Mapping[str, dict[str, Any]]:
    """Tenant id -> the owner, as somebody sees him. Of one who is gone nothing is told."""
    services = bootstrap.services()
    people = services.people.by_ids(list(dict.fromkeys(project.tenant_id for project in found)))
    followed = services.people.followed(watcher, people)
    return {user.id: users.owner(user, follows, link) for user, follows in zip(people, followed, strict=True)}


def _measures(tenant_id: str) -> Any:
    """What tells lengths and tempi of the sources that somebody uses."""

    def told(references: Sequence[Reference]) -> tuple[Mapping[str, float], Mapping[str, float]]:
        return measures(bootstrap.services().records, tenant_id, references)

    return told


def _check_answerable(data: bytes) -> None:
    """Raises `TooLarge` for a document that no answer could hold."""
    if len(data) + data.count(b'"') + data.count(b"\\") + SLACK_BYTES > MAX_ANSWER_BYTES:
        raise TooLarge(f"a project has at most {MAX_ANSWER_BYTES} bytes as it travels")
