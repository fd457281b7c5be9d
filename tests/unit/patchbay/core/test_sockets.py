"""Open sockets and the jobs they listen to."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from patchbay.core import layout, layout_sockets
from patchbay.core.sockets import JOINS, LIVES, MAX_JOBS, TICKET_LIVES, Listener, Sockets
from patchbay.domain.errors import Conflict, NotFound, RateLimited, Unauthenticated
from patchbay.domain.users import Caller
from patchbay.ports import Put, Write
from tests.fakes.world import Tenant, World

EMAIL, PASSWORD = "eve@example.org", "correct horse battery"
NO_ID = "0198c0de-0000-7000-8000-000000000000"


@pytest.fixture
def sockets(world: World) -> Sockets:
    return world.services.sockets


def test_a_key_a_token_and_a_ticket_open_one(world: World, sockets: Sockets, ada: Tenant) -> None:
    user = world.services.people.register("eve@example.org", "correct horse battery", "Eve")
    token = world.services.identity.sign_in("eve@example.org", "correct horse battery").access_token
    assert sockets.open("c1", ada.secret).tenant_id == ada.id
    assert sockets.open("c2", token).tenant_id == user.id
    assert sockets.open("c3", sockets.ticket(ada.id)).tenant_id == ada.id


@pytest.mark.parametrize("token", ["", "pb_wrong", "pbt_wrong", "eyJ.a.b", "x" * 9000, "\ud800"])
def test_nothing_else_does(sockets: Sockets, token: str) -> None:
    with pytest.raises(Unauthenticated):
        sockets.open("c", token)
    with pytest.raises(Unauthenticated):
        sockets.join("c", NO_ID)


def test_a_ticket_is_good_once_and_for_a_minute(world: World, sockets: Sockets, ada: Tenant) -> None:
    first, late = sockets.ticket(ada.id), sockets.ticket(ada.id)
    sockets.open("c1", first)
    with pytest.raises(Unauthenticated):
        sockets.open("c2", first)
    world.clock.advance(seconds=TICKET_LIVES.total_seconds())
    with pytest.raises(Unauthenticated):
        sockets.open("c3", late)


def test_a_socket_listens_to_its_owners_jobs_alone(world: World, sockets: Sockets, ada: Tenant, bob: Tenant) -> None:
    own, other = world.order(ada), world.order(bob)
    sockets.open("c", ada.secret)
    assert sockets.join("c", own.id).id == own.id
    for job_id in (other.id, NO_ID, "x"):
        with pytest.raises(NotFound):
            sockets.join("c", job_id)
    assert list(sockets.listeners(own.id)) == ["c"]
    assert list(sockets.listeners(other.id)) == []


def test_what_is_closed_listens_no_more(world: World, sockets: Sockets, ada: Tenant) -> None:
    jobs = [world.order(ada) for _ in range(3)]
    sockets.open("c", ada.secret)
    for job in jobs:
        sockets.join("c", job.id)
    sockets.close("c")
    sockets.close("c")
    assert not any(sockets.listeners(job.id) for job in jobs)
    with pytest.raises(Unauthenticated, match="open another"):
        sockets.join("c", jobs[0].id)


def test_a_socket_that_turns_out_to_be_gone_is_forgotten(world: World, sockets: Sockets, ada: Tenant) -> None:
    job = world.order(ada)
    sockets.open("c", ada.secret)
    sockets.join("c", job.id)
    world.wire.gone.add("c")
    sockets.send("c", b"{}")
    assert list(sockets.listeners(job.id)) == []


def test_nothing_outlives_the_longest_socket(world: World, sockets: Sockets, ada: Tenant) -> None:
    job = world.order(ada)
    sockets.open("c", ada.secret)
    world.clock.advance(seconds=LIVES.total_seconds())
    with pytest.raises(Unauthenticated):
        sockets.join("c", job.id)


def test_a_socket_listens_to_so_many_jobs(world: World, sockets: Sockets, ada: Tenant) -> None:
    asset = world.upload(ada)
    jobs = [world.order(ada, input_asset_id=asset.id) for _ in range(MAX_JOBS + 1)]
    sockets.open("c", ada.secret)
    for job in jobs[:-1]:
        sockets.join("c", job.id)
    with pytest.raises(Conflict, match=f"{MAX_JOBS} jobs"):
        sockets.join("c", jobs[-1].id)
    sockets.leave("c", jobs[0].id)
    sockets.join("c", jobs[-1].id)


def as_tenant(world: World, tenant_id: str) -> Tenant:
    application = world.services.accounts.applications(tenant_id)[0]
    return Tenant(Caller(tenant_id=tenant_id, application_id=application.id, key_id=""), application, "")


def by_key(world: World) -> tuple[str, str, Callable[[], object]]:
    """A tenant, what opens a socket for it, and what makes that worthless."""
    ada, accounts = world.tenant("ada@example.org"), world.services.accounts
    key_id = accounts.authenticate(ada.secret).key_id
    return ada.id, ada.secret, lambda: accounts.revoke_key(ada.id, key_id)


def by_ticket_of_a_key(world: World) -> tuple[str, str, Callable[[], object]]:
    tenant_id, secret, end = by_key(world)
    key_id = world.services.accounts.authenticate(secret).key_id
    return tenant_id, world.services.sockets.ticket(tenant_id, key_id=key_id), end


def by_session(world: World) -> tuple[str, str, Callable[[], object]]:
    user, identity = world.services.people.register(EMAIL, PASSWORD, "Eve"), world.services.identity
    token = identity.sign_in(EMAIL, PASSWORD).access_token
    return user.id, token, lambda: identity.sign_out(token)


def by_password(world: World) -> tuple[str, str, Callable[[], object]]:
    tenant_id, token, _ = by_session(world)
    identity = world.services.identity
    return tenant_id, token, lambda: identity.change_password(token, PASSWORD, "another good password")


def by_browser(world: World) -> tuple[str, str, Callable[[], object]]:
    user, browsers = world.services.people.register(EMAIL, PASSWORD, "Eve"), world.services.browsers
    cookie = browsers.log_in(EMAIL, PASSWORD)
    return user.id, world.services.sockets.ticket(user.id, browser=cookie), lambda: browsers.log_out(cookie)


WAYS = [by_key, by_ticket_of_a_key, by_session, by_password, by_browser]


@pytest.mark.parametrize("way", WAYS)
def test_a_socket_ends_with_what_opened_it(
    world: World, sockets: Sockets, way: Callable[[World], tuple[str, str, Callable[[], object]]]
) -> None:
    tenant_id, token, end = way(world)
    asset = world.upload(as_tenant(world, tenant_id))
    job, other = (world.order(as_tenant(world, tenant_id), input_asset_id=asset.id) for _ in range(2))
    sockets.open("c", token)
    sockets.join("c", job.id)
    assert list(sockets.listeners(job.id)) == ["c"]
    end()
    with pytest.raises(Unauthenticated, match="open another"):
        sockets.join("c", other.id)
    assert list(sockets.listeners(job.id)) == []


@pytest.mark.parametrize("way", WAYS)
def test_who_is_told_is_looked_up(
    world: World, sockets: Sockets, way: Callable[[World], tuple[str, str, Callable[[], object]]]
) -> None:
    tenant_id, token, end = way(world)
    job = world.order(as_tenant(world, tenant_id))
    sockets.open("c", token)
    sockets.join("c", job.id)
    end()
    assert list(sockets.listeners(job.id)) == []
    assert not sockets.listens("c", job.id)


def test_a_key_outlives_a_new_password(world: World, sockets: Sockets) -> None:
    tenant_id, _, change = by_password(world)
    accounts = world.services.accounts
    _, secret = accounts.create_key(accounts.applications(tenant_id)[0])
    job = world.order(as_tenant(world, tenant_id))
    sockets.open("c", secret)
    sockets.join("c", job.id)
    change()
    assert list(sockets.listeners(job.id)) == ["c"]


def test_a_ticket_is_worth_nothing_once_its_asker_is_out(world: World, sockets: Sockets) -> None:
    _, ticket, end = by_browser(world)
    end()
    with pytest.raises(Unauthenticated):
        sockets.open("c", ticket)


def test_joins_are_counted(world: World, sockets: Sockets, ada: Tenant, bob: Tenant) -> None:
    job, other = world.order(ada), world.order(bob)
    for name in "ab":
        sockets.open(name, ada.secret)
    for n in range(JOINS.requests):
        sockets.join("ab"[n % 2], job.id)
    with pytest.raises(RateLimited, match="60 joins"):
        sockets.join("a", job.id)
    sockets.open("c", bob.secret)
    sockets.join("c", other.id)
    world.clock.advance(seconds=JOINS.window_s)
    sockets.join("a", job.id)


def test_a_mark_that_no_socket_knows_of_goes(world: World, sockets: Sockets, ada: Tenant) -> None:
    job = world.order(ada)
    opener = sockets.open("c", ada.secret).opener
    sockets.close("c")
    mark = layout.record(layout_sockets.listener_key(job.id, "c"), "listener", Listener(opener=opener))
    world.records.write(Put(mark, expected=None))
    world.wire.gone.add("c")
    sockets.send("c", b"{}", job_id=job.id)
    assert list(sockets.listeners(job.id)) == []


def test_closing_goes_past_who_joins_meanwhile(
    world: World, sockets: Sockets, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, write = world.order(ada), world.records.write
    sockets.open("c", ada.secret)

    def joins_first(*writes: Write) -> None:
        monkeypatch.setattr(world.records, "write", write)
        sockets.join("c", job.id)
        write(*writes)

    monkeypatch.setattr(world.records, "write", joins_first)
    sockets.close("c")
    assert list(sockets.listeners(job.id)) == []
    assert not sockets.listens("c", job.id)


class Listening(RuleBasedStateMachine):
    """Whatever is opened, joined, left and closed in whatever order: marks and sockets tell the same."""

    names = ("a", "b", "c")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.tenant = self.world.tenant()
        asset = self.world.upload(self.tenant)
        self.jobs = [self.world.order(self.tenant, input_asset_id=asset.id).id for _ in range(3)]
        self.known: dict[str, set[str]] = {}

    @rule(name=st.sampled_from(names))
    def open(self, name: str) -> None:
        if name not in self.known:
            self.world.services.sockets.open(name, self.tenant.secret)
            self.known[name] = set()

    @rule(name=st.sampled_from(names))
    def close(self, name: str) -> None:
        self.world.services.sockets.close(name)
        self.known.pop(name, None)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), joins=st.booleans())
    def join_or_leave(self, data: st.DataObject, joins: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.known)))
        job_id = data.draw(st.sampled_from(self.jobs))
        sockets = self.world.services.sockets
        if joins:
            sockets.join(name, job_id)
            self.known[name].add(job_id)
        else:
            sockets.leave(name, job_id)
            self.known[name].discard(job_id)

    @invariant()
    def both_tell_the_same(self) -> None:
        for job_id in self.jobs:
            wanted = {name for name, jobs in self.known.items() if job_id in jobs}
            assert set(self.world.services.sockets.listeners(job_id)) == wanted


TestListening = Listening.TestCase
TestListening.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
