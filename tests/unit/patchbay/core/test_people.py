import io
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from patchbay.core import layout, layout_people, numbers
from patchbay.core.people import KIND, MAX_PAGE, PICTURE_PX, People
from patchbay.domain.errors import InvalidInput, NotFound, Taken, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.users import User, id_of_pool_name
from patchbay.ports import Add, Write, WriteConflict
from tests.fakes.world import World

PASSWORD = "correct horse battery"


@pytest.fixture
def people(world: World) -> People:
    return world.services.people


def join(people: People, name: str, **more: str) -> User:
    return people.register(f"{name}@example.org", PASSWORD, name, **more)


def picture(side: int = 900, colour: str = "red") -> bytes:
    found = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(found, "PNG")
    return found.getvalue()


def test_who_registers_is_a_user_like_any_other(world: World, people: People) -> None:
    user = people.register(" Ada@Example.org ", PASSWORD, "Ada.L", "Ada", "Lovelace")
    assert (user.email, user.user_name, user.name) == ("ada@example.org", "Ada.L", "Ada Lovelace")
    assert user.number >= numbers.FEWEST
    assert len(user.referral_code) == 10
    accounts = world.services.accounts
    assert accounts.user(user.id) == user == accounts.ensure_user("ada@example.org", anyway=True)
    assert [each.id for each in accounts.applications(user.id)] == [user.application_id]
    assert people.by_number(user.number) == user == people.by_id(user.id)
    assert world.passwords.passwords == {user.pool_name: PASSWORD}
    assert not user.email_confirmed


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"user_name": "a"}, "user_name"),
        ({"password": "short"}, "password"),
        ({"password": "ada@example.org"}, "password"),
        ({"password": "adalovelace", "user_name": "AdaLovelace"}, "password"),
        ({"first_name": "a\nb"}, "first_name"),
        ({"last_name": "x" * 101}, "last_name"),
        ({"referral_code": "ABCDEFGHJK"}, "referral_code"),
        ({"referral_code": "no code"}, "referral_code"),
    ],
)
def test_bad_input_names_its_field_and_makes_nothing(
    world: World, people: People, given_: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.register(**{"email": "ada@example.org", "password": PASSWORD, "user_name": "ada", **given_})
    assert refused.value.field == field
    assert not world.records.items
    assert not world.passwords.passwords


@pytest.mark.parametrize(
    ("email", "name", "field"), [("ADA@example.org", "other", "email"), ("b@c.org", "ÁDA", "user_name")]
)
def test_addresses_and_names_are_ones_own(
    world: World, people: People, monkeypatch: pytest.MonkeyPatch, email: str, name: str, field: str
) -> None:
    first = join(people, "ada")
    monkeypatch.setattr(world.passwords, "create", None)  # nobody is asked to keep a password that leads nowhere
    with pytest.raises(Taken) as refused:
        people.register(email, PASSWORD, name)
    assert refused.value.field == field
    assert list(world.passwords.passwords) == [first.pool_name]


def test_nobody_registers_over_a_user_whom_the_operator_made(world: World, people: People) -> None:
    world.tenant("ada@example.org")
    with pytest.raises(Taken):
        join(people, "ada")


@pytest.mark.parametrize("rival", ["ada@example.org", "bob@example.org"])
def test_of_two_who_want_a_name_at_once_one_gets_it(world: World, people: People, rival: str) -> None:
    def faster(_: Sequence[Write]) -> None:
        people.register(rival, "rival's password", "Ada")

    world.records.before_write = faster
    with pytest.raises(Taken):
        join(people, "ada")
    (winner,) = world.passwords.passwords
    assert people.by_id(id_of_pool_name(winner)).email == rival
    assert world.passwords.passwords[winner] == "rival's password"


def test_a_number_that_is_taken_is_drawn_again(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    first = join(people, "ada")
    drawn = iter([first.number, first.number, 7_654_321])
    monkeypatch.setattr(numbers, "new_number", lambda: next(drawn))
    assert join(people, "bob").number == 7_654_321


def test_a_store_that_is_away_leaves_the_password_which_may_be_anybodys_by_now(world: World, people: People) -> None:
    """The write may have happened all the same: without a password its user could not get in."""

    def goes(_: Sequence[Write]) -> None:
        raise Unavailable("the table is busy; try again")

    world.records.before_write = goes
    with pytest.raises(Unavailable):
        join(people, "ada")
    assert len(world.passwords.passwords) == 1
    assert join(people, "ada").user_name == "ada"


def test_nothing_is_stored_where_no_password_can_be(world: World, people: People) -> None:
    world.passwords.down = True
    with pytest.raises(Unavailable):
        join(people, "ada")
    assert not world.records.items


def test_a_user_of_old_gets_a_number_and_a_name_when_first_asked_for(world: World, people: People) -> None:
    tenant = world.tenant()
    named = people.by_id(tenant.id)
    assert named.user_name == f"user{named.number}"
    assert people.by_id(tenant.id) == people.by_number(named.number) == named
    (again,) = people.by_ids([tenant.id])
    assert again == named


def test_two_who_ask_at_once_see_one_number(world: World, people: People) -> None:
    tenant, seen = world.tenant(), []
    world.records.before_write = lambda _: seen.append(people.by_id(tenant.id))
    assert people.by_id(tenant.id) == seen[0]
    assert len([key for key in world.records.items if key[0].startswith(f"NUMBERS#{KIND}#")]) == 1


@pytest.mark.parametrize("number", [0, -1, 1, 2**53, 10**40])
def test_a_number_of_nobody_is_not_found(people: People, number: int) -> None:
    with pytest.raises(NotFound):
        people.by_number(number)


def test_many_are_found_at_once_in_the_order_asked_for(people: People) -> None:
    ada, bob = join(people, "ada"), join(people, "bob")
    assert people.by_ids([bob.id, new_id(), ada.id, bob.id]) == [bob, ada, bob]
    assert people.by_ids([]) == []


def test_following_counts_once(people: People) -> None:
    ada, bob, eve = (join(people, name) for name in ("ada", "bob", "eve"))
    assert people.follow(bob.id, ada.number) == people.follow(bob.id, ada.number) == 1
    assert people.follow(eve.id, ada.number) == 2
    assert people.followers([ada, bob, ada]) == [2, 0, 2]
    assert people.followed(bob.id, [ada, eve, ada]) == [True, False, True]
    assert people.followed(None, [ada]) == [False]
    assert people.unfollow(bob.id, ada.number) == people.unfollow(bob.id, ada.number) == 1
    assert people.followed(bob.id, [ada]) == [False]
    assert people.followers([]) == people.followed(bob.id, []) == []


def test_nobody_follows_himself_or_nobody(people: People) -> None:
    ada = join(people, "ada")
    for verb in (people.follow, people.unfollow):
        with pytest.raises(InvalidInput):
            verb(ada.id, ada.number)
        with pytest.raises(NotFound):
            verb(ada.id, ada.number + 1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=25), st.data())
def test_counts_are_those_who_follow_whatever_happens_at_once(
    steps: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    """Any order of following and unfollowing, each with a rival in the middle of it, against a set."""
    world = World()
    people = world.services.people
    users = [join(people, f"user-{n}") for n in range(4)]
    follows: set[tuple[int, int]] = set()

    def step(follower: int, followed: int, wanted: bool) -> None:
        verb = people.follow if wanted else people.unfollow
        count = verb(users[follower].id, users[followed].number)
        pair = (follower, followed)
        follows.add(pair) if wanted else follows.discard(pair)
        assert count == sum(1 for _, whom in follows if whom == followed)

    def at_once(rival: int, followed: int, _: Sequence[Write]) -> None:
        step(rival, followed, True)

    for follower, followed, wanted in steps:
        if follower == followed:
            continue
        if data.draw(st.booleans()):
            rival = data.draw(st.sampled_from([n for n in range(4) if n != followed]))
            world.records.before_write = partial(at_once, rival, followed)
        step(follower, followed, wanted)
        world.records.before_write = None
    assert people.followers(users) == [sum(1 for _, whom in follows if whom == n) for n in range(4)]
    for n, user in enumerate(users):
        assert people.followed(user.id, users) == [(n, m) in follows for m in range(4)]


def test_a_busy_counter_is_tried_again(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = join(people, "ada"), join(people, "bob")
    write, busy = world.records.write, iter([True] * 5)

    def contended(*writes: Write) -> None:
        if any(isinstance(each, Add) for each in writes) and next(busy, False):
            raise WriteConflict("another transaction has the counter")
        write(*writes)

    monkeypatch.setattr(world.records, "write", contended)
    assert people.follow(bob.id, ada.number) == 1


def test_those_whom_somebody_brought_are_listed_newest_first(people: People) -> None:
    ada = join(people, "ada")
    brought = [join(people, f"friend{n}", referral_code=f" {ada.referral_code.lower()}") for n in range(5)]
    assert {user.referred_by for user in brought} == {ada.id}
    page = people.referred(ada.id, limit=2)
    rest = people.referred(ada.id, limit=MAX_PAGE, before=page[-1].id)
    assert page + rest == brought[::-1]
    assert people.referred(brought[0].id, limit=10) == []
    for limit in (0, -1, MAX_PAGE + 1):
        with pytest.raises(InvalidInput):
            people.referred(ada.id, limit=limit)


def test_a_picture_is_made_small_and_replaces_the_one_before(world: World, people: People) -> None:
    ada = join(people, "ada")
    first = people.set_picture(ada.id, picture())
    data, kind = world.objects.stored[first.picture_key]
    assert kind == "image/jpeg"
    assert Image.open(io.BytesIO(data)).size == (PICTURE_PX, PICTURE_PX)
    assert first.picture_key.split("/")[1] == ada.id
    second = people.set_picture(ada.id, picture(colour="blue"))
    assert second.picture_number != first.picture_number
    assert list(world.objects.stored) == [second.picture_key]
    assert people.by_id(ada.id) == second


def test_what_is_no_picture_changes_nothing(world: World, people: People) -> None:
    ada = join(people, "ada")
    with pytest.raises(InvalidInput):
        people.set_picture(ada.id, b"<svg onload=alert(1)>")
    assert people.by_id(ada.id) == ada
    assert not world.objects.stored


def test_an_instagram_name_is_told_and_taken_back(people: People) -> None:
    ada = join(people, "ada")
    assert people.set_instagram(ada.id, "@ada.l").instagram == "ada.l"
    with pytest.raises(InvalidInput):
        people.set_instagram(ada.id, "not a handle")
    assert people.set_instagram(ada.id, "").instagram == ""


def test_real_names_are_told_and_taken_back(people: People) -> None:
    user = people.register("eve@example.org", "correct horse battery", "Eve")
    told = people.set_names(user.id, " Eve ", "Example")
    assert (told.first_name, told.last_name, told.name) == ("Eve", "Example", "Eve Example")
    with pytest.raises(InvalidInput) as refused:
        people.set_names(user.id, "x" * 101, "")
    assert refused.value.field == "first_name"
    assert people.set_names(user.id, "", "").name == ""


def test_who_is_gone_changes_nothing(people: People) -> None:
    with pytest.raises(NotFound):
        people.set_instagram(new_id(), "a")
    with pytest.raises(NotFound):
        people.set_picture(new_id(), picture())


def test_changes_at_once_are_all_kept(world: World, people: People) -> None:
    ada = join(people, "ada")

    def pays(_: Sequence[Write]) -> None:
        world.services.accounts.set_plan(ada.id, "premium")

    world.records.before_write = pays
    people.set_instagram(ada.id, "ada")
    found = people.by_id(ada.id)
    assert (found.plan, found.instagram) == ("premium", "ada")


def test_keys_of_people_lie_apart_from_each_others(people: People) -> None:
    ada, bob = join(people, "ada"), join(people, "bob")
    keys = [
        layout.user_key(ada.id),
        layout_people.follow_key(ada.id, bob.id),
        layout_people.follow_key(bob.id, ada.id),
        layout_people.followers_key(ada.id),
        layout_people.ended_key(ada.id, "s"),
        layout_people.brought_key(ada.id, bob.id),
        layout_people.user_name_key("ada"),
        layout_people.referral_key("ada"),
    ]
    assert len({key[0] for key in keys}) == len(keys)
