"""Credits in the table: taken with an order, ended once with its job, exact whoever comes between and whatever dies."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from patchbay.core import layout_models, store
from patchbay.core.credits import Credits
from patchbay.core.jobs import Order
from patchbay.domain import credits as rules
from patchbay.domain.credits import Charge, ChargeState, Wallet
from patchbay.domain.errors import Conflict, InsufficientCredits, InvalidInput, NotFound, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Failure, FailureKind
from patchbay.ports import WriteConflict
from patchbay.settings import Settings
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.core.receiving import Killed, dying

MONTHLY = 12
STAGE = Settings(stage="test", rate_limit_scale=1000, credits_standard=MONTHLY, credits_premium=0)


@pytest.fixture
def purse(world: World) -> Credits:
    return Credits(world.records, world.clock, {"standard": MONTHLY, "premium": 0, "operator": 0})


def left(purse: Credits, tenant: Tenant) -> int | None:
    return purse.standing(tenant.id, "standard").left


def test_nothing_is_taken_before_it_is_written(world: World, ada: Tenant, purse: Credits) -> None:
    writes = purse.reserve(ada.id, "standard", 5, "job")
    assert left(purse, ada) == MONTHLY
    world.records.write(*writes)
    assert left(purse, ada) == MONTHLY - 5
    charge = purse.charge(ada.id, "job")
    assert charge is not None
    assert (charge.amount, charge.state, charge.tenant_id) == (5, ChargeState.HELD, ada.id)


@pytest.mark.parametrize(("keep", "after", "state"), [(True, 7, ChargeState.KEPT), (False, 12, ChargeState.RETURNED)])
def test_a_charge_ends_once(
    world: World, ada: Tenant, purse: Credits, keep: bool, after: int, state: ChargeState
) -> None:
    world.records.write(*purse.reserve(ada.id, "standard", 5, "job"))
    world.records.write(*purse.settled(ada.id, "job", keep=keep))
    assert left(purse, ada) == after
    for again in (True, False):
        assert purse.settled(ada.id, "job", keep=again) == []
    charge = purse.charge(ada.id, "job")
    assert charge is not None
    assert charge.state is state
    stored = world.records.get(layout_models.charge_key(ada.id, "job"))
    assert stored is not None
    assert stored.expires_at is not None


def test_a_charge_that_is_held_is_never_forgotten(world: World, ada: Tenant, purse: Credits) -> None:
    world.records.write(*purse.reserve(ada.id, "standard", 5, "job"))
    assert [world.records.items[key].expires_at for key in world.records.items if key[0].startswith("CHARGES")] == [
        None
    ]


def test_what_is_free_is_no_charge(ada: Tenant, purse: Credits) -> None:
    assert purse.reserve(ada.id, "standard", 0, "job") == []
    assert purse.settled(ada.id, "job", keep=True) == []


def test_of_two_at_once_one_has_to_look_again(world: World, ada: Tenant, purse: Credits) -> None:
    mine, theirs = purse.reserve(ada.id, "standard", 8, "a"), purse.reserve(ada.id, "standard", 8, "b")
    world.records.write(*theirs)
    with pytest.raises(WriteConflict):
        world.records.write(*mine)
    with pytest.raises(InsufficientCredits):
        purse.reserve(ada.id, "standard", 8, "a")


def test_of_two_who_end_a_charge_one_does(world: World, ada: Tenant, purse: Credits) -> None:
    world.records.write(*purse.reserve(ada.id, "standard", 5, "job"))
    kept, returned = purse.settled(ada.id, "job", keep=True), purse.settled(ada.id, "job", keep=False)
    world.records.write(*kept)
    with pytest.raises(WriteConflict):
        world.records.write(*returned)
    assert left(purse, ada) == MONTHLY - 5


def test_tenants_and_plans_are_apart(world: World, ada: Tenant, bob: Tenant, purse: Credits) -> None:
    world.records.write(*purse.reserve(ada.id, "standard", 12, "job"))
    assert left(purse, bob) == MONTHLY
    world.records.write(*purse.reserve(bob.id, "premium", 10**6, "job"))
    assert purse.standing(bob.id, "premium").left is None
    assert left(purse, bob) == 0  # a plan that is left behind leaves its spending


def test_credits_are_added_and_taken_away(world: World, ada: Tenant, purse: Credits) -> None:
    assert purse.add(ada.id, 30) == 30
    assert purse.add(ada.id, -10) == 20
    assert left(purse, ada) == MONTHLY + 20
    with pytest.raises(InvalidInput):
        purse.add(ada.id, -21)

    def rival(writes: object) -> None:
        purse.add(ada.id, 5)

    world.records.before_write = rival
    assert purse.add(ada.id, 1) == 26


def test_a_stage_tells_the_allowances() -> None:
    world = World(Settings(stage="test", credits_standard=3, credits_premium=0))
    assert world.services.credits.allowances == {"standard": 3, "premium": 0, "operator": 0}
    usual = World().services.credits.allowances
    assert (usual["standard"], usual["premium"]) == (10_000, 100_000)


class Spending(RuleBasedStateMachine):
    """Orders of an owner with few credits, their ends, rivals between any two writes, and processes that die.

    Whatever happens, the wallet is what its charges say, nobody has less than nothing, and a job that is over is
    charged if it succeeded and only then, as soon as anybody looks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = World(STAGE)
        self.tenant = self.world.tenant()
        self.asset = self.world.upload(self.tenant).id
        self.ordered: list[str] = []
        self.prices: dict[str, int] = {}
        self.ends: dict[str, str] = {}
        self.given = 0

    def submit(self, price: int, key: str | None = None) -> None:
        tenant, services = self.tenant, self.world.services
        order = Order(tenant.id, tenant.caller.application_id, "twoshot", "stem-isolation-4", input_asset_id=self.asset)
        once = services.idempotency.begin(tenant.id, key, "f")[0] if key else None
        with suppress(InsufficientCredits, NotFound):
            made, _ = services.generations.order(order, kind="generation", credits=price, once=once)
            if made.id not in self.ordered:
                self.ordered.append(made.id)

    def find(self) -> None:
        """Orders of processes that died after they wrote are there too."""
        partition = f"CHARGES#{self.tenant.id}"
        for (pk, sk), stored in self.world.records.items.items():
            if pk == partition and sk not in self.prices:
                self.prices[sk] = Charge.model_validate_json(stored.body).amount
                if sk not in self.ordered:
                    self.ordered.append(sk)

    @rule(
        price=st.integers(1, 7),
        key=st.sampled_from([None, None, "k"]),
        death=st.none() | st.tuples(st.integers(0, 3), st.booleans()),
        rival=st.none() | st.integers(1, 7),
    )
    def order(self, price: int, key: str | None, death: tuple[int, bool] | None, rival: int | None) -> None:
        if rival is not None:
            self.world.records.before_write = lambda writes: self.submit(rival)
        if death is None:
            self.submit(price, key)
        else:
            with suppress(Killed), dying(self.world, death[0], after=death[1]):
                self.submit(price, key)
        self.world.records.before_write = None
        self.find()

    @precondition(lambda self: self.ordered)
    @rule(which=st.integers(0, 30), how=st.sampled_from(["succeeded", "failed", "cancelled", "deleted"]))
    def end(self, which: int, how: str) -> None:
        job_id, services = self.ordered[which % len(self.ordered)], self.world.services
        with suppress(NotFound, Conflict):
            if services.jobs.get(self.tenant.id, job_id).state.terminal and how != "deleted":
                return
            if how == "succeeded":
                self.world.carry_out(services.jobs.get(self.tenant.id, job_id))
            elif how == "failed":
                services.pipeline.fail(self.tenant.id, job_id, Failure(kind=FailureKind.INTERNAL, message="x"))
            elif how == "cancelled":
                services.jobs.cancel(self.tenant.id, job_id)
            else:
                services.jobs.delete(self.tenant.id, job_id)
                self.ends.setdefault(job_id, "deleted")
                return
            self.ends[job_id] = how

    @precondition(lambda self: self.ordered)
    @rule(
        which=st.integers(0, 30),
        death=st.none() | st.tuples(st.integers(0, 12), st.booleans()),
        rival=st.none() | st.integers(0, 30),
    )
    def settle(self, which: int, death: tuple[int, bool] | None, rival: int | None) -> None:
        if rival is not None:
            other = self.ordered[rival % len(self.ordered)]
            self.world.records.before_write = lambda writes: self._settle(other)
        job_id = self.ordered[which % len(self.ordered)]
        if death is None:
            self._settle(job_id)
        else:
            with suppress(Killed), dying(self.world, death[0], after=death[1]):
                self._settle(job_id)
        self.world.records.before_write = None

    def _settle(self, job_id: str) -> None:
        with suppress(NotFound, Unavailable):
            self.world.services.settling.over(self.tenant.id, job_id)

    @rule(amount=st.integers(1, 5))
    def add(self, amount: int) -> None:
        self.world.services.credits.add(self.tenant.id, amount)
        self.given += amount

    @rule()
    def a_month_later(self) -> None:
        self.world.clock.advance(days=31)

    def charges(self) -> dict[str, Charge]:
        partition = f"CHARGES#{self.tenant.id}"
        items = self.world.records.items.items()
        return {key[1]: Charge.model_validate_json(stored.body) for key, stored in items if key[0] == partition}

    @invariant()
    def the_wallet_is_what_its_charges_say(self) -> None:
        key = layout_models.wallet_key(self.tenant.id)
        wallet = store.load(self.world.records, Wallet, key) or Wallet(tenant_id=self.tenant.id)
        taken = [charge for charge in self.charges().values() if charge.state is not ChargeState.RETURNED]
        assert wallet.spent == sum(charge.of_allowance for charge in taken if charge.month == wallet.month)
        assert wallet.extra == self.given - sum(charge.amount - charge.of_allowance for charge in taken)
        assert 0 <= wallet.spent <= MONTHLY
        assert wallet.extra >= 0

    @invariant()
    def a_charge_is_kept_only_for_what_was_made(self) -> None:
        for job_id, charge in self.charges().items():
            if charge.state is ChargeState.KEPT:
                assert self.ends.get(job_id) == "succeeded"
            if charge.state is ChargeState.RETURNED:
                assert self.ends.get(job_id) in {"failed", "cancelled", "deleted"} or job_id not in self.alive()

    def alive(self) -> set[str]:
        partition = f"JOBS#{self.tenant.id}"
        return {key[1] for key in self.world.records.items if key[0] == partition}

    def teardown(self) -> None:
        """When all are told of all, nothing is held but for what is under way."""
        for job_id in self.ordered:
            self._settle(job_id)
        held = {job_id for job_id, charge in self.charges().items() if charge.state is ChargeState.HELD}
        assert held == {job_id for job_id in self.charges() if job_id not in self.ends}
        self.the_wallet_is_what_its_charges_say()


TestSpending = pytest.mark.slow(Spending.TestCase)
TestSpending.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_rules_and_the_table_agree_on_a_month(world: World, ada: Tenant, purse: Credits) -> None:
    world.records.write(*purse.reserve(ada.id, "standard", 12, new_id()))
    world.clock.advance(days=31)
    assert left(purse, ada) == MONTHLY
    found = purse.standing(ada.id, "standard")
    assert found.spent == 0
    assert rules.month_of(found.renews_at) > rules.month_of(world.clock.now())
