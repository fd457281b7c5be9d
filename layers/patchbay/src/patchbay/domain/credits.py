"""What work costs its owner: a month's allowance, credits added to it, and a charge for each order.

A charge takes its credits when the work is ordered, so that nobody orders more than he has, and gives them back if the
work comes to nothing. Pure functions: each returns changed copies, the store writes them on their versions.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from patchbay.domain.base import Entity
from patchbay.domain.errors import InsufficientCredits, InvalidInput

UNLIMITED = 0
"""An allowance that never ends."""
MOST_EXTRA = 10**9


class ChargeState(StrEnum):
    """`HELD` while the work is under way; the others are final."""

    HELD = "held"
    KEPT = "kept"
    RETURNED = "returned"


class Charge(Entity):
    """What one order costs."""

    id: str
    tenant_id: str
    amount: int
    month: str
    """`yyyy-mm`, of whose allowance a part was taken."""
    of_allowance: int
    """The part; the rest was taken of the extra credits."""
    state: ChargeState = ChargeState.HELD
    created_at: datetime


class Wallet(Entity):
    """A tenant's credits."""

    tenant_id: str
    month: str = ""
    """The month that `spent` is of."""
    spent: int = 0
    """Of that month's allowance; what is held is counted in."""
    extra: int = 0
    """Left of the credits that were added; they outlast the month."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a tenant stands."""

    left: int | None
    """Credits that can be spent now; None: without end."""
    allowance: int
    """Of a month, `UNLIMITED` or more."""
    spent: int
    """Of this month's allowance."""
    extra: int
    renews_at: datetime
    """When the allowance is whole again."""


def month_of(when: datetime) -> str:
    """`yyyy-mm`, by which allowances go."""
    return when.strftime("%Y-%m")


def standing(wallet: Wallet, allowance: int, now: datetime) -> Standing:
    """How the owner of a wallet stands."""
    spent = wallet.spent if wallet.month == month_of(now) else 0
    left = None if allowance == UNLIMITED else max(allowance - spent, 0) + wallet.extra
    return Standing(left, allowance, spent, wallet.extra, _next_month(now))


def take(wallet: Wallet, charge_id: str, amount: int, allowance: int, now: datetime) -> tuple[Wallet, Charge]:
    """The wallet without an order's credits, the allowance's first, and the charge that holds them.

    Raises `InsufficientCredits`.
    """
    found = standing(wallet, allowance, now)
    if found.left is not None and found.left < amount:
        when = found.renews_at.strftime("%d %B %Y").lstrip("0")
        need, have = _credits(amount), _credits(found.left)
        raise InsufficientCredits(
            f"this takes {need}, and you have {have}; your monthly allowance renews on {when}",
            need=amount,
            have=found.left,
        )
    part = amount if allowance == UNLIMITED else min(amount, max(allowance - found.spent, 0))
    month = month_of(now)
    charge = Charge(
        id=charge_id, tenant_id=wallet.tenant_id, amount=amount, month=month, of_allowance=part, created_at=now
    )
    changes = {"month": month, "spent": found.spent + part, "extra": wallet.extra - (amount - part)}
    return wallet.model_copy(update=changes), charge


def give_back(wallet: Wallet, charge: Charge) -> Wallet:
    """The wallet with a charge's credits back where they came from; an allowance that is over stays over."""
    spent = wallet.spent - charge.of_allowance if wallet.month == charge.month else wallet.spent
    return wallet.model_copy(update={"spent": spent, "extra": wallet.extra + charge.amount - charge.of_allowance})


def added(wallet: Wallet, amount: int) -> Wallet:
    """The wallet with more extra credits, or fewer. Raises `InvalidInput`."""
    extra = wallet.extra + amount
    if not 0 <= extra <= MOST_EXTRA:
        raise InvalidInput(f"there are {wallet.extra} extra credits, and can be 0 to {MOST_EXTRA}", field="amount")
    return wallet.model_copy(update={"extra": extra})


def _next_month(now: datetime) -> datetime:
    year, month = divmod(now.year * 12 + now.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def _credits(count: int) -> str:
    return "1 credit" if count == 1 else f"{count} credits"
