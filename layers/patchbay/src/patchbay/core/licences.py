"""Licences: offered by owners on their samples, taken by others, one for each user and sample."""

from dataclasses import dataclass
from datetime import timedelta

from patchbay.catalog import licences
from patchbay.core import layout_library, store
from patchbay.core.idempotency import Once
from patchbay.core.numbers import MOST
from patchbay.core.samples import Samples
from patchbay.domain.errors import InvalidInput, NotFound, Unavailable
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.licences import Licence, LicenceApplication
from patchbay.domain.samples import Sample
from patchbay.ports import Clock, Records, WriteConflict

CONTENT_TYPES = ("sample", "audio")


@dataclass(frozen=True, slots=True)
class Licences:
    """What can be taken, and who took what."""

    records: Records
    samples: Samples
    clock: Clock

    def list(self) -> tuple[Licence, ...]:
        """All licences."""
        return licences.LICENCES

    def get(self, licence_id: int) -> Licence:
        """A licence. Raises `NotFound`."""
        return licences.get(licence_id)

    def apply(
        self, tenant_id: str, licence_id: int, content_id: str, content_type: str, once: Once | None = None
    ) -> LicenceApplication:
        """Take a licence for a sample, named by its number or its audio's id.

        Taken again while it is good, it is the same; after its end, or where the owner offers another one now, it
        begins anew under the same id. Raises `NotFound`, `InvalidInput` that names the field.
        """
        sample = self._content(tenant_id, content_id, content_type)
        licence, now = self._offered(licence_id, sample), self.clock.now()
        key = layout_library.licence_key(tenant_id, sample.asset_id)
        for _ in range(store.ATTEMPTS):
            had = store.load(self.records, LicenceApplication, key)
            if had and (had.id == (once.made if once else None) or (had.licence_id == licence_id and had.valid(now))):
                return had
            days = licence.valid_days
            taken = LicenceApplication(
                version=had.version if had else 0,
                id=had.id if had else new_id(),
                tenant_id=tenant_id,
                asset_id=sample.asset_id,
                licence_id=licence.id,
                terms=licence.terms,
                created_at=now,
                valid_until=None if days is None else now + timedelta(days=days),
            )
            try:
                self.records.write(layout_library.put_licence(taken), *(once.claims(taken.id, now) if once else ()))
            except WriteConflict:
                once = once.refreshed(self.records) if once else None
                continue
            return taken.model_copy(update={"version": taken.version + 1})
        raise Unavailable("too many changes at once; try again")

    def of(self, tenant_id: str, asset_id: str) -> LicenceApplication | None:
        """The licence that a user has for a sample, by its audio's id, if it is still good."""
        key = layout_library.licence_key(tenant_id, asset_id)
        found = store.load(self.records, LicenceApplication, key) if is_id(asset_id) else None
        return found if found and found.valid(self.clock.now()) else None

    def _content(self, viewer: str, content_id: str, content_type: str) -> Sample:
        if content_type not in CONTENT_TYPES:
            told = f"there are licences for: {', '.join(CONTENT_TYPES)}"
            raise InvalidInput(told, field="content_type")
        if is_id(content_id):
            return self.samples.of_audio(content_id, viewer)
        digits = content_id.isascii() and content_id.isdigit() and len(content_id) <= len(str(MOST))
        if content_type == "sample" and digits:
            return self.samples.get(int(content_id), viewer)
        raise NotFound(f"there is no {content_type} {content_id[:64]}")

    def _offered(self, licence_id: int, sample: Sample) -> Licence:
        """The licence, if it is the one that the sample is offered under. Raises `NotFound`, `InvalidInput`."""
        licence = licences.get(licence_id)
        if sample.licence_id is None:
            raise InvalidInput("the owner of this sample offers no licence for it", field="licence_id")
        if sample.licence_id != licence_id:
            raise InvalidInput(f"this sample is offered under licence {sample.licence_id}", field="licence_id")
        return licence
