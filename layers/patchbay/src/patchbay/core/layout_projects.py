"""How projects lie in the table; `layout` lists these keys with all others."""

from patchbay.core import layout
from patchbay.domain.projects import Document, Project, SavedDocument
from patchbay.ports import Key, Put


def project_key(tenant_id: str, project_id: str) -> Key:
    """Key of a project."""
    return f"PROJECTS#{tenant_id}", project_id


def owner_key(project_id: str) -> Key:
    """Key of whose a project is."""
    return f"PROJECT#{project_id}", "owner"


def document_key(project_id: str, revision: int) -> Key:
    """Key of what is known of a project's document, as it was saved at a revision."""
    return f"DOCUMENTS#{project_id}", f"{revision:010d}"


def leaving_partitions(number: int) -> list[str]:
    """Partitions of `by_open` of the projects whose time ends in a stretch of `layout.KEPT_S` seconds."""
    return [f"LEAVING#{number}"]


def put_project(project: Project) -> Put:
    """Write of a project, found by its end if it has one."""
    indexes = {}
    if project.keep_until:
        indexes["by_open"] = leaving_partitions(layout.kept_number(project.keep_until))[0]
    return layout.put(project_key(project.tenant_id, project.id), "project", project, indexes=indexes)


def put_document(project_id: str, document: Document, expected: int = 0) -> Put:
    """Write of what is known of a document."""
    saved = SavedDocument(version=expected, document=document)
    return layout.put(document_key(project_id, document.revision), "document", saved)
