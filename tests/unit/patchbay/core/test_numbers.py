import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.numbers import FEWEST, MOST, claim, find, new_number
from patchbay.ports import WriteConflict
from tests.fakes.records import FakeRecords


def test_a_number_leads_to_its_thing_and_to_no_other_kind() -> None:
    records, number = FakeRecords(), new_number()
    records.write(claim("sample", number, "tenant", "thing"))
    found = find(records, "sample", number)
    assert found is not None
    assert (found.tenant_id, found.thing_id) == ("tenant", "thing")
    assert find(records, "user", number) is None
    assert find(records, "sample", number + 1) is None


def test_a_number_is_one_things() -> None:
    records = FakeRecords()
    records.write(claim("sample", 7, "tenant", "one"))
    with pytest.raises(WriteConflict):
        records.write(claim("sample", 7, "tenant", "two"))
    records.write(claim("user", 7, "tenant", "two"))


def test_numbers_survive_a_client_that_knows_only_doubles() -> None:
    made = {new_number() for _ in range(2000)}
    assert len(made) == 2000
    assert all(FEWEST <= number <= MOST and int(float(json.dumps(number))) == number for number in made)


@given(st.integers())
def test_whatever_integer_is_asked_for_there_is_an_answer(number: int) -> None:
    assert find(FakeRecords(), "sample", number) is None
