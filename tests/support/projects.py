"""Projects for tests, and what lies about of them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from patchbay.core import layout
from patchbay.core.layout_projects import document_key
from patchbay.core.projects import Content, Edit, Projects
from patchbay.domain.projects import Project, SavedDocument
from patchbay.domain.projects import document_key as object_key
from tests.fakes.world import World


def content(name: str, /, **more: Any) -> Content:
    """A document that says what it is."""
    told = {"label": "1.0.0", "data": f'{{"is":"{name}"}}'.encode(), "tempo_bpm": 120.0, "duration_s": 8.0, **more}
    return Content(**{"name": name, **told})


def save(projects: Projects, project: Project, new: Content, expected: Collection[int] | None = None) -> Project:
    """The project with another document."""
    return projects.save(project.tenant_id, project.id, lambda found: Edit(new), expected=expected)


def documents_of(world: World, project: Project) -> set[str]:
    """Keys of the objects that there are of a project."""
    return {key for key in world.objects.stored if key.startswith(f"projects/{project.tenant_id}/{project.id}/")}


@dataclass(frozen=True)
class Left:
    """What there is of a project."""

    all: set[object]
    """Records and objects."""
    unnamed: set[str]
    """Objects that no record tells of."""


def left_of(world: World, project: Project) -> Left:
    """What there is of a project, whether anybody can see it or not."""
    records = {key: stored for key, stored in world.records.items.items() if project.id in "".join(key)}
    saved = [each for key, each in records.items() if key[0] == document_key(project.id, 0)[0]]
    documents = [layout.entity(SavedDocument, stored).document for stored in saved]
    named = {object_key(project.tenant_id, project.id, document) for document in documents}
    objects = documents_of(world, project)
    return Left({*records, *objects}, objects - named)
