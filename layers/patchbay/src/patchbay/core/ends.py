"""The end of a job, whichever it is: with what it cost, counted once, in the transaction that says so."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from patchbay.catalog.costs import Rates
from patchbay.core import holdings, layout, store, usage
from patchbay.core.budgets import Budgets
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Job
from patchbay.domain.steps import Step
from patchbay.ports import Clock, Records, Write, WriteConflict

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ends:
    """Who brings jobs to their ends."""

    records: Records
    clock: Clock
    rates: Rates
    budgets: Budgets

    def bring(self, tenant_id: str, job_id: str, how: Callable[[Job], Job | None]) -> Job | None:
        """Change a job as `how` has it, and count it if that ends it. As `store.change`, and raises what `how` does.

        A machine that is at one of its steps is counted until now: it stops some seconds after.
        """
        key = layout.job_key(tenant_id, job_id)
        for _ in store.attempts():
            job = store.load(self.records, Job, key)
            if job is None or (changed := how(job)) is None:
                return None
            if changed is job:
                return job
            if changed.state.terminal:
                changed = changed.model_copy(update={"cost_usd": self._cost_usd(job_id)})
            try:
                self.records.write(*self._writes(changed))
            except WriteConflict:
                continue
            if changed.state.terminal:
                self.look_at_budget(tenant_id)
            return changed.model_copy(update={"version": job.version + 1})
        raise Unavailable("too many changes at once; try again")

    def look_at_budget(self, tenant_id: str) -> None:
        """Warn an account whose budget is nearly spent. If that fails now, its next job does it."""
        try:
            self.budgets.warn(tenant_id)
        except Exception:  # noqa: BLE001 - logged; the job is over, whatever it is
            _log.exception("a budget was not looked at", extra={"tenant": tenant_id})

    def _writes(self, job: Job) -> tuple[Write, ...]:
        if not job.state.terminal:
            return (layout.put_job(job),)
        over, sums = self.budgets.settled(job)
        return (*holdings.put_job(over), *usage.counting(self.records, over), *sums)

    def _cost_usd(self, job_id: str) -> float:
        found = self.records.query(layout.step_key(job_id, 0)[0], limit=100, ascending=True)
        return self.rates.job_usd((layout.entity(Step, stored) for stored in found), self.clock.now())
