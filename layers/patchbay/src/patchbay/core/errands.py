"""What a worker's engine sends away for a task's owner: the key opened for this alone, what was begun remembered."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from patchbay.catalog.vendors import ENGINE
from patchbay.core import layout, layout_vendors, store
from patchbay.domain.errands import LIVES, Beat, FarState, SendAgain, SentWork
from patchbay.domain.errors import PatchbayError, TaskCancelled, VendorRefused
from patchbay.domain.jobs import Job
from patchbay.domain.steps import Step, StepState
from patchbay.ports import AlreadyBegun, Clock, Delete, HeldKeys, Records, StemVendor, VendorKey, WriteConflict

_SPARE = timedelta(minutes=10)
"""How long before its end a file there is not counted on any more."""
_LOST = "LALAL.AI began this, and the answer with its number was lost; order it again, which spends minutes again"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class StepErrand:
    """The errand of one step that a worker holds."""

    records: Records
    clock: Clock
    vendor: StemVendor
    step: Step
    open_key: Callable[[], VendorKey] = field(repr=False)
    _opened: VendorKey | None = field(default=None, repr=False)
    _resumed: bool = False

    def send(self, path: Path, beat: Beat) -> None:
        """See `Errand`. A key that is none is told before anything is sent."""
        sent = self._sent()
        if sent is not None and (sent.task_id or self._keeps(sent)):
            self._resumed = True
            if sent.job_id != self.step.job_id:
                self._write(sent)
            return
        if self._given_up():
            raise TaskCancelled("nobody waits for this task any more")
        self._resumed = False
        if sent is None:
            step = self.step
            sent = SentWork(
                tenant_id=step.tenant_id,
                job_id=step.job_id,
                fingerprint=step.fingerprint,
                key_id=self._key.id,
                once=str(uuid.uuid4()),
                sent_at=self.clock.now(),
            )
        self.vendor.minutes(self._key.text)
        file = self.vendor.upload(self._key.text, path, beat)
        self._write(sent.model_copy(update={"file_id": file.id, "file_ends_at": file.ends_at}))

    def begin(self, stems: Sequence[str]) -> None:
        """See `Errand`."""
        sent = self._known()
        if sent.task_id:
            return
        try:
            task_id = self.vendor.begin(self._key.text, sent.file_id, stems, sent.once)
        except AlreadyBegun:
            task_id = self._found(sent, stems)
        except VendorRefused as error:
            self.forget()
            if not self._resumed:
                raise
            # The file of an earlier try may be what is refused: bring it there again.
            raise SendAgain(str(error)) from None
        try:
            self._write(sent.model_copy(update={"task_id": task_id}))
        except WriteConflict:  # its owner ended it meanwhile
            self.vendor.cancel(self._key.text, [task_id])
            raise SendAgain("what was sent to LALAL.AI was called off; it is sent again") from None

    def look(self, stems: Sequence[str], beat: Beat) -> FarState:
        """See `Errand`."""
        return self.vendor.look(self._key.text, self._known().task_id, stems, beat)

    def fetch(self, url: str, path: Path, beat: Beat) -> None:
        """See `Errand`."""
        self.vendor.fetch(url, path, beat)

    def forget(self) -> None:
        """See `Errand`."""
        self.records.write(Delete(self._place, expected=None))

    def call_off(self) -> None:
        """See `Errand`. A task that went to another worker is that one's, and what another job took over is its own."""
        try:
            if not self._given_up():
                return
            sent = self._sent()
            if sent is not None and sent.job_id == self.step.job_id:
                self.forget()
                end_there(self.vendor, self._key.text, [sent])
        except PatchbayError as error:
            _log.warning("not cancelled elsewhere: %s", error, extra={"job_id": self.step.job_id})

    @property
    def _place(self) -> tuple[str, str]:
        return layout_vendors.sent_key(self.step.tenant_id, self.step.fingerprint)

    @property
    def _key(self) -> VendorKey:
        if self._opened is None:
            self._opened = self.open_key()
        return self._opened

    def _sent(self) -> SentWork | None:
        """What was sent by the same key, and is still counted on."""
        sent = store.load(self.records, SentWork, self._place)
        if sent is None:
            return None
        if sent.key_id != self._key.id or sent.sent_at + LIVES <= self.clock.now():
            self.forget()
            return None
        return sent

    def _known(self) -> SentWork:
        sent = self._sent()
        if sent is None:
            raise SendAgain("what was sent to LALAL.AI is not known any more; it is sent again")
        return sent

    def _found(self, sent: SentWork, stems: Sequence[str]) -> str:
        """The number of what they began, and did not get round to telling. Raises `VendorRefused`, `VendorFailed`."""
        task_id = self.vendor.find(self._key.text, sent.file_id, stems)
        if task_id is None:
            self.forget()
            raise VendorRefused(_LOST)
        return task_id

    def _keeps(self, sent: SentWork) -> bool:
        """Whether the file is there for a while yet."""
        return bool(sent.file_id) and (sent.file_ends_at is None or sent.file_ends_at - _SPARE > self.clock.now())

    def _write(self, sent: SentWork) -> None:
        now = sent.model_copy(update={"job_id": self.step.job_id})
        self.records.write(*layout_vendors.put_sent(now))

    def _given_up(self) -> bool:
        job = store.load(self.records, Job, layout.job_key(self.step.tenant_id, self.step.job_id))
        if job is None or job.state.terminal:
            return True
        step = store.load(self.records, Step, layout.step_key(self.step.job_id, self.step.index))
        return step is None or step.state is StepState.FAILED


def end_there(vendor: StemVendor, key: str, sent: Sequence[SentWork]) -> None:
    """End what was sent by one key. Where no number is known something may be begun all the same: its file goes."""
    if task_ids := [each.task_id for each in sent if each.task_id]:
        vendor.cancel(key, task_ids)
    for each in sent:
        if each.file_id and not each.task_id:
            vendor.remove(key, each.file_id)


def errand_of(
    step: Step,
    worker_id: str,
    *,
    records: Records,
    clock: Clock,
    vendor: Callable[[], StemVendor],
    keys: Callable[[], HeldKeys],
) -> StepErrand | None:
    """The errand of a step that a worker holds; None for a step that is done right here."""
    if step.engine != ENGINE:
        return None

    def open_key() -> VendorKey:
        return keys().key_of(step.tenant_id, step.job_id, step.index, worker_id)

    return StepErrand(records, clock, vendor(), step, open_key)
