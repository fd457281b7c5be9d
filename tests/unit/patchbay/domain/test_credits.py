"""What is taken, held and given back, and where from."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.credits import MOST_EXTRA, UNLIMITED, Wallet, added, give_back, standing, take
from patchbay.domain.errors import Forbidden, InsufficientCredits, InvalidInput

NOW = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
LATER = datetime(2026, 4, 1, tzinfo=UTC)
WALLET = Wallet(tenant_id="t")
AMOUNTS = st.integers(1, 50)
WALLETS = st.builds(
    Wallet,
    tenant_id=st.just("t"),
    month=st.sampled_from(["", "2026-02", "2026-03"]),
    spent=st.integers(0, 100),
    extra=st.integers(0, 100),
)


def test_the_allowance_goes_first_then_what_was_added() -> None:
    wallet, first = take(added(WALLET, 4), "a", 7, 10, NOW)
    assert (wallet.spent, wallet.extra, first.of_allowance) == (7, 4, 7)
    wallet, second = take(wallet, "b", 5, 10, NOW)
    assert (wallet.spent, wallet.extra, second.of_allowance) == (10, 2, 3)
    assert standing(wallet, 10, NOW).left == 2


def test_too_few_say_how_many_are_needed_and_there() -> None:
    with pytest.raises(InsufficientCredits) as told:
        take(added(WALLET, 1), "a", 5, 3, NOW)
    assert (told.value.need, told.value.have) == (5, 4)
    assert (
        str(told.value) == "this takes 5 credits, and you have 4 credits; your monthly allowance renews on 1 April 2026"
    )
    assert isinstance(told.value, Forbidden)
    with pytest.raises(InsufficientCredits, match="takes 2 credits, and you have 1 credit;"):
        take(WALLET, "a", 2, 1, NOW)


def test_a_new_month_is_a_new_allowance_and_what_was_added_stays() -> None:
    wallet, _ = take(added(WALLET, 5), "a", 12, 10, NOW)
    assert standing(wallet, 10, NOW).left == 3
    assert standing(wallet, 10, LATER).left == 13
    wallet, charge = take(wallet, "b", 11, 10, LATER)
    assert (wallet.month, wallet.spent, wallet.extra, charge.of_allowance) == ("2026-04", 10, 2, 10)


def test_what_comes_back_after_its_month_is_over_is_over_too_but_for_what_was_added() -> None:
    wallet, old = take(added(WALLET, 5), "a", 12, 10, NOW)
    wallet, _ = take(wallet, "b", 4, 10, LATER)
    back = give_back(wallet, old)
    assert (back.spent, back.extra) == (4, 5)


@pytest.mark.parametrize(
    ("now", "renews"),
    [
        (NOW, LATER),
        (LATER, datetime(2026, 5, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_when_the_next_allowance_comes(now: datetime, renews: datetime) -> None:
    assert standing(WALLET, 10, now).renews_at == renews


@pytest.mark.parametrize("amount", [-1, MOST_EXTRA + 1])
def test_nobody_has_less_than_nothing_nor_more_than_can_be_counted(amount: int) -> None:
    with pytest.raises(InvalidInput) as told:
        added(WALLET, amount)
    assert told.value.field == "amount"


def test_without_a_bound_everything_is_of_the_allowance() -> None:
    wallet, charge = take(added(WALLET, 5), "a", 10**6, UNLIMITED, NOW)
    assert (charge.of_allowance, wallet.spent, wallet.extra) == (10**6, 10**6, 5)
    assert standing(wallet, UNLIMITED, NOW).left is None


@given(wallet=WALLETS, amount=AMOUNTS, allowance=st.integers(1, 100))
def test_an_order_takes_what_it_costs_or_nothing(wallet: Wallet, amount: int, allowance: int) -> None:
    before = standing(wallet, allowance, NOW).left
    assert before is not None
    try:
        taken, charge = take(wallet, "a", amount, allowance, NOW)
    except InsufficientCredits:
        assert before < amount
        return
    assert standing(taken, allowance, NOW).left == before - amount
    assert taken.extra >= 0
    assert 0 <= charge.of_allowance <= amount == charge.amount


@given(wallet=WALLETS, amount=AMOUNTS, others=st.lists(AMOUNTS, max_size=3), allowance=st.integers(1, 100))
def test_giving_back_undoes_taking_whatever_came_between(
    wallet: Wallet, amount: int, others: list[int], allowance: int
) -> None:
    wallet = added(wallet, 1000)
    taken, charge = take(wallet, "a", amount, allowance, NOW)
    spent, extra = 0, 0
    for number, other in enumerate(others):
        taken, more = take(taken, str(number), other, allowance, NOW)
        spent, extra = spent + more.of_allowance, extra + more.amount - more.of_allowance
    back, before = give_back(taken, charge), standing(wallet, allowance, NOW)
    assert (back.spent, back.extra) == (before.spent + spent, wallet.extra - extra)
