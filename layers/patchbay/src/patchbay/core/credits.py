"""Credits: taken when work is ordered, in the transaction that stores the order, and given back if it fails.

`reserve` and `settled` write nothing themselves: their writes belong into the caller's transaction, and stand on the
versions that they read. Whoever loses a race asks again, and is told what is true then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from patchbay.core import layout_models, store
from patchbay.domain import credits as rules
from patchbay.domain.credits import Charge, ChargeState, Standing, Wallet
from patchbay.domain.errors import Unavailable
from patchbay.domain.users import Plan
from patchbay.ports import Clock, Records, Write, WriteConflict

KEPT = timedelta(days=400)
"""How long a charge that is settled can be looked up."""


@dataclass(frozen=True, slots=True)
class Credits:
    """Tenants' credits. `allowances` are those of a month, by plan; 0 stands for one without end."""

    records: Records
    clock: Clock
    allowances: Mapping[Plan, int]

    def reserve(self, tenant_id: str, plan: Plan, amount: int, charge_id: str) -> list[Write]:
        """What takes an order's credits and holds them as a new charge; nothing for an order that is free.

        Raises `InsufficientCredits`.
        """
        if amount <= 0:
            return []
        wallet = self._wallet(tenant_id)
        taken, charge = rules.take(wallet, charge_id, amount, self.allowances[plan], self.clock.now())
        return [layout_models.put_wallet(taken), layout_models.put_charge(charge)]

    def settled(self, tenant_id: str, charge_id: str, *, keep: bool) -> list[Write]:
        """What ends a charge, for good, or by giving its credits back; nothing where it was ended before, or was none.

        Only one of two rivals can write it: the other finds it done when it asks again.
        """
        charge = self.charge(tenant_id, charge_id)
        if charge is None or charge.state is not ChargeState.HELD:
            return []
        state = ChargeState.KEPT if keep else ChargeState.RETURNED
        until = self.clock.now() + KEPT
        ended: list[Write] = [layout_models.put_charge(charge.model_copy(update={"state": state}), expires=until)]
        if not keep:
            ended.append(layout_models.put_wallet(rules.give_back(self._wallet(tenant_id), charge)))
        return ended

    def charge(self, tenant_id: str, charge_id: str) -> Charge | None:
        """What an order costs or did cost; None for a free one, or one of long ago."""
        return store.load(self.records, Charge, layout_models.charge_key(tenant_id, charge_id))

    def standing(self, tenant_id: str, plan: Plan) -> Standing:
        """How a tenant stands."""
        return rules.standing(self._wallet(tenant_id), self.allowances[plan], self.clock.now())

    def add(self, tenant_id: str, amount: int) -> int:
        """Give a tenant extra credits, which no month ends, or take some away; how many there are then.

        Raises `InvalidInput`, `Unavailable`.
        """
        for _ in store.attempts():
            more = rules.added(self._wallet(tenant_id), amount)
            try:
                self.records.write(layout_models.put_wallet(more))
            except WriteConflict:
                continue
            return more.extra
        raise Unavailable("too many changes at once; try again")

    def _wallet(self, tenant_id: str) -> Wallet:
        return store.load(self.records, Wallet, layout_models.wallet_key(tenant_id)) or Wallet(tenant_id=tenant_id)
