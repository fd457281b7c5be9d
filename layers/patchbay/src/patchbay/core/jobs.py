"""Orders of work: submit, look, list, cancel, delete."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.core import layout, listing, manifests, store, tracing, work
from patchbay.core.assets import Assets
from patchbay.core.ends import Ends
from patchbay.core.idempotency import Once, write_once
from patchbay.domain import jobs as life
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, FetchRefused, InvalidInput, NotFound, Unavailable
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.jobs import Job, JobFile, JobState, Output
from patchbay.domain.steps import Step
from patchbay.ports import Clock, Delete, Executions, Objects, Records, Write, WriteConflict

MAX_BODY_BYTES = 16_000
MAX_PAGE = 200
"""Most jobs on a page; of very large ones fewer fit into an answer, which is what dialects look after."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What a dialect asks for, in the core's terms."""

    tenant_id: str
    application_id: str
    dialect: str
    workflow: str
    params: Mapping[str, Any] = field(default_factory=dict)
    input_url: str | None = None
    input_asset_id: str | None = None
    input_tenant_id: str | None = None
    """Whose that asset is, where it is another's whom the caller saw to be willing; None for the tenant's own."""
    files: Sequence[JobFile] = ()
    """For a workflow that takes any number of them."""
    name: str = ""
    batch_name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    deliver_to: Mapping[str, str] = field(default_factory=dict)
    callback_url: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list is about; empty means all."""

    states: Sequence[JobState] = ()
    workflows: Sequence[str] = ()
    batches: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Jobs:
    """A tenant's jobs."""

    records: Records
    objects: Objects
    executions: Executions
    assets: Assets
    clock: Clock
    shelf: Shelf
    ends: Ends
    call_off: Callable[[Sequence[Job]], None] = lambda jobs: None
    """Ends what services elsewhere do for jobs of one tenant that were cancelled."""

    def submit(self, order: Order, once: Once | None = None) -> Job:
        """Take an order. Raises `InvalidInput` that names the field: `workflow`, `params.x`, `input`, `deliver_to.x`.

        The job is stored before it is started: if starting fails now, the reconciler starts it later.
        """
        if once and once.made:
            return self.get(order.tenant_id, once.made)
        asset = self.input_of(order)
        job = self.job_of(order, asset)
        made = write_once(self.records, once, job.id, job.created_at, *self.writes_of(asset, job))
        if made != job.id:
            return self.get(order.tenant_id, made)
        self.begin(job)
        return job.model_copy(update={"version": 1})

    def writes_of(self, asset: Asset | None, *jobs: Job) -> list[Write]:
        """What stores new jobs of one tenant, and their input if it is new too.

        Raises `QuotaExceeded`, `BudgetExceeded`.
        """
        new = asset if asset is not None and asset.version == 0 else None
        held, charges = self.ends.budgets.reserve(jobs, lambda job: self.estimate_usd(job, asset))
        return [*self.assets.holdings.new(jobs[0].tenant_id, new, held), *charges]

    def estimate_usd(self, job: Job, asset: Asset | None) -> float:
        """What a new job will cost, as far as it can be said before it runs."""
        workflow = workflows.get(job.workflow)
        specs = workflow.steps(workflow.parse(job.params), self.shelf, has_input=asset is not None)
        asked_s = job.params.get("duration_s")
        audio_s = asset.audio.duration_s if asset and asset.audio else asked_s
        return self.ends.rates.estimate_usd(specs, audio_s if isinstance(audio_s, int | float) else None)

    def begin(self, job: Job) -> None:
        """Start a stored job. If that fails now, the reconciler does it later."""
        try:
            self.executions.start(job.tenant_id, job.id, job.runs)
        except Exception:  # noqa: BLE001 - logged; the order is taken, whatever it is
            _log.exception("job stored but not started; the reconciler will", extra={"job_id": job.id})

    def job_of(self, order: Order, asset: Asset | None, group_id: str | None = None) -> Job:
        """The job that an order makes, not stored yet. Raises `InvalidInput`."""
        workflow = workflows.get(order.workflow)
        try:
            params = workflow.parse(order.params)
            files = workflow.files(params, self.shelf, has_input=asset is not None)
        except InvalidInput as error:
            raise InvalidInput(str(error), field=f"params.{error.field}" if error.field else "params") from None
        self._check_delivery(order.deliver_to, files)
        manifest = manifests.keep(self.objects, order.tenant_id, order.files) if order.files else None
        if order.callback_url:
            self._check_url(order.callback_url, "callback_url")
        job = Job(
            id=new_id(),
            tenant_id=order.tenant_id,
            application_id=order.application_id,
            dialect=order.dialect,
            workflow=workflow.slug,
            name=order.name,
            batch_name=order.batch_name,
            params=params.model_dump(mode="json", exclude_defaults=True),
            request=dict(order.request),
            metadata=dict(order.metadata),
            input_asset_id=asset.id if asset else None,
            input_tenant_id=order.input_tenant_id,
            input_url=asset.source_url if asset else None,
            manifest=manifest,
            group_id=group_id,
            callback_url=order.callback_url,
            deliver_to=dict(order.deliver_to),
            traceparent=tracing.traceparent(),
            created_at=self.clock.now(),
        )
        work.note(job_id=job.id, tenant_id=job.tenant_id)
        if layout.body_bytes(job) > MAX_BODY_BYTES:
            raise InvalidInput(f"the job is described in more than {MAX_BODY_BYTES} bytes", field="metadata")
        return job

    def get(self, tenant_id: str, job_id: str) -> Job:
        """A job. Raises `NotFound`, for another tenant's too."""
        job = store.load(self.records, Job, layout.job_key(tenant_id, job_id)) if is_id(job_id) else None
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        work.note(job_id=job.id)
        return job

    def steps(self, job: Job) -> Sequence[Step]:
        """A job's steps in order, as far as they are planned and still kept."""
        found = self.records.query(layout.step_key(job.id, 0)[0], limit=100, ascending=True)
        return [layout.entity(Step, stored) for stored in found]

    def list(
        self, tenant_id: str, which: JobFilter | None = None, *, limit: int, skip: int = 0, before: str | None = None
    ) -> list[Job]:
        """Jobs, newest first: `limit` of them after `skip`, or after the job id `before`."""
        if not 0 <= limit <= MAX_PAGE or skip < 0:
            raise InvalidInput(f"a page has 0 to {MAX_PAGE} jobs", field="size")
        if limit == 0:
            return []
        filters = _filters(tenant_id, which or JobFilter())
        if skip and not filters:  # keys cost a tenth of the jobs themselves
            filters = _filters(tenant_id, JobFilter(states=tuple(JobState)))
        if filters:
            ids = islice(listing.matching(self.records, filters, before=before), skip, skip + limit)
            keys = [layout.job_key(tenant_id, job_id) for job_id in ids]
            return [layout.entity(Job, found) for found in self.records.get_many(keys)]
        partition = layout.job_key(tenant_id, "")[0]
        found = self.records.query(partition, limit=limit, before=before)
        return [layout.entity(Job, stored) for stored in found]

    def cancel(self, tenant_id: str, job_id: str) -> Job:
        """End a job that is not over, here and elsewhere. Raises as `end`."""
        job = self.end(tenant_id, job_id)
        try:
            self.call_off([job])
        except Exception:  # noqa: BLE001 - logged; the job is over, whatever it is
            _log.exception("job cancelled, and what it has elsewhere not called off", extra={"job_id": job_id})
        return job

    def end(self, tenant_id: str, job_id: str) -> Job:
        """The same here alone. Raises `NotFound`, `Conflict` if it is over in another way."""
        self.get(tenant_id, job_id)
        job = self.ends.bring(tenant_id, job_id, lambda j: life.cancel(j, self.clock.now()))
        if job is None:
            raise NotFound(f"there is no job {job_id}")
        self.executions.stop(job.id, job.runs)
        return job

    def delete(self, tenant_id: str, job_id: str) -> None:
        """Forget a job, cancelling it first if it is not over. Raises `NotFound`."""
        for _ in store.attempts():
            job = self.get(tenant_id, job_id)
            if not job.state.terminal:
                try:
                    job = self.cancel(tenant_id, job_id)
                except Conflict:
                    continue
            try:
                self.records.write(Delete(layout.job_key(tenant_id, job_id), expected=job.version))
            except WriteConflict:
                continue
            return
        raise Unavailable("too many changes at once; try again")

    def whole(self, job: Job) -> bool:
        """Whether all that a job made is still there: results are forgotten some day."""
        return all(self.objects.stat(output.key) is not None for output in job.outputs if output.key)

    def link(self, output: Output) -> str:
        """A fresh link to an output's object."""
        return self.objects.presign_get(output.key or "", expires_s=self.assets.limits.link_ttl_s)

    def input_of(self, order: Order) -> Asset | None:
        """The asset that the order is about; a new one, not stored yet, for a URL; None for work that takes none.

        Raises `InvalidInput`.
        """
        takes = workflows.get(order.workflow).input
        if (takes == "files") is not bool(order.files):
            told = "takes no list of files" if order.files else "works on files, and none is named"
            raise InvalidInput(f"workflow {order.workflow!r} {told}", field="files")
        if takes in {"none", "files"} and (order.input_asset_id or order.input_url):
            raise InvalidInput(f"workflow {order.workflow!r} takes no input file", field="input")
        if takes != "needed" and not (order.input_asset_id or order.input_url):
            return None
        if order.input_asset_id:
            try:
                asset = self.assets.get(order.input_tenant_id or order.tenant_id, order.input_asset_id)
            except NotFound as error:
                raise InvalidInput(str(error), field="input") from None
        elif not order.input_url:
            raise InvalidInput("no input file is named", field="input")
        else:
            found = self.assets.by_url(order.tenant_id, order.input_url)
            if found is None:
                self._check_url(order.input_url, "input")
                return self.assets.awaited(order.tenant_id, source_url=order.input_url)
            asset = found
        if asset.state is AssetState.REJECTED:
            raise InvalidInput(f"the input file was rejected: {asset.reason}", field="input")
        return asset

    def _check_delivery(self, deliver_to: Mapping[str, str], files: Sequence[str]) -> None:
        for name, url in deliver_to.items():
            if name not in files:
                message = f"there is no output {name!r} to send; this job makes: {', '.join(files)}"
                raise InvalidInput(message, field=f"deliver_to.{name}")
            self._check_url(url, f"deliver_to.{name}")

    def _check_url(self, url: str, name: str) -> None:
        try:
            self.assets.web.check(url)
        except FetchRefused as error:
            raise InvalidInput(str(error), field=name) from None


def _filters(tenant_id: str, which: JobFilter) -> dict[str, list[str]]:
    wanted = {"by_state": which.states, "by_workflow": which.workflows, "by_batch": which.batches}
    return {index: [f"{tenant_id}#{v}" for v in dict.fromkeys(values)] for index, values in wanted.items() if values}
