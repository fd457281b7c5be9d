"""Projects in the words of the TwoShot API. Links are made anew for each answer."""

import json
from typing import Any

from functions.dialects.twoshot.mapping.arrangement import arrangement_of
from functions.dialects.twoshot.mapping.times import iso
from functions.dialects.twoshot.schemas.projects import ProjectBody, ProjectChange, ProjectData
from patchbay.core.projects import Content
from patchbay.core.sources import Measures
from patchbay.domain.arrangement import length_s
from patchbay.domain.projects import Document, Project


def project(found: Project, owner: dict[str, Any], data: dict[str, Any], document: Document | None = None) -> Any:
    """A project with its document, or as it was with an earlier one."""
    held = document or found.document
    return {
        "id": found.id,
        "owner": owner,
        "public": found.public,
        "name": held.name,
        "version": held.label,
        "created": iso(found.created_at),
        "updated": iso(document.saved_at if document else found.updated_at),
        "revision": document.revision if document else found.revision,
        "duration": held.duration_s,
        "data": data,
    }


def head(found: Project) -> dict[str, Any]:
    """A document without its tracks."""
    return {"tempo": found.document.tempo_bpm, "tracks": None}


def saved(found: Document, *, current: bool) -> dict[str, Any]:
    """A document as it was saved."""
    return {
        "revision": found.revision,
        "current": current,
        "name": found.name,
        "version": found.label,
        "tempo": found.tempo_bpm,
        "duration": found.duration_s,
        "sizeBytes": found.size_bytes,
        "saved": iso(found.saved_at),
    }


def data_of(stored: bytes) -> dict[str, Any]:
    """A document as an answer has it."""
    found: dict[str, Any] = json.loads(stored)
    return found


def content(data: ProjectData, name: str, label: str, measures: Measures) -> Content:
    """What is to be kept of a document. Raises `InvalidInput` for an arrangement that cannot be."""
    made, references = arrangement_of(data)
    durations_s, tempi = measures(references)
    kept = data if type(data) is ProjectData else ProjectData.model_construct(**{f: getattr(data, f) for f in _FIELDS})
    return Content(
        name=name,
        label=label,
        data=kept.model_dump_json().encode(),
        tempo_bpm=data.tempo,
        duration_s=round(length_s(made, durations_s, tempi), 6),
    )


def whole(body: ProjectBody, measures: Measures) -> Content:
    """The document of a new project."""
    return content(body, body.name, body.version, measures)


def changed(found: Project, stored: bytes | None, body: ProjectChange, measures: Measures) -> Content:
    """What a change makes of a project's document, `stored` as it is if it matters. Raises `InvalidInput`."""
    data = ProjectData.model_validate({**(json.loads(stored) if stored else {}), **body.document()})
    name = body.name if "name" in body.model_fields_set else found.document.name
    kept = "" if body.whole else found.document.label
    return content(data, name, body.version if "version" in body.model_fields_set else kept, measures)


_FIELDS = tuple(ProjectData.model_fields)
