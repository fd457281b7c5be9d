"""Users' accounts at services that separate songs elsewhere: the key, sealed; what it has left; ending what runs."""

import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from patchbay.catalog.vendors import ENGINE, LALALAI, SEPARATION
from patchbay.core import layout, layout_vendors, store
from patchbay.core.errands import end_there
from patchbay.core.jobs import JobFilter, Jobs
from patchbay.core.vault import Vault
from patchbay.domain.errands import KeptKey, SentTask, SentWork
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, PatchbayError, VendorFailed, VendorRefused
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.steps import Step, StepState
from patchbay.ports import Clock, Delete, Put, Record, Records, StemVendor, VendorKey, VendorMinutes, WriteConflict

KEY_FIELD = "license_key"
NO_KEY = "no licence key of yours for LALAL.AI is kept here; save it in the settings, under /users/settings"
_KEY = re.compile(r"[\x21-\x7e]{8,200}")
_OPEN = (JobState.QUEUED, JobState.STARTED)
_PAGE = 100
CANCELS_FOR, CALLS_OFF_FOR = timedelta(seconds=10), timedelta(seconds=5)
"""How long on one request jobs are ended here, and after that there. The last call there may take ten seconds more, and
the Lambda has 29."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """How many jobs were ended, and how many are still to be."""

    ended: int
    left: int


@dataclass(frozen=True, slots=True)
class Vendors:
    """All tenants' accounts at LALAL.AI."""

    records: Records
    clock: Clock
    vault: Vault
    jobs: Jobs
    vendor: StemVendor

    @property
    def offered(self) -> bool:
        """Whether keys can be kept here."""
        return bool(self.vault.keys)

    def keep(self, tenant_id: str, text: str) -> VendorMinutes:
        """Keep a key that LALAL.AI takes, in the place of any other; what it has left. Raises `InvalidInput`,
        `VendorRefused`, `VendorFailed`, `NotConfigured`.
        """
        text = text.strip()
        if not _KEY.fullmatch(text):
            raise InvalidInput("a licence key has 8 to 200 letters, digits and signs, no spaces", field=KEY_FIELD)
        sealed = self.vault.seal(tenant_id, LALALAI, text)
        minutes = self.vendor.minutes(text)
        old = self.kept(tenant_id)
        made = KeptKey(
            version=old.version if old else 0,
            id=new_id(),
            tenant_id=tenant_id,
            sealed=sealed,
            kept_at=self.clock.now(),
        )
        self.records.write(Put(_record(made), expected=None))
        return minutes

    def drop(self, tenant_id: str) -> None:
        """Forget a tenant's key; nothing happens if there is none."""
        self.records.write(Delete(layout_vendors.kept_key_key(tenant_id, LALALAI), expected=None))

    def kept(self, tenant_id: str) -> KeptKey | None:
        """A tenant's key, sealed."""
        return store.load(self.records, KeptKey, layout_vendors.kept_key_key(tenant_id, LALALAI))

    def open(self, tenant_id: str) -> VendorKey:
        """A tenant's key. Raises `NotFound`, `Unavailable`."""
        kept = self.kept(tenant_id)
        if kept is None:
            raise NotFound(NO_KEY)
        text = self.vault.open(tenant_id, LALALAI, kept.sealed)
        if self.vault.stale(kept.sealed):
            again = kept.model_copy(update={"sealed": self.vault.seal(tenant_id, LALALAI, text)})
            with suppress(WriteConflict):  # its owner put another in its place, or removed it
                self.records.write(Put(_record(again), expected=kept.version))
        return VendorKey(kept.id, text)

    def open_for(self, tenant_id: str, job_id: str, step: int, worker_id: str) -> VendorKey:
        """The key of a task's owner, for the worker that holds the task. Raises `NotFound`, `VendorRefused`."""
        held = store.load(self.records, Step, layout.step_key(job_id, step))
        ours = held is not None and (held.tenant_id, held.engine, held.leased_by) == (tenant_id, ENGINE, worker_id)
        if not ours or held is None or held.state is not StepState.LEASED:
            raise NotFound("this worker does not hold that task")
        if held.leased_until is None or held.leased_until <= self.clock.now():
            raise NotFound("this worker does not hold that task any more")
        try:
            return self.open(tenant_id)
        except NotFound as error:
            raise VendorRefused(str(error)) from None

    def minutes(self, tenant_id: str) -> VendorMinutes:
        """What a tenant's account has left. Raises `NotFound`, `VendorRefused`, `VendorFailed`."""
        return self.vendor.minutes(self.open(tenant_id).text)

    def task_id(self, job: Job) -> str | None:
        """The number of a job's work there, once it has one."""
        for step in self.jobs.steps(job):
            sent = store.load(self.records, SentWork, layout_vendors.sent_key(job.tenant_id, step.fingerprint))
            if sent is not None and sent.task_id:
                return sent.task_id
        return None

    def cancel(self, tenant_id: str, task_id: str) -> Job:
        """End a separation, here and there, by its number there or its job's. Raises `NotFound`, `Conflict`."""
        found = self._task(tenant_id, task_id)
        job = self.jobs.get(tenant_id, found.job_id if found else task_id)
        if job.workflow != SEPARATION:
            raise NotFound(f"there is no task {task_id}")
        return self.jobs.cancel(tenant_id, job.id)

    def cancel_all(self, tenant_id: str) -> Cancelled:
        """End a tenant's separations that are not over, newest first, for `CANCELS_FOR`; another call goes on."""
        until = self.clock.now() + CANCELS_FOR
        found = self._open_jobs(tenant_id)
        ended, left = list[Job](), len(found)
        try:
            for job in found:
                if self.clock.now() >= until:
                    break
                left -= 1
                with suppress(Conflict, NotFound):  # over meanwhile
                    ended.append(self.jobs.end(tenant_id, job.id))
        finally:
            self.call_off(ended)
        return Cancelled(len(ended), left)

    def call_off(self, jobs: Sequence[Job]) -> None:
        """End there what jobs of one tenant have there, which were ended here. What cannot be ended now is logged, and
        known on: the next order of the same song goes on with it, and who cancels again tries again.

        Workers do it too; but there may be none right now.
        """
        sent: list[SentWork] = []
        for job in jobs:
            try:
                sent += self._taken_back(job) if job.workflow == SEPARATION else ()
            except PatchbayError as error:
                _tell(error, job.id)
        for each in self._not_ended(sent):
            with suppress(WriteConflict):  # sent anew meanwhile
                self.records.write(*layout_vendors.put_sent(each.model_copy(update={"version": 0})))

    def _not_ended(self, sent: Sequence[SentWork]) -> list[SentWork]:
        """End there what one tenant has sent, all that has a number in few calls; gives back what could not be."""
        until = self.clock.now() + CALLS_OFF_FOR
        begun = [each for each in sent if each.task_id]
        lots = [begun[at : at + _PAGE] for at in range(0, len(begun), _PAGE)]
        lots += [[each] for each in sent if not each.task_id]
        for number, lot in enumerate(lots):
            try:
                if self.clock.now() >= until:
                    raise VendorFailed("LALAL.AI takes too long")
                end_there(self.vendor, self.open(lot[0].tenant_id).text, lot)
            except PatchbayError as error:
                left = [each for some in lots[number:] for each in some]
                _tell(error, *(each.job_id for each in left))
                return left
        return []

    def _open_jobs(self, tenant_id: str) -> list[Job]:
        found, before = list[Job](), None
        which = JobFilter(states=_OPEN, workflows=(SEPARATION,))
        while page := self.jobs.list(tenant_id, which, limit=_PAGE, before=before):
            found += page
            before = page[-1].id
        return found

    def _taken_back(self, job: Job) -> list[SentWork]:
        """What was sent for a job's steps, forgotten from now on; nothing of what another job has now."""
        found = (self._taken(job, step) for step in self.jobs.steps(job))
        return [sent for sent in found if sent is not None]

    def _taken(self, job: Job, step: Step) -> SentWork | None:
        key = layout_vendors.sent_key(job.tenant_id, step.fingerprint)
        for _ in store.attempts():
            sent = store.load(self.records, SentWork, key)
            if sent is None or sent.job_id != job.id:
                break
            with suppress(WriteConflict):  # its worker has just begun it: then there is something to end
                self.records.write(Delete(key, expected=sent.version))
                return sent
        return None

    def _task(self, tenant_id: str, task_id: str) -> SentTask | None:
        known = 0 < len(task_id) <= 64
        found = store.load(self.records, SentTask, layout_vendors.sent_task_key(tenant_id, task_id)) if known else None
        if found is None and not is_id(task_id):
            raise NotFound(f"there is no task {task_id[:64]}")
        return found


def _tell(error: PatchbayError, *job_ids: str) -> None:
    _log.warning("not cancelled elsewhere: %s", error, extra={"jobs": job_ids})


def _record(kept: KeptKey) -> Record:
    return layout.record(layout_vendors.kept_key_key(kept.tenant_id, LALALAI), "vendor_key", kept)
