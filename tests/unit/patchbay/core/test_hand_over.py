from datetime import timedelta

import pytest

from patchbay.core import hand_over
from patchbay.core.hand_over import LIVES, challenge_of, offer, redeem
from patchbay.domain.errors import InvalidInput, Unauthenticated
from tests.fakes.clock import START
from tests.fakes.records import FakeRecords

TOKEN, VERIFIER = "eyJrefresh.token-of_somebody", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


def test_the_challenge_is_that_of_the_standards_example() -> None:
    assert challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B


def test_a_code_brings_the_token_once(records: FakeRecords) -> None:
    code = offer(records, TOKEN, challenge_of(VERIFIER), START)
    assert redeem(records, code, VERIFIER, START) == TOKEN
    with pytest.raises(Unauthenticated):
        redeem(records, code, VERIFIER, START)
    assert not records.items


def test_what_is_stored_gives_neither_code_nor_token(records: FakeRecords) -> None:
    code = offer(records, TOKEN, challenge_of(VERIFIER), START)
    (stored,) = records.items.values()
    assert code not in str(stored)
    assert TOKEN not in str(stored)
    assert stored.expires_at == int((START + LIVES).timestamp())


def test_a_code_lives_a_minute(records: FakeRecords) -> None:
    code = offer(records, TOKEN, challenge_of(VERIFIER), START)
    with pytest.raises(Unauthenticated):
        redeem(records, code, VERIFIER, START + LIVES)
    late = offer(records, TOKEN, challenge_of(VERIFIER), START)
    assert redeem(records, late, VERIFIER, START + LIVES - timedelta(milliseconds=1)) == TOKEN


@pytest.mark.parametrize("verifier", ["", "v" * 43, VERIFIER[:-1], VERIFIER + "\n", "é" * 43, challenge_of(VERIFIER)])
def test_a_wrong_verifier_uses_the_code_up(records: FakeRecords, verifier: str) -> None:
    code = offer(records, TOKEN, challenge_of(VERIFIER), START)
    with pytest.raises(Unauthenticated):
        redeem(records, code, verifier, START)
    with pytest.raises(Unauthenticated):
        redeem(records, code, VERIFIER, START)


@pytest.mark.parametrize("code", ["", "x", "x" * 129, "\ud800", "é"])
def test_other_texts_are_no_codes(records: FakeRecords, code: str) -> None:
    offer(records, TOKEN, challenge_of(VERIFIER), START)
    with pytest.raises(Unauthenticated):
        redeem(records, code, VERIFIER, START)
    assert len(records.items) == 1


def test_of_two_at_once_one_gets_the_session(records: FakeRecords) -> None:
    code, got = offer(records, TOKEN, challenge_of(VERIFIER), START), []
    records.before_write = lambda _: got.append(redeem(records, code, VERIFIER, START))
    with pytest.raises(Unauthenticated):
        redeem(records, code, VERIFIER, START)
    assert got == [TOKEN]


@pytest.mark.parametrize("challenge", ["", "x", VERIFIER + "=", "+" * 43, "x" * 44, "é" * 43])
def test_a_challenge_has_one_form(records: FakeRecords, challenge: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        offer(records, TOKEN, challenge, START)
    assert refused.value.field == "code_challenge"


def test_codes_are_all_different(records: FakeRecords) -> None:
    codes = {offer(records, TOKEN, challenge_of(VERIFIER), START) for _ in range(20)}
    assert len(codes) == len({stored.body for stored in records.items.values()}) == 20
    assert all(len(code) <= hand_over.MAX_CODE_CHARS for code in codes)
