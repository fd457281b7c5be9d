"""Projects: sessions of a music program, kept with what they were before, and shown to all if their owner wants it.

What a project holds is a document in its client's own language. It lies in the object store; here is what is known of
it.
"""

from collections.abc import Collection
from datetime import datetime

from patchbay.domain.base import Entity, Part

MAX_DOCUMENT_BYTES = 4 * 1000**2
MAX_LABEL_CHARS = 64


class Reference(Part):
    """Audio that a document's clips are cut from: a sample, an audio file, or what a generation made."""

    name: str
    """By which the arrangement knows it."""
    audio_id: str | None = None
    sample_id: int | None = None
    """Public number of a sample."""
    generation_id: str | None = None
    output_name: str | None = None
    field: str | None = None
    """Where its client wrote it first."""


class Document(Part):
    """A project's document as it was saved once."""

    revision: int
    """Of the project when it was saved; its objects and records are found by it."""
    name: str
    label: str = ""
    """What its client calls this version."""
    tempo_bpm: float
    duration_s: float
    """As far as its sources were known."""
    sha256: str
    size_bytes: int
    saved_at: datetime


class SavedDocument(Entity):
    """That a document was, or was about to be, stored: written first, so that none lies about unknown."""

    document: Document


class Project(Entity):
    """One project."""

    id: str
    tenant_id: str
    public: bool = False
    """Whether everybody finds and sees it, or its owner alone."""
    revision: int
    """Grows with every change."""
    document: Document
    earlier: tuple[int, ...] = ()
    """Revisions of earlier documents that are kept, oldest first."""
    leaving: tuple[int, ...] = ()
    """Of those that are kept no longer, and may still be there."""
    created_at: datetime
    updated_at: datetime
    keep_until: datetime | None = None
    """Set while it is being made, and from when it is removed on: nobody sees it then, and all of it goes after that.
    """

    @property
    def name(self) -> str:
        """The name that its document gives it."""
        return self.document.name

    @property
    def shown(self) -> bool:
        """Whether everybody may find it."""
        return self.public and self.keep_until is None

    def visible_to(self, viewer: str | None) -> bool:
        """Whether a tenant, or somebody nobody knows, may see it."""
        return self.keep_until is None and (self.public or viewer == self.tenant_id)

    def is_at(self, revisions: Collection[int] | None) -> bool:
        """Whether it is at one of these revisions; None: whichever it is at."""
        return revisions is None or self.revision in revisions


def document_key(tenant_id: str, project_id: str, document: Document) -> str:
    """Object key of a document. No two revisions share an object, so that one can go without a look at the others."""
    return f"projects/{tenant_id}/{project_id}/{document.revision:010d}-{document.sha256}.json"
