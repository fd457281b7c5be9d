"""A tenant's projects: save, look, go back, share, copy, remove.

What is saved becomes a new revision, and what was there before is kept: the newest `MOST_EARLIER` documents.

**Order of writes.** A document's record is written first, then its object, last the project that names it; to remove,
the project is marked, then object and record of each document go, last the project. So whoever dies on the way leaves
nothing that no record tells of: documents that no project came to name go with it, and a project that was not made
whole, or not removed whole, is found by `sweep`.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from patchbay.core import layout, store
from patchbay.core.idempotency import Once, write_once
from patchbay.core.layout import Numbered
from patchbay.core.layout_projects import (
    document_key,
    leaving_partitions,
    owner_key,
    project_key,
    put_document,
    put_project,
)
from patchbay.core.sweeps import found_in, sweep
from patchbay.domain import projects as nouns
from patchbay.domain.errors import InvalidInput, NotFound, PatchbayError, Stale, TooLarge, Unavailable
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.projects import MAX_DOCUMENT_BYTES, MAX_LABEL_CHARS, Document, Project, SavedDocument
from patchbay.domain.samples import tidy_name
from patchbay.ports import Clock, Delete, Objects, Records, WriteConflict

MOST_EARLIER = 50
MADE_WITHIN = timedelta(hours=1)
"""A project that is not whole by then never will be."""
LOOK_BACK, FIRST_LOOK_BACK = timedelta(hours=2), timedelta(days=31)
"""As in `retention`: how long a stretch of time is looked at after it ended, and how far back the first sweep looks."""
PAGE = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Content:
    """What a project is to hold. The core does not read `data`, JSON in its client's language."""

    name: str
    label: str
    data: bytes
    tempo_bpm: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to change of a project; None: nothing."""

    content: Content | None = None
    public: bool | None = None


@dataclass(frozen=True, slots=True)
class Projects:
    """Projects. Wherever `expected` is given, it is the revisions one of which the project has to be at."""

    records: Records
    objects: Objects
    clock: Clock
    pause: Callable[[float], None] = time.sleep

    def create(self, tenant_id: str, content: Content, *, public: bool = False, once: Once | None = None) -> Project:
        """A new project. Raises `InvalidInput`, `TooLarge`."""
        if once and once.made:
            return self._own(tenant_id, once.made)
        now = self.clock.now()
        project = Project(
            id=new_id(),
            tenant_id=tenant_id,
            public=public,
            revision=1,
            document=self._document(content, 1),
            created_at=now,
            updated_at=now,
            keep_until=now + MADE_WITHIN,
        )
        self.records.write(put_project(project))
        self.records.write(put_document(project.id, project.document))
        self._store(project, project.document, content.data)
        begun = project.model_copy(update={"version": 1})
        whole = begun.model_copy(update={"keep_until": None})
        owner = layout.put(owner_key(project.id), "owner", Numbered(tenant_id=tenant_id, thing_id=project.id))
        try:
            made = write_once(self.records, once, project.id, now, put_project(whole), owner)
        except WriteConflict:  # the sweep was faster
            raise Unavailable("it took too long; try again") from None
        if made == project.id:
            return whole.model_copy(update={"version": 2})
        self._removed(begun)
        return self._own(tenant_id, made)

    def get(self, project_id: str, viewer: str | None) -> Project:
        """A project. Raises `NotFound` unless everybody may see it, or it is the viewer's own."""
        found = self._load(viewer, project_id) if viewer else None
        if found is None and is_id(project_id):
            owner = store.load(self.records, Numbered, owner_key(project_id))
            found = self._load(owner.tenant_id, project_id) if owner else None
        if found is None or not found.visible_to(viewer):
            raise _missing(project_id)
        return found

    def data(self, project: Project, document: Document | None = None) -> bytes:
        """What a project holds, or held in an earlier document. Raises `NotFound` if that went meanwhile."""
        key = nouns.document_key(project.tenant_id, project.id, document or project.document)
        try:
            with self.objects.read(key) as blocks:
                return b"".join(blocks)
        except NotFound:
            raise _missing(project.id) from None

    def documents(self, tenant_id: str, project_id: str) -> tuple[Project, list[Document]]:
        """A project of the tenant's own, and all its documents, newest first. Raises `NotFound`."""
        project = self._own(tenant_id, project_id)
        return project, [project.document, *(each.document for each in self._saved(project, project.earlier[::-1]))]

    def document(self, tenant_id: str, project_id: str, revision: int) -> tuple[Project, Document]:
        """One of them, by the revision that it was saved at. Raises `NotFound`."""
        project = self._own(tenant_id, project_id)
        return project, self._at(project, revision)

    def save(
        self,
        tenant_id: str,
        project_id: str,
        edit: Callable[[Project], Edit],
        *,
        expected: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Project:
        """Change a project. `edit` is asked what to change of it as it is, again if somebody else was faster.

        What changes nothing makes no revision. Raises `NotFound`, `Stale`, `InvalidInput`, `TooLarge`.
        """
        for _ in store.attempts(self.pause):
            if once and once.made:
                return self._own(tenant_id, once.made)
            project = self._own(tenant_id, project_id)
            _check(project, expected)
            changed = self._changed(project, edit(project))
            if changed is project:
                return project
            claims = once.claims(project.id, self.clock.now()) if once else ()
            try:
                self.records.write(put_project(changed), *claims)
            except WriteConflict:
                if landed := self._landed(project, changed.document):
                    return landed
                once = once.refreshed(self.records) if once else None
                continue
            return changed.model_copy(update={"version": project.version + 1})
        raise Unavailable("too many changes at once; try again")

    def restore(
        self,
        tenant_id: str,
        project_id: str,
        revision: int,
        *,
        expected: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Project:
        """Make an earlier document the project's again, as its newest revision. Raises `NotFound`, `Stale`."""

        def edit(found: Project) -> Edit:
            return Edit(self._content(found, self._at(found, revision)))

        return self.save(tenant_id, project_id, edit, expected=expected, once=once)

    def clone(self, tenant_id: str, project_id: str, once: Once | None = None) -> Project:
        """A copy of a project, of the tenant's own or everybody's, for the tenant alone. Raises `NotFound`."""
        if once and once.made:
            return self._own(tenant_id, once.made)
        found = self.get(project_id, tenant_id)
        return self.create(tenant_id, self._content(found, found.document), once=once)

    def delete(self, tenant_id: str, project_id: str, *, expected: Collection[int] | None = None) -> None:
        """Remove a project with all its documents. Raises `NotFound`, `Stale`.

        It is gone for everybody at once; what cannot be removed now, the sweep removes.
        """
        for _ in store.attempts(self.pause):
            project = self._own(tenant_id, project_id)
            _check(project, expected)
            ended = project.model_copy(update={"keep_until": self.clock.now(), "revision": project.revision + 1})
            try:
                self.records.write(put_project(ended), Delete(owner_key(project_id), expected=None))
            except WriteConflict:
                continue
            self._removed(ended.model_copy(update={"version": project.version + 1}))
            return
        raise Unavailable("too many changes at once; try again")

    def _remove(self, project: Project) -> None:
        """Remove what there is of a project that nobody sees any more."""
        while found := self.records.query(document_key(project.id, 0)[0], limit=PAGE):
            for stored in found:
                self._forget(project, layout.entity(SavedDocument, stored).document)
        self.records.write(Delete(project_key(project.tenant_id, project.id), expected=project.version))

    def sweep(self) -> dict[str, int]:
        """Remove every project whose time is over. Repeating it changes nothing."""
        now = self.clock.now()
        done = {"projects_removed": 0, "projects_in_trouble": 0}

        def look(number: int) -> int:
            waiting = 0
            for stored in found_in(self.records, leaving_partitions(number)):
                project = layout.entity(Project, stored)
                if project.keep_until is None or layout.kept_number(project.keep_until) != number:
                    continue
                waiting += 1
                if project.keep_until <= now:
                    done["projects_removed" if self._swept(project) else "projects_in_trouble"] += 1
            return waiting

        first, settled, last = (layout.kept_number(now - ago) for ago in (FIRST_LOOK_BACK, LOOK_BACK, timedelta(0)))
        sweep(self.records, "projects", first=first, last=last, settled=settled, look=look)
        return done

    def _swept(self, project: Project) -> bool:
        """Whether it could be removed. Whoever makes it has lost when its record is written here."""
        try:
            self.records.write(put_project(project))
        except (PatchbayError, WriteConflict):
            return False
        return self._removed(project.model_copy(update={"version": project.version + 1}))

    def _removed(self, project: Project) -> bool:
        """Whether what there is of a project could be removed now; if not, the sweep does it."""
        try:
            self._remove(project)
        except (PatchbayError, WriteConflict):
            _log.exception("project not removed; the next sweep tries again", extra={"project_id": project.id})
            return False
        return True

    def _changed(self, project: Project, edit: Edit) -> Project:
        """A project with an edit, whose document is stored; itself where nothing changes. Not written yet."""
        public = project.public if edit.public is None else edit.public
        new = self._document(edit.content, project.revision + 1) if edit.content else project.document
        same = new.model_copy(update={"revision": project.document.revision, "saved_at": project.document.saved_at})
        told = {"public": public, "updated_at": self.clock.now(), "revision": project.revision + 1}
        if same == project.document:
            return project if public == project.public else project.model_copy(update=told)
        assert edit.content is not None
        for saved in self._saved(project, project.leaving):
            self._forget(project, saved.document)
        document = self._claim(project, new)
        self._store(project, document, edit.content.data)
        kept = (*project.earlier, project.document.revision)
        told |= {"document": document, "revision": document.revision}
        told |= {"earlier": kept[-MOST_EARLIER:], "leaving": kept[:-MOST_EARLIER]}
        return project.model_copy(update=told)

    def _claim(self, project: Project, document: Document) -> Document:
        """Write that a document is about to be stored, under the first revision that nobody else has taken."""
        for _ in range(store.ATTEMPTS):
            try:
                self.records.write(put_document(project.id, document))
            except WriteConflict:  # somebody is saving just now, or died over it
                (newest,) = self.records.query(document_key(project.id, 0)[0], limit=1)
                document = document.model_copy(update={"revision": int(newest.sk) + 1})
                continue
            return document
        raise Unavailable("too many changes at once; try again")

    def _landed(self, before: Project, document: Document) -> Project | None:
        """The project, if it has come to name a new document although its write was refused: a repetition of the write
        can be, after an answer that was lost. Else the document is forgotten.
        """
        if document.revision == before.document.revision:
            return None
        now = self._load(before.tenant_id, before.id)
        if now and document.revision in {now.document.revision, *now.earlier}:
            return now
        self._forget(before, document)
        return None

    def _store(self, project: Project, document: Document, data: bytes) -> None:
        key = nouns.document_key(project.tenant_id, project.id, document)
        self.objects.store(key, data, media_type="application/json")

    def _forget(self, project: Project, document: Document) -> None:
        """Remove a document that no project names: first its object, so that its record tells of it till the end."""
        self.objects.delete(nouns.document_key(project.tenant_id, project.id, document))
        self.records.write(Delete(document_key(project.id, document.revision), expected=None))

    def _document(self, content: Content, revision: int) -> Document:
        """What is to be known of a document. Raises `InvalidInput`, `TooLarge`."""
        if len(content.label) > MAX_LABEL_CHARS:
            raise InvalidInput(f"a version has at most {MAX_LABEL_CHARS} characters", field="version")
        if len(content.data) > MAX_DOCUMENT_BYTES:
            raise TooLarge(f"a project has at most {MAX_DOCUMENT_BYTES} bytes as JSON, not {len(content.data)}")
        return Document(
            revision=revision,
            name=tidy_name(content.name),
            label=content.label,
            tempo_bpm=content.tempo_bpm,
            duration_s=content.duration_s,
            sha256=hashlib.sha256(content.data).hexdigest(),
            size_bytes=len(content.data),
            saved_at=self.clock.now(),
        )

    def _content(self, project: Project, document: Document) -> Content:
        data = self.data(project, document)
        return Content(document.name, document.label, data, document.tempo_bpm, document.duration_s)

    def _at(self, project: Project, revision: int) -> Document:
        if revision == project.document.revision:
            return project.document
        if revision in project.earlier and (found := self._saved(project, (revision,))):
            return found[0].document
        raise NotFound(f"project {project.id} has no version {revision}")

    def _saved(self, project: Project, revisions: Collection[int]) -> list[SavedDocument]:
        keys = [document_key(project.id, revision) for revision in revisions]
        return [layout.entity(SavedDocument, stored) for stored in (self.records.get_many(keys) if keys else ())]

    def _load(self, tenant_id: str, project_id: str) -> Project | None:
        return store.load(self.records, Project, project_key(tenant_id, project_id)) if is_id(project_id) else None

    def _own(self, tenant_id: str, project_id: str) -> Project:
        """The tenant's own project. Raises `NotFound` for another's, shown or not."""
        found = self._load(tenant_id, project_id)
        if found is None or not found.visible_to(tenant_id):
            raise _missing(project_id)
        return found


def _check(project: Project, expected: Collection[int] | None) -> None:
    if not project.is_at(expected):
        raise Stale(f"the project has changed since, it is at revision {project.revision} now; fetch it again")


def _missing(project_id: str) -> NotFound:
    return NotFound(f"there is no project {project_id}")
