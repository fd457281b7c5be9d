"""Likes: counted exactly, and told to the index as a popularity that is right whenever nobody is in the middle."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.domain.errors import NotFound
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample

NAMES = ("ada", "bob", "eve", "kim", "lou")


def test_likes_are_counted_once_each(world: World, ada: Tenant, bob: Tenant) -> None:
    samples, made = world.services.samples, library_sample(world, ada)
    other = library_sample(world, ada)
    assert [samples.like(bob.id, made.number) for _ in range(2)] == [1, 1]
    assert samples.like(ada.id, made.number) == 2
    assert samples.likes([made, other, made]) == [2, 0, 2]
    assert samples.liked(bob.id, [other, made, made]) == [False, True, True]
    assert samples.liked(None, [other, made]) == [False, False]
    assert [samples.unlike(bob.id, made.number) for _ in range(2)] == [1, 1]
    assert samples.liked(bob.id, [made]) == [False]
    assert samples.likes([]) == samples.liked(bob.id, []) == []


def test_what_one_may_not_see_one_cannot_like(world: World, ada: Tenant, bob: Tenant) -> None:
    samples = world.services.samples
    for made in (make_sample(world, ada), library_sample(world, ada, public=False)):
        for vote in (samples.like, samples.unlike):
            with pytest.raises(NotFound):
                vote(bob.id, made.number)
        assert samples.like(ada.id, made.number) == 1


def test_popularity_follows_the_binary_digits_and_is_no_change_of_the_owners(world: World, ada: Tenant) -> None:
    samples, made = world.services.samples, library_sample(world, ada)
    world.clock.advance(days=1)
    fans = [world.tenant(f"fan{n}@example.org").id for n in range(5)]
    seen = []
    for fan in fans:
        samples.like(fan, made.number)
        seen.append(samples.get(made.number, None).popularity)
    assert seen == [1, 2, 2, 3, 3]
    written = [new for _, new in world.records.changes if new and new.kind == "sample" and new.sk == made.id]
    assert len(written) == made.version + 3, "only where a digit more comes"
    assert samples.get(made.number, None).updated_at == made.updated_at
    for fan in fans:
        samples.unlike(fan, made.number)
    assert samples.get(made.number, None).popularity == 0


Vote = tuple[str, bool]
VOTES = st.tuples(st.sampled_from(NAMES), st.booleans())


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(VOTES, st.integers(0, 3), st.lists(VOTES, min_size=1, max_size=2)), max_size=12))
def test_whoever_comes_between_count_and_popularity_are_right_in_the_end(
    steps: Sequence[tuple[Vote, int, Sequence[Vote]]],
) -> None:
    world = World()
    people = {name: world.tenant(f"{name}@example.org") for name in NAMES}
    made, samples = library_sample(world, people["ada"]), world.services.samples

    def vote(given: Vote) -> None:
        name, wanted = given
        (samples.like if wanted else samples.unlike)(people[name].id, made.number)

    for mine, late, theirs in steps:
        _after(world, late, partial(_all, vote, theirs))
        vote(mine)
        world.records.before_write = None
        fans = sum(samples.liked(people[name].id, [made]) == [True] for name in NAMES)
        assert samples.likes([made]) == [fans]
        assert samples.get(made.number, None).popularity == fans.bit_length()


def _all(vote: Callable[[Vote], None], votes: Sequence[Vote]) -> None:
    for each in votes:
        vote(each)


def _after(world: World, writes: int, what: Callable[[], None]) -> None:
    """Let `what` come before the write that is the `writes`-th from now."""

    def hook(_: object) -> None:
        if writes:
            _after(world, writes - 1, what)
        else:
            what()

    world.records.before_write = hook
