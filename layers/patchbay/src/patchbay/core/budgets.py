"""What accounts may spend: held to when work is ordered, and corrected when it is over.

A month's sums lie in one record: what was spent, and what is committed, which is spent or set aside for jobs that are
not over; for the month and for each of its days. An order adds its estimate to what is committed, on the condition that
the budget has room for it, in the transaction that stores it. So whoever asks at the same moment, estimates never go
over a budget. A job's end puts its cost in the place of its estimate; so an account can spend more than its budget by
what the jobs that were under way cost more than they were put at, and by no more. Nothing that runs is stopped.

Cost: a read and two write units for an order where there is a budget; two write units for every job that ends, so that
a budget which is set today knows what was spent before.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from patchbay.core import layout, store
from patchbay.core.layout_money import WARNINGS_KEPT_DAYS, put_warning, spent_key, warning_key
from patchbay.domain import budgets as rules
from patchbay.domain.budgets import NANO, Budget, BudgetWarning, Period, Standing, dollars, figure, nano
from patchbay.domain.errors import BudgetExceeded, InvalidInput, NotFound
from patchbay.domain.jobs import Job
from patchbay.domain.users import Plan, User
from patchbay.ports import AddWithin, Clock, Key, Records, WriteConflict

COMMITTED, SPENT = "committed", "spent"
_A: Mapping[Period, str] = {"month": "a month", "day": "a day"}


@dataclass(frozen=True, slots=True)
class Budgets:
    """Budgets of accounts. `defaults` are those of the plans; a plan that is not here has none."""

    records: Records
    clock: Clock
    defaults: Mapping[Plan, Budget] = field(default_factory=dict)

    def of(self, tenant_id: str) -> Budget:
        """What an account may spend: as the operator has said of it, else as its plan has it."""
        user = store.load(self.records, User, layout.user_key(tenant_id))
        usual = self.defaults.get(user.plan if user else "standard", Budget())
        if user is None:
            return usual
        monthly, daily = user.budget_monthly_usd, user.budget_daily_usd
        return Budget(usual.monthly_usd if monthly is None else monthly, usual.daily_usd if daily is None else daily)

    def set(self, tenant_id: str, *, monthly_usd: float | None, daily_usd: float | None) -> Budget:
        """Give an account budgets of its own; 0: no bound, None: its plan's. Raises `InvalidInput`, `NotFound`."""
        for name, usd in (("monthly_usd", monthly_usd), ("daily_usd", daily_usd)):
            if usd is not None and not (usd == 0 or 1 / NANO <= usd <= rules.MOST_USD):
                raise InvalidInput(f"a budget is 0 (no bound) to {rules.MOST_USD:.0f} US dollars", field=name)
        told = {"budget_monthly_usd": monthly_usd, "budget_daily_usd": daily_usd}
        key = layout.user_key(tenant_id)
        if store.change(self.records, User, key, lambda u: u.model_copy(update=told), layout.put_user) is None:
            raise NotFound("there is no such user")
        return self.of(tenant_id)

    def standing(self, tenant_id: str) -> list[Standing]:
        """How an account stands in each period that is bounded; empty where none is."""
        bounded, now = self.of(tenant_id).bounded, self.clock.now()
        figures = self.records.figures(spent_key(tenant_id, now)) if bounded else {}
        return [rules.standing(period, usd, figures, now) for period, usd in bounded.items()]

    def reserve(
        self, jobs: Sequence[Job], estimate_usd: Callable[[Job], float]
    ) -> tuple[list[Job], tuple[AddWithin, ...]]:
        """New jobs of one account, each with what is set aside for it, and what to write with them.

        Where nothing is bounded nothing is estimated, read or written. Raises `BudgetExceeded`.
        """
        bounded = self.of(jobs[0].tenant_id).bounded if jobs else {}
        if not bounded:
            return list(jobs), ()
        put = [job.model_copy(update={"reserved_usd": estimate_usd(job)}) for job in jobs]
        charges = []
        for key, amounts in _sums((job, job.created_at, nano(job.reserved_usd), (COMMITTED,)) for job in put).items():
            used = self.records.figures(key)
            most = {name: nano(usd) for period, usd in bounded.items() for name in amounts if _period(name) == period}
            for name, bound in most.items():
                _check(key, name, used, amounts[name], bound)
            charges.append(AddWithin(key, amounts, most))
        return put, tuple(charges)

    def settled(self, job: Job) -> tuple[Job, tuple[AddWithin, ...]]:
        """A job that is over just now, with nothing set aside any more, and what to write with it."""
        ended = job.completed_at or job.created_at
        parts = [
            (job, job.created_at, -nano(job.reserved_usd), (COMMITTED,)),
            (job, ended, nano(job.cost_usd or 0.0), (COMMITTED, SPENT)),
        ]
        over = job.model_copy(update={"reserved_usd": 0.0})
        return over, tuple(AddWithin(key, amounts) for key, amounts in _sums(parts).items())

    def warn(self, tenant_id: str) -> list[BudgetWarning]:
        """Write down each share of a budget that is spent and was not written down before; returns those."""
        told, now = [], self.clock.now()
        for stands in self.standing(tenant_id):
            for level in rules.LEVELS_PERCENT:
                if stands.spent_usd * 100 < stands.limit_usd * level:
                    continue
                warning = _warning(tenant_id, stands, level, now)
                if self.records.get(warning_key(warning)) is None:
                    with suppress(WriteConflict):
                        self.records.write(put_warning(warning, now + timedelta(days=WARNINGS_KEPT_DAYS)))
                        told.append(warning)
        return told


def is_of_budgets(charge: AddWithin) -> bool:
    """Whether a write adds to the sums that budgets are held to."""
    return charge.key[0].startswith("SPENT#")


def check_budget(records: Records, charge: AddWithin) -> None:
    """Raises `BudgetExceeded` if there is no room for it, as things are now."""
    used = records.figures(charge.key)
    for name, most in charge.most.items():
        _check(charge.key, name, used, charge.amounts[name], most)


def _sums(parts: Iterable[tuple[Job, datetime, int, Sequence[str]]]) -> dict[Key, dict[str, int]]:
    """Key of a month -> what to add to its figures, for (job, when, billionths, names of sums); nothing for nothing."""
    sums: dict[Key, Counter[str]] = {}
    for job, when, amount, names in parts:
        into = sums.setdefault(spent_key(job.tenant_id, when), Counter())
        for name in names:
            for period in rules.PERIODS:
                into[figure(name, period, when)] += amount
    found = {key: {name: n for name, n in into.items() if n} for key, into in sums.items()}
    return {key: amounts for key, amounts in found.items() if amounts}


def _period(name: str) -> Period:
    return "day" if "-" in name else "month"


def _check(key: Key, name: str, used: Mapping[str, int], amount: int, most: int) -> None:
    """Raises `BudgetExceeded` if the figure has no room for the amount."""
    if used.get(name, 0) + amount <= most:
        return
    period = _period(name)
    day = int(name.partition("-")[2] or 1)
    year, month = (int(part) for part in key[1].split("-"))
    stands = rules.standing(period, most / NANO, used, datetime(year, month, day, tzinfo=UTC))
    held = f" and set aside {dollars(stands.reserved_usd)} for jobs under way" if stands.reserved_usd else ""
    told = f"may spend {dollars(stands.limit_usd)} {_A[period]}, has spent {dollars(stands.spent_usd)}{held}"
    wait = f"wait until {stands.resets_at:%Y-%m-%d} (UTC), cancel jobs that wait, or " if amount <= most else ""
    raise BudgetExceeded(
        f"this account {told}; this is put at {dollars(amount / NANO)}: {wait}ask the operator for a larger budget",
        spent_usd=stands.spent_usd,
        budget_usd=stands.limit_usd,
        resets_at=stands.resets_at,
    )


def _warning(tenant_id: str, stands: Standing, level: int, now: datetime) -> BudgetWarning:
    return BudgetWarning(
        tenant_id=tenant_id,
        period=stands.period,
        began=stands.began,
        level_percent=level,
        budget_usd=stands.limit_usd,
        spent_usd=stands.spent_usd,
        resets_at=stands.resets_at,
        at=now,
    )
