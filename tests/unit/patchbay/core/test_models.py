"""Generators as users see them: found, sorted, liked, tagged, used."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.catalog.generators import offered
from patchbay.core.models import MAX_TAGS, Models, Shown, Wanted
from patchbay.domain.errors import InvalidInput, NotFound
from tests.fakes.world import Tenant, World


@pytest.fixture
def models(world: World) -> Models:
    return Models(world.records, world.clock, world.services.shelf, world.pause)


def numbers(found: list[Shown]) -> list[int]:
    return [each.generator.number for each in found]


def find(models: Models, viewer: str | None = None, **wanted: str) -> list[int]:
    return numbers(models.find(Wanted(**wanted), viewer, limit=100))  # type: ignore[arg-type]


def use(world: World, models: Models, tenant: Tenant, number: int) -> None:
    world.clock.advance(seconds=1)
    world.records.write(*models.using(tenant.id, number))


class TestFinding:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, [101, 102, 103, 201, 202, 211, 212]),
            ({"category": "music_generation"}, [101, 102, 103]),
            ({"category": "video"}, []),
            ({"text": "compos"}, [102, 103]),
            ({"text": "Patchbay WISH"}, [103]),
            ({"text": "stem separation vocals accompaniment"}, [202]),
            ({"text": "xylophone"}, []),
            ({"tag": "karaoke"}, [202]),
            ({"tag": "#Karaoke"}, [202]),
            ({"tag": "karaok"}, []),
            ({"category": "stem_separation", "text": "small"}, [212]),
        ],
    )
    def test_by_words_category_and_tag(self, models: Models, wanted: dict[str, str], found: list[int]) -> None:
        assert find(models, **wanted) == found

    def test_pages_make_up_the_whole(self, models: Models) -> None:
        whole = models.find(Wanted(), None, limit=100)
        pages = [models.find(Wanted(), None, limit=3, offset=at) for at in (0, 3, 6, 9)]
        assert [each for page in pages for each in page] == whole
        assert pages[-1] == []

    def test_what_is_not_here_is_not_found(self, models: Models, ada: Tenant) -> None:
        for number in (111, 0, -1, 2**60):
            for call in (
                partial(models.get, number, None),
                partial(models.like, ada.id, number),
                partial(models.untag, ada.id, number, "x"),
            ):
                with pytest.raises(NotFound):
                    call()


class TestSorting:
    def test_latest_and_oldest(self, models: Models) -> None:
        here = [each.number for each in offered(models.shelf)]
        assert sorted(find(models, sort="latest")) == here
        dates = [each.generator.added for each in models.find(Wanted(sort="oldest"), None, limit=100)]
        assert dates == sorted(dates)

    def test_popular_goes_by_likes_then_by_uses(self, world: World, models: Models, ada: Tenant, bob: Tenant) -> None:
        for who in (ada, bob):
            models.like(who.id, 201)
        models.like(bob.id, 103)
        for _ in range(3):
            use(world, models, bob, 212)
        use(world, models, ada, 102)
        assert find(models, sort="popular") == [201, 103, 212, 102, 101, 202, 211]

    def test_recently_used_are_first_and_only_ones_own(
        self, world: World, models: Models, ada: Tenant, bob: Tenant
    ) -> None:
        for number in (102, 201, 102, 212):
            use(world, models, ada, number)
        assert find(models, ada.id, sort="recently_used")[:4] == [212, 102, 201, 101]
        assert find(models, bob.id, sort="recently_used") == find(models, sort="latest")
        assert find(models, sort="recently_used") == find(models, sort="latest")

    def test_random_is_all_of_them_in_many_orders(self, models: Models) -> None:
        orders = {tuple(find(models, sort="random")) for _ in range(50)}
        assert len(orders) > 10
        assert {tuple(sorted(order)) for order in orders} == {tuple(find(models))}


class TestLikes:
    def test_counted_once_each(self, models: Models, ada: Tenant, bob: Tenant) -> None:
        assert [models.like(ada.id, 101) for _ in range(2)] == [1, 1]
        assert models.like(bob.id, 101) == 2
        shown = models.get(101, ada.id)
        assert (shown.likes, shown.liked) == (2, True)
        assert models.get(101, None).liked is False
        assert [models.unlike(ada.id, 101) for _ in range(2)] == [1, 1]
        assert [each.likes for each in models.find(Wanted(text="composer"), ada.id, limit=5)] == [0, 0]

    @settings(max_examples=30)
    @given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from([None, "a", "b"])), max_size=10))
    def test_exact_whoever_comes_between(self, votes: list[tuple[str, bool, str | None]]) -> None:
        world = World()
        models = Models(world.records, world.clock, world.services.shelf, world.pause)
        fans: dict[str, bool] = {}

        def vote(who: str, wanted: bool) -> None:
            (models.like if wanted else models.unlike)(who, 101)
            fans[who] = wanted

        for who, wanted, rival in votes:
            if rival and rival != who:
                world.records.before_write = _calling(partial(vote, rival, not wanted))
            vote(who, wanted)
            world.records.before_write = None
        assert models.get(101, None).likes == sum(fans.values())
        assert {who for who in "abc" if models.get(101, who).liked} == {who for who, likes in fans.items() if likes}


class TestTags:
    def test_ones_own_tags_are_beside_the_catalogues_and_nobody_elses(
        self, models: Models, ada: Tenant, bob: Tenant
    ) -> None:
        for _ in range(2):
            assert models.tag(ada.id, 101, " #My  Favourites ")[-1] == "my favourites"
        assert models.get(101, ada.id).tags.count("my favourites") == 1
        for viewer in (bob.id, None):
            assert "my favourites" not in models.get(101, viewer).tags
            assert "my favourites" not in dict(models.tags(viewer))
            assert find(models, viewer, tag="my favourites") == find(models, viewer, text="favourites") == []
        assert find(models, ada.id, tag="my favourites") == find(models, ada.id, text="favour") == [101]
        assert dict(models.tags(ada.id))["my favourites"] == 1
        for _ in range(2):
            assert "my favourites" not in models.untag(ada.id, 101, "My favourites")

    def test_the_catalogues_tags_stay(self, models: Models, ada: Tenant) -> None:
        before = models.get(101, ada.id).tags
        assert models.tag(ada.id, 101, "music") == models.untag(ada.id, 101, "music") == before

    def test_the_most_used_come_first(self, models: Models, ada: Tenant) -> None:
        models.tag(ada.id, 101, "stems")
        counted = models.tags(ada.id)
        assert counted[0] == ("stems", 6)
        assert counted == sorted(counted, key=lambda each: (-each[1], each[0]))

    def test_there_is_a_most_of_them_even_with_a_rival(self, world: World, models: Models, ada: Tenant) -> None:
        for number in range(MAX_TAGS - 1):
            models.tag(ada.id, 101, f"t{number}")
        world.records.before_write = _calling(partial(models.tag, ada.id, 101, "theirs"))
        with pytest.raises(InvalidInput) as told:
            models.tag(ada.id, 101, "mine")
        assert told.value.field == "tag"
        assert models.tag(ada.id, 101, "theirs")[-1] == "theirs", "one that is there is no more"
        models.untag(ada.id, 101, "t0")
        assert models.tag(ada.id, 101, "mine")[-1] == "mine"

    @pytest.mark.parametrize("tag", ["", " ", "#", "x" * 41, "\u200b"])
    def test_what_is_no_tag(self, models: Models, ada: Tenant, tag: str) -> None:
        for call in (models.tag, models.untag):
            with pytest.raises(InvalidInput) as told:
                call(ada.id, 101, tag)
            assert told.value.field == "tag"


def test_uses_of_two_at_once_are_both_counted(world: World, models: Models, ada: Tenant, bob: Tenant) -> None:
    mine = models.using(ada.id, 101)
    use(world, models, bob, 101)
    world.records.write(*mine)
    assert sum(count for key, count in world.records.counters.items() if key[0].startswith("GENERATORUSES#101#")) == 2


def _calling(what: Callable[[], object]) -> Callable[[object], None]:
    def hook(writes: object) -> None:
        what()

    return hook
