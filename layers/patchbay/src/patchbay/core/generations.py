"""Generations: order one, look how it stands, and take over what it made.

A generation, its job, who owns it and what it costs are written in one transaction, or not at all. When the job is
over, its audio is copied to where uploads stay, each file an asset under an id that follows from job and name; then the
generation is settled, its credits with it, in one transaction. Each of these steps may be repeated, by whom soever.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from patchbay.core import layout, store
from patchbay.core.assets import Assets
from patchbay.core.idempotency import Once
from patchbay.core.jobs import Jobs, Order
from patchbay.core.layout import Numbered
from patchbay.core.layout_generations import generation_key, owner_key, put_generation
from patchbay.domain.assets import Asset, AssetState, AudioInfo, upload_key
from patchbay.domain.errors import InvalidInput, NotFound, QuotaExceeded, Unavailable
from patchbay.domain.formats import MEDIA_TYPES
from patchbay.domain.generations import Generation, GenerationOutput, Kind, output_asset_id
from patchbay.domain.ids import is_id
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.users import Plan
from patchbay.ports import Delete, Objects, Records, Write, WriteConflict

MAX_PAGE = 1000
MAX_BODY_BYTES = 64_000
AT_ONCE = 50
"""Assets that one transaction makes, which has room for 100 writes."""
READ_BYTES = 128 * 1024**2
"""Most bytes of audio that are taken over while somebody waits for an answer; more is left to those with more time."""
_FORMATS = {media_type: name for name, media_type in MEDIA_TYPES.items()}
_GONE, _DELETED = "its results are gone", "its audio was deleted"
MIN_READ, MAX_READ = 100, 5000
"""Generations that are read at once where only some kinds are wanted, and in all."""


class Purse(Protocol):
    """Who keeps the credits of tenants. What it returns belongs into the transaction that it is asked for."""

    def reserve(self, tenant_id: str, plan: Plan, amount: int, charge_id: str) -> Sequence[Write]:
        """Writes that set credits aside. Raises a `PatchbayError` if there are too few."""

    def settled(self, tenant_id: str, charge_id: str, *, keep: bool) -> Sequence[Write]:
        """Writes that charge what was set aside, or give it back; none if that was done."""


@dataclass(frozen=True, slots=True)
class Generations:
    """Tenants' generations."""

    records: Records
    objects: Objects
    assets: Assets
    jobs: Jobs
    purse: Purse

    def order(
        self,
        order: Order,
        *,
        kind: Kind,
        model_number: int | None = None,
        inputs: Sequence[Mapping[str, Any]] = (),
        credits: int = 0,  # noqa: A002 - what it costs
        plan: Plan = "standard",
        once: Once | None = None,
        also: Callable[[Job], Sequence[Write]] = lambda job: (),
    ) -> tuple[Generation, Job]:
        """Take an order. Raises `InvalidInput` as `Jobs.submit`, and what the purse and `also` raise.

        What `also` gives for the new job is written in the same transaction; it is asked anew for each try.
        """
        for _ in store.attempts():
            if once and once.made:
                return self.get(once.made, order.tenant_id)
            asset = self.jobs.input_of(order)
            job = self.jobs.job_of(order, asset)
            made = Generation(
                id=job.id,
                tenant_id=job.tenant_id,
                kind=kind,
                model_number=model_number,
                inputs=tuple(dict(given) for given in inputs),
                credits=credits,
                created_at=job.created_at,
            )
            if layout.body_bytes(made) > MAX_BODY_BYTES:
                raise InvalidInput(f"the inputs are described in more than {MAX_BODY_BYTES} bytes", field="inputs")
            writes: list[Write] = [
                put_generation(made),
                layout.put(owner_key(made.id), "owner", Numbered(tenant_id=made.tenant_id, thing_id=made.id)),
                *self.jobs.writes_of(asset, job),
                *also(job),
                *(self.purse.reserve(made.tenant_id, plan, credits, made.id) if credits else ()),
                *(once.claims(made.id, made.created_at) if once else ()),
            ]
            try:
                self.records.write(*writes)
            except WriteConflict:
                once = once.refreshed(self.records) if once else None
                continue
            self.jobs.begin(job)
            return made.model_copy(update={"version": 1}), job.model_copy(update={"version": 1})
        raise Unavailable("too many changes at once; try again")

    def get(self, generation_id: str, viewer: str | None) -> tuple[Generation, Job]:
        """A generation and its job. Its id is a secret that who has it may look by; a tenant sees only his own.

        One whose job is over is settled on the way, if that is quickly done. Raises `NotFound`.
        """
        missing = NotFound(f"there is no generation {generation_id}")
        owner = store.load(self.records, Numbered, owner_key(generation_id)) if is_id(generation_id) else None
        if owner is None or viewer not in {None, owner.tenant_id}:
            raise missing
        found = self._load(owner.tenant_id, generation_id)
        try:
            job = self.jobs.get(owner.tenant_id, generation_id)
        except NotFound:
            self.give_up(owner.tenant_id, generation_id)
            raise missing from None
        if found is None:
            raise missing
        if not found.settled and _bytes_of(job) <= READ_BYTES:
            with suppress(Unavailable):
                found = self.settle(job) or found
        return found, job

    def owned(
        self,
        tenant_id: str,
        *,
        limit: int,
        offset: int = 0,
        before: str | None = None,
        kinds: Sequence[Kind] = (),
    ) -> list[tuple[Generation, Job]]:
        """A tenant's generations, newest first: `limit` of them after `offset`, or after the id `before`.

        No more than `MAX_READ` are looked at for those of the kinds that are wanted.
        """
        if not 0 < limit <= MAX_PAGE or not 0 <= offset <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} generations", field="limit")
        partition, wanted = generation_key(tenant_id, "")[0], offset + limit
        size, left = max(wanted, MIN_READ) if kinds else wanted, MAX_READ
        found: list[tuple[Generation, Job]] = []
        while len(found) < wanted and left > 0:
            stored = self.records.query(partition, limit=min(size, left), before=before)
            if not stored:
                break
            before, left = stored[-1].sk, left - len(stored)
            page = [layout.entity(Generation, each) for each in stored]
            chosen = [each for each in page if not kinds or each.kind in kinds]
            jobs = self.records.get_many([layout.job_key(tenant_id, each.id) for each in chosen])
            by_id = {each.sk: layout.entity(Job, each) for each in jobs}
            found += [(each, by_id[each.id]) for each in chosen if each.id in by_id]
        return found[offset:wanted]

    def settle(self, job: Job) -> Generation | None:
        """Take over what a job made, if it is over; None if it is no generation's. Repeating it changes nothing.

        Its credits are given back where it made nothing; not where its owner's account has no room for what it made,
        nor where he has deleted it.
        Raises `Unavailable` when a store is away.
        """
        found = self._load(job.tenant_id, job.id)
        if found is None or found.settled or not job.state.terminal:
            return found
        if job.state is not JobState.SUCCEEDED:
            return self._settle(found, {}, keep=False)
        made = _audio_of(job)
        try:
            awaited = self._awaited(found, job, made)
        except QuotaExceeded as error:
            return self._settle(found, {"reason": str(error)}, keep=True)
        outputs, reason = [], _GONE
        for output in made:
            asset = self._taken_over(output, awaited.get(output.name))
            if asset is not None and asset.audio is not None:
                outputs.append(_told(output, asset, asset.audio))
            elif asset is not None:
                reason = asset.reason or reason
        lost = bool(made) and not outputs
        if lost and reason == _GONE and any(self.objects.stat(output.key or "") for output in made):
            reason = _DELETED
        changes = {"outputs": tuple(outputs), "reason": reason if lost else None}
        return self._settle(found, changes, keep=not lost or reason != _GONE)

    def give_up(self, tenant_id: str, job_id: str) -> Generation | None:
        """A job was deleted: if it was a generation's, that is forgotten too; what is not charged is given back.

        What was taken over, if not settled, is charged. Its audio stays its owner's. Returns what was forgotten.
        """
        for _ in store.attempts():
            if (found := self._load(tenant_id, job_id)) is None:
                return None
            gone = [
                Delete(generation_key(tenant_id, job_id), expected=found.version),
                Delete(owner_key(job_id), expected=None),
            ]
            try:
                self.records.write(*gone, *self._credits(found, keep=found.taken))
            except WriteConflict:
                continue
            return found
        raise Unavailable("too many changes at once; try again")

    def _settle(self, found: Generation, changes: Mapping[str, Any], *, keep: bool) -> Generation | None:
        """Settle a generation and its credits, unless that was done; None if there is no such generation any more."""
        for _ in store.attempts():
            now = self._load(found.tenant_id, found.id)
            if now is None or now.settled:
                return now
            charged = now.credits if keep else 0
            settled = now.model_copy(update={**changes, "settled": True, "credits": charged})
            try:
                self.records.write(put_generation(settled), *self._credits(now, keep=keep))
            except WriteConflict:
                continue
            return settled.model_copy(update={"version": now.version + 1})
        raise Unavailable("too many changes at once; try again")

    def _credits(self, found: Generation, *, keep: bool) -> Sequence[Write]:
        if not found.credits or found.settled:
            return ()
        return self.purse.settled(found.tenant_id, found.id, keep=keep)

    def _awaited(self, found: Generation, job: Job, made: Sequence[Output]) -> dict[str, Asset]:
        """Output name -> the asset that it is to become, stored; one that its owner deleted is not made again.

        The generation is written with them: once that is settled, nobody who is late makes an asset of it.
        """
        for _ in store.attempts():
            now = self._load(found.tenant_id, found.id)
            if now is None or now.settled:
                return {}
            ids = {output.name: output_asset_id(job, output.name) for output in made}
            keys = [layout.asset_key(job.tenant_id, asset_id) for asset_id in ids.values()]
            there = {stored.sk: layout.entity(Asset, stored) for stored in self.records.get_many(keys)}
            missing = [] if self._all_made(now, job) else [each for each in made if ids[each.name] not in there]
            new = [self._new(job, output) for output in missing]
            if not new:
                return {name: there[asset_id] for name, asset_id in ids.items() if asset_id in there}
            taken = len(new) <= AT_ONCE
            new = new[:AT_ONCE]
            charge = self.assets.holdings.take(job.tenant_id, files=len(new))
            counted = {"counted_bytes": 0} if charge else {}
            puts = [layout.put_asset(asset.model_copy(update=counted)) for asset in new]
            try:
                self.records.write(put_generation(now.model_copy(update={"taken": taken})), *puts, *charge)
            except WriteConflict:
                continue
        raise Unavailable("too many changes at once; try again")

    def _all_made(self, found: Generation, job: Job) -> bool:
        """Whether a missing asset was deleted by its owner. Much later the store may have dropped it, empty."""
        over_at = job.completed_at or job.created_at
        return found.taken and self.assets.clock.now() < over_at + layout.PENDING_KEPT

    def _new(self, job: Job, output: Output) -> Asset:
        base, ending = _base(output.name), _FORMATS[output.media_type]
        name = f"{job.name[:200]} - {base}.{ending}" if job.name else f"{base}.{ending}"
        asset_id = output_asset_id(job, output.name)
        awaited = self.assets.awaited(job.tenant_id, name=name)
        return awaited.model_copy(update={"id": asset_id, "key": upload_key(job.tenant_id, asset_id)})

    def _taken_over(self, output: Output, asset: Asset | None) -> Asset | None:
        """An output as its owner's asset, looked at; None where its bytes are gone, or its owner deleted it."""
        if asset is None:
            return None
        try:
            if asset.state is AssetState.PENDING:
                self.objects.copy(output.key or "", asset.key)
            return self.assets.inspect(asset.tenant_id, asset.id)
        except NotFound:
            now = store.load(self.records, Asset, layout.asset_key(asset.tenant_id, asset.id))
            if now is not None and now.state is not AssetState.PENDING:
                return now
            self.assets.remove(asset)  # with bytes that came after it was deleted
            return None

    def _load(self, tenant_id: str, generation_id: str) -> Generation | None:
        return store.load(self.records, Generation, generation_key(tenant_id, generation_id))


def _audio_of(job: Job) -> list[Output]:
    """Those of a job's outputs that are audio files."""
    return [output for output in job.outputs if output.key and output.media_type in _FORMATS]


def _bytes_of(job: Job) -> int:
    return sum(output.size_bytes or 0 for output in _audio_of(job))


def _told(output: Output, asset: Asset, audio: AudioInfo) -> GenerationOutput:
    ending = _FORMATS[output.media_type]
    return GenerationOutput(asset_id=asset.id, name=output.name, duration_s=audio.duration_s, format=ending)


def _base(name: str) -> str:
    """An output's name without its ending."""
    base, _, ending = name.rpartition(".")
    return base if base and ending in MEDIA_TYPES else name
