"""A tenant's samples: made of uploads, prepared by a job, kept, shown, liked, deleted.

A sample, its public number, its audio's name and its preparation job are written in one transaction, or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from patchbay.catalog import licences
from patchbay.core import images, layout, layout_library, numbers, preparation, store
from patchbay.core.assets import Assets
from patchbay.core.folders import Folders
from patchbay.core.idempotency import Once
from patchbay.core.jobs import Jobs, Order
from patchbay.core.layout import Numbered
from patchbay.core.marks import mark
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from patchbay.domain.ids import is_id
from patchbay.domain.jobs import Job
from patchbay.domain.samples import Sample, SampleState, sample_prefix, tidy_name, tidy_tags
from patchbay.domain.scales import normal_scale
from patchbay.ports import Clock, Delete, Objects, Records, Write, WriteConflict

KIND = "sample"
"""Of public numbers."""
MAX_PAGE = 1000
ART_PX = 1024


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples, with what their owners may do, and what everybody may."""

    records: Records
    assets: Assets
    jobs: Jobs
    objects: Objects
    clock: Clock

    @property
    def folders(self) -> Folders:
        """What owners keep them in."""
        return Folders(self.records, self.clock)

    def create(
        self,
        tenant_id: str,
        application_id: str,
        asset: Asset,
        *,
        name: str,
        public: bool,
        scale: str = "",
        tags: Sequence[str] = (),
        folder_number: int | None = None,
        licence_id: int | None = None,
        dialect: str = "",
        once: Once | None = None,
    ) -> Sample:
        """Make an asset a sample and order its preparation; from then on the asset is kept until it is deleted.

        An asset is one sample: made a sample again, it is the one that it was. Raises `InvalidInput` that names the
        field, `NotFound` for an asset or a folder that is not there.
        """
        given = {"name": tidy_name(name), "tags": tidy_tags(tags), "scale": normal_scale(scale), "public": public}
        given |= {"folder_number": folder_number, **_licensed(licence_id)}
        order = Order(tenant_id, application_id, dialect, preparation.WORKFLOW, name=str(given["name"]))
        for _ in store.attempts():
            if once and once.made:
                return self._by_id(tenant_id, once.made)
            if (there := self._of_asset(asset.id)) is not None and there.tenant_id == tenant_id:
                return there
            asset = self._usable(tenant_id, asset)
            sample, job, writes = self._new(order, asset, given)
            claims = once.claims(sample.id, sample.created_at) if once else ()
            try:
                self.records.write(*writes, *claims)
            except WriteConflict:
                once = once.refreshed(self.records) if once else None
                continue
            self.jobs.begin(job)
            return sample.model_copy(update={"version": 1})
        raise Unavailable("too many changes at once; try again")

    def get(self, number: int, viewer: str | None) -> Sample:
        """A sample. Raises `NotFound` unless everybody may see it, or it is the viewer's own.

        One whose preparation is over, though nobody has said so, is settled on the way.
        """
        found = numbers.find(self.records, KIND, number)
        return self._up_to_date(_seen(self._load(found), viewer, f"sample {number}"))

    def of_audio(self, asset_id: str, viewer: str | None) -> Sample:
        """The sample that an asset is the audio of. Raises as `get`."""
        return _seen(self._of_asset(asset_id) if is_id(asset_id) else None, viewer, f"audio {asset_id}")

    def many(self, keys: Sequence[tuple[str, str]], viewer: str | None) -> list[Sample]:
        """Those of the samples, by (tenant id, sample id), that the viewer may see, in the same order."""
        found = self.records.get_many([layout_library.sample_key(*key) for key in dict.fromkeys(keys)])
        return [s for s in (layout.entity(Sample, stored) for stored in found) if s.visible_to(viewer)]

    def owned(
        self, tenant_id: str, *, limit: int, before: str | None = None, folder_number: int | None = None
    ) -> list[Sample]:
        """A tenant's samples, or those in a folder, newest first: `limit` of them, or those after the id `before`."""
        if not 0 < limit <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} samples", field="limit")
        if folder_number is None:
            found = self.records.query(layout_library.sample_key(tenant_id, "")[0], limit=limit, before=before)
        else:
            partition = layout_library.folder_partition(tenant_id, folder_number)
            found = self.records.get_many(self.records.index_keys("by_open", partition, limit=limit, before=before))
        return [layout.entity(Sample, stored) for stored in found]

    def rename(self, tenant_id: str, number: int, name: str) -> Sample:
        """Give a sample another name. Raises `NotFound`, `InvalidInput`."""
        return self._change(tenant_id, number, {"name": tidy_name(name)})

    def set_visibility(self, tenant_id: str, number: int, public: bool) -> Sample:
        """Show a sample to everybody, or to its owner alone. Raises `NotFound`."""
        return self._change(tenant_id, number, {"public": public})

    def set_tags(self, tenant_id: str, number: int, tags: Sequence[str]) -> Sample:
        """Give a sample other tags. Raises `NotFound`, `InvalidInput`."""
        return self._change(tenant_id, number, {"tags": tidy_tags(tags)})

    def set_scale(self, tenant_id: str, number: int, scale: str) -> Sample:
        """Say what scale a sample is in; empty: unknown. Raises `NotFound`, `InvalidInput`."""
        return self._change(tenant_id, number, {"scale": normal_scale(scale)})

    def set_licence(self, tenant_id: str, number: int, licence_id: int | None) -> Sample:
        """Offer a sample under a licence, or under none any more; licences taken stay. Raises `NotFound`,
        `InvalidInput`.
        """
        return self._change(tenant_id, number, _licensed(licence_id))

    def set_folder(self, tenant_id: str, number: int, folder_number: int | None) -> Sample:
        """Put a sample into a folder, or None: into none. Raises `NotFound` for either."""
        for _ in store.attempts():
            sample = self._own(tenant_id, number)
            moves = self.folders.moving(tenant_id, sample.folder_number, folder_number)
            if sample.folder_number == folder_number:
                return sample
            moved = sample.model_copy(update={"folder_number": folder_number, "updated_at": self.clock.now()})
            try:
                self.records.write(layout_library.put_sample(moved), *moves)
            except WriteConflict:
                continue
            return moved.model_copy(update={"version": sample.version + 1})
        raise Unavailable("too many changes at once; try again")

    def set_art(self, tenant_id: str, number: int, image: bytes) -> Sample:
        """Give a sample a picture. Raises `NotFound`, `InvalidInput` for what is no picture."""
        sample = self._own(tenant_id, number)
        picture = images.checked(image, ART_PX)
        art_number, replaced = numbers.new_number(), ""
        key = f"{sample_prefix(tenant_id, sample.id)}{art_number}.jpg"
        self.objects.store(key, picture, media_type=images.MEDIA_TYPE)

        def change(found: Sample) -> Mapping[str, Any]:
            nonlocal replaced
            replaced = found.art_key
            return {"art_key": key, "art_number": art_number}

        try:
            changed = self._changed(sample, change)
        except NotFound:  # deleted meanwhile
            self.objects.delete(key)
            raise
        if replaced:
            self.objects.delete(replaced)
        return changed

    def delete(self, tenant_id: str, number: int) -> None:
        """Forget a sample with its audio, preview and picture; licences taken stay. Raises `NotFound`.

        What could be left behind by a process that dies on the way is found by the owner's next try, or, of the audio,
        by the sweep of files whose time is over.
        """
        for _ in store.attempts():
            sample = self._own(tenant_id, number)
            asset = store.load(self.records, Asset, layout.asset_key(tenant_id, sample.asset_id))
            ended = asset.model_copy(update={"keep_until": self.clock.now()}) if asset else None
            for key in (preparation.preview_key(tenant_id, sample.id), sample.art_key):
                if key:
                    self.objects.delete(key)
            try:
                self.records.write(
                    Delete(layout_library.sample_key(tenant_id, sample.id), expected=sample.version),
                    Delete(layout.number_key(KIND, number), expected=None),
                    Delete(layout_library.audio_key(sample.asset_id), expected=None),
                    *self.folders.moving(tenant_id, sample.folder_number, None),
                    *([layout.put_asset(ended)] if ended else []),
                )
            except WriteConflict:
                continue
            with suppress(NotFound, Conflict):
                self.jobs.cancel(tenant_id, sample.id)
            if ended:
                self.assets.remove(ended)
            return
        raise Unavailable("too many changes at once; try again")

    def like(self, viewer: str, number: int) -> int:
        """Like a sample; how many do now. Raises `NotFound`. Repeating it changes nothing."""
        return self._mark(viewer, number, wanted=True)

    def unlike(self, viewer: str, number: int) -> int:
        """Like it no more; how many do now. Raises `NotFound`. Repeating it changes nothing."""
        return self._mark(viewer, number, wanted=False)

    def likes(self, samples: Sequence[Sample]) -> list[int]:
        """How many like each of the samples."""
        keys = list(dict.fromkeys(layout_library.likes_key(sample.id) for sample in samples))
        counts = dict(zip(keys, self.records.counts(keys), strict=True))
        return [counts[layout_library.likes_key(sample.id)] for sample in samples]

    def liked(self, viewer: str | None, samples: Sequence[Sample]) -> list[bool]:
        """Whether the viewer likes each of them."""
        if viewer is None:
            return [False] * len(samples)
        keys = [layout_library.like_key(viewer, sample.id) for sample in samples]
        there = {stored.key for stored in self.records.get_many(list(dict.fromkeys(keys)))}
        return [key in there for key in keys]

    def settle(self, job: Job) -> Sample | None:
        """Take over what a preparation job found; None if it was no sample's. What the owner said of the scale stays.

        Repeating it changes nothing. Raises `Unavailable` when the store is away.
        """
        sample = store.load(self.records, Sample, layout_library.sample_key(job.tenant_id, job.id))
        if sample is None or sample.state is not SampleState.PROCESSING or not job.state.terminal:
            return sample
        settled = self._settle(sample, preparation.outcome(self.objects, job))
        if settled is None:  # deleted while the preview was copied
            self.objects.delete(preparation.preview_key(job.tenant_id, job.id))
        return settled

    def give_up(self, tenant_id: str, job_id: str) -> Sample | None:
        """A job was deleted: if it was a sample's preparation, and that was not over, the sample has failed."""
        sample = store.load(self.records, Sample, layout_library.sample_key(tenant_id, job_id))
        return self._settle(sample, preparation.failed("its preparation job was deleted")) if sample else None

    def _up_to_date(self, sample: Sample) -> Sample:
        if sample.state is not SampleState.PROCESSING:
            return sample
        try:
            now = self.settle(self.jobs.get(sample.tenant_id, sample.id))
        except NotFound:
            now = self.give_up(sample.tenant_id, sample.id)
        except Unavailable:
            return sample
        return _seen(now, sample.tenant_id, f"sample {sample.number}")

    def _settle(self, sample: Sample, outcome: Mapping[str, Any]) -> Sample | None:
        """End a sample's processing, unless it has ended; None if there is no such sample any more."""
        now = self.clock.now()

        def change(found: Sample) -> Sample:
            if found.state is not SampleState.PROCESSING:
                return found
            own = {"scale": found.scale} if found.scale else {}
            return found.model_copy(update={**outcome, **own, "updated_at": now})

        key = layout_library.sample_key(sample.tenant_id, sample.id)
        return store.change(self.records, Sample, key, change, layout_library.put_sample)

    def _new(self, order: Order, asset: Asset, given: Mapping[str, Any]) -> tuple[Sample, Job, list[Write]]:
        """A sample, its job, and what stores them. Raises `NotFound` for a folder that is not there."""
        kept = asset.model_copy(update={"keep_until": None})
        job = self.jobs.job_of(order, kept)
        sample = Sample(
            id=job.id,
            number=numbers.new_number(),
            tenant_id=order.tenant_id,
            asset_id=asset.id,
            job_id=job.id,
            created_at=job.created_at,
            updated_at=job.created_at,
            **given,
        )
        audio = Numbered(tenant_id=sample.tenant_id, thing_id=sample.id)
        writes: list[Write] = [
            layout_library.put_sample(sample),
            layout.put(layout_library.audio_key(asset.id), "audio", audio),
            numbers.claim(KIND, sample.number, sample.tenant_id, sample.id),
            *self.folders.moving(sample.tenant_id, None, sample.folder_number),
            *self.jobs.writes_of(kept, job),
        ]
        if asset.version:  # even if nothing of it changes: whoever deletes it just now is too late, or this is
            writes.append(layout.put_asset(kept))
        return sample, job, writes

    def _usable(self, tenant_id: str, asset: Asset) -> Asset:
        """The asset as it is stored now, if it is stored. Raises `NotFound`, `InvalidInput` for a rejected one."""
        found = self.assets.get(tenant_id, asset.id) if asset.version else asset
        if found.state is AssetState.REJECTED:
            raise InvalidInput(f"the file was rejected: {found.reason}", field="asset")
        return found

    def _load(self, found: Numbered | None) -> Sample | None:
        key = layout_library.sample_key(found.tenant_id, found.thing_id) if found else None
        return store.load(self.records, Sample, key) if key else None

    def _of_asset(self, asset_id: str) -> Sample | None:
        return self._load(store.load(self.records, Numbered, layout_library.audio_key(asset_id)))

    def _by_id(self, tenant_id: str, sample_id: str) -> Sample:
        return _seen(self._load(Numbered(tenant_id=tenant_id, thing_id=sample_id)), tenant_id, f"sample {sample_id}")

    def _own(self, tenant_id: str, number: int) -> Sample:
        """The tenant's own sample. Raises `NotFound` for another's, shown or not."""
        found = numbers.find(self.records, KIND, number)
        mine = found if found and found.tenant_id == tenant_id else None
        return _seen(self._load(mine), tenant_id, f"sample {number} of yours")

    def _change(self, tenant_id: str, number: int, changes: Mapping[str, Any]) -> Sample:
        return self._changed(self._own(tenant_id, number), lambda found: changes)

    def _changed(self, sample: Sample, how: Callable[[Sample], Mapping[str, Any]]) -> Sample:
        """A sample with changes, written only where it changes. Raises `NotFound`."""
        now = self.clock.now()

        def change(found: Sample) -> Sample:
            new = found.model_copy(update=dict(how(found)))
            return found if new == found else new.model_copy(update={"updated_at": now})

        key = layout_library.sample_key(sample.tenant_id, sample.id)
        changed = store.change(self.records, Sample, key, change, layout_library.put_sample)
        return _seen(changed, sample.tenant_id, f"sample {sample.number}")

    def _mark(self, viewer: str, number: int, *, wanted: bool) -> int:
        sample = self.get(number, viewer)
        counter = layout_library.likes_key(sample.id)
        if mark(self.records, layout_library.like_key(viewer, sample.id), counter, "like", wanted=wanted):
            return self._popular(sample)
        return self.likes([sample])[0]

    def _popular(self, sample: Sample) -> int:
        """Note how popular a sample is, if its likes have one binary digit more or less than they had; the likes.

        Whoever changes the count looks again after the note was written, so the last one leaves the right one behind.
        """
        key = layout_library.sample_key(sample.tenant_id, sample.id)
        for _ in store.attempts():
            (count,) = self.likes([sample])
            digits = max(count, 0).bit_length()

            def change(found: Sample, digits: int = digits) -> Sample:
                same = found.popularity == digits
                return found if same else found.model_copy(update={"popularity": digits})

            store.change(self.records, Sample, key, change, layout_library.put_sample)
            if self.likes([sample]) == [count]:
                break
        return count


def _seen(sample: Sample | None, viewer: str | None, what: str) -> Sample:
    if sample is None or not sample.visible_to(viewer):
        raise NotFound(f"there is no {what}")
    return sample


def _licensed(licence_id: int | None) -> dict[str, Any]:
    """What a licence, or none, says of a sample. Raises `InvalidInput`."""
    if licence_id is None:
        return {"licence_id": None, "free": False}
    try:
        return {"licence_id": licence_id, "free": licences.get(licence_id).price == 0}
    except NotFound as error:
        raise InvalidInput(str(error), field="licence_id") from None
