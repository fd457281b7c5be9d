import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.limits import KEPT_S, Quota, RateLimits, Standing
from patchbay.domain.errors import Unavailable
from tests.fakes.clock import FakeClock
from tests.fakes.records import FakeRecords

QUOTA = Quota(3, 60)


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
def limits(records: FakeRecords) -> RateLimits:
    return RateLimits(records, FakeClock())


def counted(limits: RateLimits, who: str = "ada", dialect: str = "d", quota: Quota = QUOTA) -> Standing:
    found = limits.count(dialect, who, quota)
    assert found is not None
    return found


def test_what_is_left_goes_down_to_nothing(limits: RateLimits) -> None:
    seen = [counted(limits) for _ in range(5)]
    assert [one.remaining for one in seen] == [2, 1, 0, 0, 0]
    assert [one.exceeded for one in seen] == [False, False, False, True, True]


def test_another_window_begins_anew(limits: RateLimits) -> None:
    first = [counted(limits) for _ in range(4)][-1]
    clock = limits.clock
    assert isinstance(clock, FakeClock)
    clock.advance(seconds=first.wait_s - 1)
    assert counted(limits).exceeded
    clock.advance(seconds=1)
    fresh = counted(limits)
    assert (fresh.exceeded, fresh.remaining, fresh.resets_at) == (False, 2, first.resets_at + 60)


def test_people_and_dialects_are_counted_apart(limits: RateLimits) -> None:
    for _ in range(4):
        counted(limits)
    assert not counted(limits, who="bob").exceeded
    assert not counted(limits, dialect="e").exceeded
    assert counted(limits).exceeded


def test_counts_are_dropped_some_time_after_their_window(limits: RateLimits, records: FakeRecords) -> None:
    standing = counted(limits)
    assert list(records.expiries.values()) == [standing.resets_at + KEPT_S]
    assert records.items == {}


def test_it_can_be_switched_off(records: FakeRecords) -> None:
    assert RateLimits(records, FakeClock(), scale=0).count("d", "ada", QUOTA) is None
    assert records.counters == {}


def test_a_store_that_is_away_says_so(limits: RateLimits, records: FakeRecords) -> None:
    records.down = True
    with pytest.raises(Unavailable):
        limits.count("d", "ada", QUOTA)


@given(st.integers(1, 5000), st.integers(1, 86400), st.floats(0.0001, 1000))
def test_a_scaled_quota_lets_at_least_one_through(requests: int, window_s: int, scale: float) -> None:
    scaled = Quota(requests, window_s).scaled(scale)
    assert scaled.window_s == window_s
    assert scaled.requests >= 1
    assert abs(scaled.requests - requests * scale) <= 1


@given(
    st.integers(1, 20),
    st.integers(1, 100),
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 50)), max_size=60),
)
def test_in_no_window_do_more_pass_than_the_quota_says(
    requests: int, window_s: int, asked: list[tuple[str, float]]
) -> None:
    """And nobody is refused who has asked less often."""
    clock = FakeClock()
    limits, passed, came = RateLimits(FakeRecords(), clock), dict[tuple[str, int], int](), dict[tuple[str, int], int]()
    for who, pause_s in asked:
        clock.advance(seconds=pause_s)
        window = (who, int(clock.now().timestamp()) // window_s)
        standing = counted(limits, who, quota=Quota(requests, window_s))
        came[window] = came.get(window, 0) + 1
        assert standing.exceeded == (came[window] > requests)
        assert 1 <= standing.wait_s <= window_s
        passed[window] = passed.get(window, 0) + (not standing.exceeded)
        assert standing.remaining == requests - min(came[window], requests)
    assert all(count <= requests for count in passed.values())
