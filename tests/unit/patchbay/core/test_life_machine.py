"""Lives of jobs under every accident: whatever is lost, doubled, late or killed, the promises hold."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from patchbay.core import layout
from patchbay.core.idempotency import KEPT
from patchbay.core.jobs import Order
from patchbay.domain.errors import Conflict, NotFound
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.webhooks import TERMINAL_EVENTS, Notice, NoticeState
from tests.fakes.prober import GOOD
from tests.unit.patchbay.core.life import Death, Life, loaded_dice

NAMES = st.sampled_from(["ada", "bob"])
KEYS = st.sampled_from([None, "one", "two"])
WHICH = st.integers(0, 50)
DEATHS: st.SearchStrategy[Death] = st.none() | st.tuples(st.integers(0, 4), st.booleans())


class Lives(RuleBasedStateMachine):
    """Each rule is an accident or a step of somebody's; `check_changes` looks at every write of the table."""

    def __init__(self) -> None:
        super().__init__()
        self.dice = loaded_dice()
        self.dice.__enter__()
        self.life = Life()
        self.world, tenants = self.life.world, self.life.tenants
        self.songs = {n: [self.world.upload(t, GOOD + bytes([k])).id for k in range(4)] for n, t in tenants.items()}
        self.ordered: list[tuple[str, str]] = []
        self.made: dict[tuple[str, str], list[Job]] = {}
        self.checked = self.seed = 0
        self.succeeded: set[tuple[str, str]] = set()
        self.ended: dict[str, JobState] = {}
        self.world.services.endpoints.create(self.life.tenants["ada"].id, "https://ada.example/all", ["job.*"])

    # -- owners ------------------------------------------------------------------------------------------------------

    @initialize(name=NAMES, seed=st.integers(0, 2**16))
    def begin(self, name: str, seed: int) -> None:
        self.seed = seed
        self.submit(name, "one", None, False, 0)
        self.submit(name, None, None, True, 1)

    @rule(name=NAMES, key=KEYS, death=DEATHS, more=st.booleans(), song=st.integers(0, 3))
    def submit(self, name: str, key: str | None, death: Death, more: bool, song: int) -> None:
        tenant, services = self.life.tenants[name], self.world.services
        order = Order(
            tenant.id,
            tenant.caller.application_id,
            dialect="musicai",
            workflow="stem-isolation-encoded" if more else "stem-isolation-4",
            name=key or "",
            input_asset_id=self.songs[name][song],
            callback_url=f"https://{name}.example/end",
        )

        def ordering() -> None:
            once = services.idempotency.begin(tenant.id, key, "f")[0] if key else None
            self.ordered.append((tenant.id, services.jobs.submit(order, once).id))

        with suppress(NotFound):  # what the key made was deleted
            self.life.dying(death, ordering)

    @precondition(lambda self: self.ordered)
    @rule(which=WHICH, delete=st.booleans(), death=DEATHS)
    def cancel_or_delete(self, which: int, delete: bool, death: Death) -> None:
        jobs, given = self.world.services.jobs, self.ordered[which % len(self.ordered)]
        with suppress(NotFound, Conflict):
            self.life.dying(death, lambda: jobs.delete(*given) if delete else jobs.cancel(*given))

    # -- executions --------------------------------------------------------------------------------------------------

    @rule(rounds=st.integers(1, 6), death=DEATHS, telling=st.booleans())
    def go_on(self, rounds: int, death: Death, telling: bool) -> None:
        """All goes its way for a while, but for whoever dies of it."""
        for _ in range(rounds):
            for run in self.life.active():
                with suppress(NotFound):  # of a job that was deleted
                    self.life.go_on(run, death)
            self.life.receive(death)
        self.life.publish()
        if telling:
            for event in list(self.life.events):
                self.life.route(event, death)
            for message in self.world.notice_queue.due():
                self.life.attempt(message, death)

    @precondition(lambda self: any(run.calls for run in self.life.over))
    @rule(which=WHICH)
    def call_again(self, which: int) -> None:
        calls = [call for run in self.life.over for call in run.calls]
        calls[which % len(calls)]()

    @rule(
        what=st.sampled_from(["lose", "restart", "reconcile", "sweep", "up", "down", "losing", "holding"]), death=DEATHS
    )
    def accident(self, what: str, death: Death) -> None:
        services = self.world.services
        if what in {"lose", "restart"}:
            self.life.active()
            self.world.executions.lose()
            self.life.active()
        if what == "restart":
            self.life.working.clear()
        if what in {"restart", "reconcile"}:
            self.life.dying(death, lambda: services.reconciler.reconcile(restarted=what == "restart"))
        elif what == "sweep":
            self.life.dying(death, services.notices.sweep)
        elif what in {"down", "up"}:
            self.life.up = what == "up"
        elif what in {"losing", "holding"}:
            self.world.notice_queue.losing = what == "losing"

    # -- workers -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.life.working)
    @rule(which=WHICH, how=st.sampled_from(["report", "complete", "complete", "fail", "give_back"]), death=DEATHS)
    def work(self, which: int, how: str, death: Death) -> None:
        work = self.life.working[which % len(self.life.working)]
        if how == "report":
            self.life.report(work, (which + 1) / 52)
        else:
            getattr(self.life, how)(work, death)

    @precondition(lambda self: self.world.queues.sent)
    @rule(which=WHICH, lose=st.booleans())
    def double_or_lose_task(self, which: int, lose: bool) -> None:
        number = which % len(self.world.queues.sent)
        compute, message = self.world.queues.sent[number]
        if lose:
            self.world.queues.delete(compute, f"handle-{number + 1}")  # type: ignore[arg-type]
        else:
            self.world.queues.send(compute, message)  # type: ignore[arg-type]

    # -- events ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.life.events)
    @rule(which=WHICH, how=st.sampled_from(["route", "twice", "later", "lose"]), death=DEATHS)
    def route(self, which: int, how: str, death: Death) -> None:
        event = self.life.events[which % len(self.life.events)]
        if how == "lose":
            self.life.events = [each for each in self.life.events if each is not event]
            return
        self.life.route(event, death)
        if how == "twice":
            self.life.events.append(event)

    @rule(how=st.sampled_from(["once", "twice", "lose"]), death=DEATHS)
    def attempt(self, how: str, death: Death) -> None:
        for message in self.world.notice_queue.due():
            for _ in range({"once": 1, "twice": 2, "lose": 0}[how]):
                self.life.attempt(message, death)

    @rule(seconds=st.sampled_from([1, 5, 60, 100, 700, 3600, 40_000, 100_000, -300]))
    def pass_time(self, seconds: int) -> None:
        self.world.clock.advance(seconds=seconds)

    # -- promises ----------------------------------------------------------------------------------------------------

    @invariant()
    def check_changes(self) -> None:
        for old, new in self.world.records.changes[self.checked :]:
            if (new or old).kind == "job":  # type: ignore[union-attr]
                self._check_job(layout.entity(Job, old) if old else None, layout.entity(Job, new) if new else None)
        self.checked = len(self.world.records.changes)

    def _check_job(self, old: Job | None, new: Job | None) -> None:
        if new is None:
            return
        if old is None:
            self._check_made(new)
        else:
            assert new.progress >= old.progress
            same = {"version", "told_at"}
            assert not old.state.terminal or new.model_dump(exclude=same) == old.model_dump(exclude=same)
        if new.state.terminal:
            assert self.ended.setdefault(new.id, new.state) is new.state
        if new.state is JobState.SUCCEEDED:
            self.succeeded.add((new.tenant_id, new.id))
            assert {output.name for output in new.outputs} == {"vocals", "drums", "bass", "other"}

    def _check_made(self, job: Job) -> None:
        before = self.made.setdefault((job.tenant_id, job.name), [])
        assert not job.name or not before or job.created_at - before[-1].created_at >= KEPT, "one key made two jobs"
        before.append(job)

    @invariant()
    def usage_is_what_succeeded(self) -> None:
        for tenant in self.life.tenants.values():
            months = self.world.services.usage.months(tenant.id, 24)
            used = sum(tally.jobs for by_work in months.values() for tally in by_work.values())
            assert used == sum(owner == tenant.id for owner, _ in self.succeeded)

    def teardown(self) -> None:
        """Everything works again: in the end every job is over, and everybody who is there to hear of it has."""
        try:
            self._settled()
        finally:
            self.dice.__exit__(None, None, None)

    def _settled(self) -> None:
        self.life.settle(self.seed)
        self.check_changes()
        self.usage_is_what_succeeded()
        assert all(len(ids) == 1 for (url, _), ids in self.life.named.items() if url.endswith("/end"))
        for stored in self.world.records.items.values():
            if stored.kind == "job":
                self._check_end(layout.entity(Job, stored))
            elif stored.kind == "notice":
                assert layout.entity(Notice, stored).state is not NoticeState.PENDING

    def _check_end(self, job: Job) -> None:
        assert job.state.terminal
        assert job.told_at is not None
        (notice,) = [n for n in self._notices(job) if n.endpoint_id is None]
        buried = {message.notice_id for message, _ in self.world.notice_queue.buried}
        taken = (job.callback_url, job.id) in self.life.taken
        assert taken or (notice.state is NoticeState.DEAD and notice.id in buried)
        if job.tenant_id == self.life.tenants["ada"].id:
            assert len([n for n in self._notices(job) if n.endpoint_id]) == 1

    def _notices(self, job: Job) -> list[Notice]:
        found = self.world.services.notices.list(job.tenant_id, limit=10_000)
        return [n for n in found if n.event["type"] in TERMINAL_EVENTS and n.event["data"]["id"] == job.id]


Lives.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLives: Any = pytest.mark.slow(Lives.TestCase)
