from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog import warm
from patchbay.catalog.warm import Warm

moments = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - has a zone
hours = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] != pair[1])


def test_classes_workers_and_hours() -> None:
    assert warm.parse("gpu=1@7-19, cpu = 2") == {"gpu": Warm(1, 7, 19), "cpu": Warm(2)}
    assert warm.parse("") == {}
    assert warm.parse("gpu=0@7-19") == {}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("gpu", "'gpu' is not of the form"),
        ("gpu=-1", "is not of the form"),
        ("gpu=1@7", "is not of the form"),
        ("gpu=1@7:30-9", "is not of the form"),
        ("light=1", "there is no class 'light'"),
        ("gpu=1@7-7", "hours go from"),
        ("gpu=1@24-3", "hours go from"),
        ("gpu=1@3-25", "hours go from"),
        ("gpu=1@3-0", "hours go from"),
        ("gpu=1,gpu=2@3-5", "class 'gpu' is given twice"),
    ],
)
def test_what_is_wrong_is_told(told: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        warm.parse(told)


@given(moments, hours)
def test_they_stay_in_their_hours_and_to_the_end_of_them(now: datetime, told: tuple[int, int]) -> None:
    first, last = told
    (stay,) = warm.parse(f"gpu=1@{first}-{last}").values()
    until = stay.until(now)
    inside = {(first + n) % 24 for n in range((last - first) % 24 or 24)}
    assert (until is not None) is (now.hour in inside)
    if until is not None and not stay.always:
        assert (until.hour, until.minute, until.second, until.microsecond) == (last % 24, 0, 0, 0)
        assert timedelta(0) < until - now <= timedelta(hours=stay.hours)


@given(moments)
def test_who_always_stays_is_asked_for_again_twice_a_day(now: datetime) -> None:
    (stay,) = warm.parse("cpu=1").values()
    assert stay.until(now) == now + timedelta(hours=12)
