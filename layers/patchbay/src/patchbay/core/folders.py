"""Folders of samples. A folder counts what is in it, so that none goes while a sample is told to be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patchbay.core import layout, layout_library, numbers, store
from patchbay.core.idempotency import Once, write_once
from patchbay.domain.errors import Conflict, NotFound, TooLarge, Unavailable
from patchbay.domain.folders import Folder
from patchbay.domain.samples import tidy_name
from patchbay.ports import Clock, Delete, Put, Records, WriteConflict

MAX_FOLDERS = 500


@dataclass(frozen=True, slots=True)
class Folders:
    """A tenant's folders."""

    records: Records
    clock: Clock

    def create(self, tenant_id: str, name: str, once: Once | None = None) -> Folder:
        """A new folder. Raises `InvalidInput`, `TooLarge` for one too many."""
        if once and once.made:
            return self.get(tenant_id, int(once.made))
        if len(self.list(tenant_id)) >= MAX_FOLDERS:
            raise TooLarge(f"there can be {MAX_FOLDERS} folders at most")
        number, now = numbers.new_number(), self.clock.now()
        folder = Folder(number=number, tenant_id=tenant_id, name=tidy_name(name), created_at=now)
        made = write_once(self.records, once, str(number), now, layout_library.put_folder(folder))
        return folder.model_copy(update={"version": 1}) if made == str(number) else self.get(tenant_id, int(made))

    def get(self, tenant_id: str, number: int) -> Folder:
        """A folder. Raises `NotFound`, for another tenant's too."""
        known = 0 < number <= numbers.MOST
        found = store.load(self.records, Folder, layout_library.folder_key(tenant_id, number)) if known else None
        if found is None:
            raise _missing(number)
        return found

    def list(self, tenant_id: str) -> list[Folder]:
        """All folders, oldest first."""
        found = self.records.query(layout_library.folder_key(tenant_id, 0)[0], limit=MAX_FOLDERS)
        return sorted((layout.entity(Folder, stored) for stored in found), key=lambda f: (f.created_at, f.number))

    def rename(self, tenant_id: str, number: int, name: str) -> Folder:
        """Give a folder another name. Raises `NotFound`, `InvalidInput`."""
        return self._changed(self.get(tenant_id, number), {"name": tidy_name(name)})

    def delete(self, tenant_id: str, number: int) -> None:
        """Remove an empty folder. Raises `NotFound`, `Conflict` while there is something in it."""
        for _ in store.attempts():
            folder = self.get(tenant_id, number)
            if folder.samples:
                raise Conflict(f"there are samples in folder {number} ({folder.samples}); move or delete them first")
            try:
                self.records.write(Delete(layout_library.folder_key(tenant_id, number), expected=folder.version))
            except WriteConflict:
                continue
            return
        raise Unavailable("too many changes at once; try again")

    def moving(self, tenant_id: str, old: int | None, new: int | None) -> tuple[Put, ...]:
        """What to write together with a sample that moves from one folder to another. None is no folder.

        Raises `NotFound` if there is no such folder to move to.
        """
        if old == new:
            return ()
        left = None if old is None else store.load(self.records, Folder, layout_library.folder_key(tenant_id, old))
        puts = [_put(left, -1)] if left else []
        if new is not None:
            puts.append(_put(self.get(tenant_id, new), 1))
        return tuple(puts)

    def _changed(self, folder: Folder, changes: Mapping[str, Any]) -> Folder:
        key = layout_library.folder_key(folder.tenant_id, folder.number)
        changed = store.change(
            self.records, Folder, key, lambda found: found.model_copy(update=changes), layout_library.put_folder
        )
        if changed is None:
            raise _missing(folder.number)
        return changed


def _put(folder: Folder, more: int) -> Put:
    return layout_library.put_folder(folder.model_copy(update={"samples": folder.samples + more}))


def _missing(number: int) -> NotFound:
    return NotFound(f"there is no folder {number}")
