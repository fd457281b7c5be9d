"""People who have one of everything, and who meet each other."""

from dataclasses import dataclass

from patchbay.core import events, layout
from patchbay.core.layout_links import consent_key, link_key
from patchbay.core.links import Consent, Link
from patchbay.core.tracks import Wish
from patchbay.domain.jobs import Job
from patchbay.domain.samples import Sample
from patchbay.domain.songs import Facts
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.generations import generated
from tests.support.library import library_sample
from tests.support.projects import content
from tests.support.videos import carry_out, ordered, synced_video

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Life:
    """Somebody, and what others may have to do with."""

    tenant: Tenant
    email: str
    number: int
    sample: Sample
    job: Job


def live(world: World, name: str, referred_by: str = "") -> Life:
    """A user who did everything once."""
    services, email = world.services, f"{name}@example.org"
    user = services.people.register(email, PASSWORD, f"{name}-plays", name.title(), "Musician", referred_by)
    tenant = world.tenant(email)
    services.people.set_instagram(tenant.id, f"{name}.plays")
    browser = services.browsers.begin(tenant.id)
    folder = services.folders.create(tenant.id, f"{name}'s loops")
    sample = library_sample(world, tenant, f"{name} bass", folder_number=folder.number, tags=["house"], licence_id=1)
    library_sample(world, tenant, f"{name} secret", public=False)
    world.carry_out(world.order(tenant, callback_url="https://hooks.example.org/x"))
    other = world.upload(tenant, GOOD + name.encode())
    waiting = world.order(tenant, batch_name=f"{name}'s batch", input_asset_id=other.id)
    services.projects.create(tenant.id, content(f"{name}'s song"), public=True)
    generated(world, tenant)
    carry_out(world, ordered(world, tenant, synced_video(world, tenant))[1])
    services.tracks.create_and_compose(Wish(tenant.id, tenant.caller.application_id, "beatoven", {"genre": "ambient"}))
    services.models.like(tenant.id, 201)
    services.models.tag(tenant.id, 201, "mine")
    services.credits.add(tenant.id, 5)
    services.songs.found(tenant.id, Facts(title="Song", catalogue="spotify", catalogue_id=name))
    services.endpoints.create(tenant.id, "https://hooks.example.org/y")
    services.idempotency.begin(tenant.id, "key", "f")
    services.sockets.open(f"{name}-socket", tenant.secret)
    services.sockets.join(f"{name}-socket", waiting.id)
    services.sockets.ticket(tenant.id, browser=browser)
    _link(world, tenant, name)
    return Life(tenant, email, services.people.by_id(user.id).number, sample, waiting)


def meet(world: World, one: Life, other: Life) -> None:
    """Each likes, follows and uses what the other has."""
    for who, whom in ((one, other), (other, one)):
        world.services.samples.like(who.tenant.id, whom.sample.number)
        world.services.people.follow(who.tenant.id, whom.number)
        world.services.licences.apply(who.tenant.id, 1, str(whom.sample.number), "sample")


def two_lives(world: World) -> tuple[Life, Life]:
    """Ada and Bob, whom she brought, and who have met."""
    ada = live(world, "ada")
    bob = live(world, "bob", world.services.people.by_id(ada.tenant.id).referral_code)
    meet(world, ada, bob)
    settle(world)
    return ada, bob


def settle(world: World) -> None:
    """What follows the table's stream does its work: the search index, and events on their way to receivers."""
    new_ones = world.records.changes[world.followed :]
    world.index_samples()
    for old, new in new_ones:
        if event := events.of_change(old, new):
            world.services.notices.route(event)


def _link(world: World, tenant: Tenant, name: str) -> None:
    """An account elsewhere, as its linking leaves it."""
    now = world.clock.now()
    sealed = {"access_token": "v1.sealed", "refresh_token": "v1.sealed"}
    link = Link(
        tenant_id=tenant.id, catalogue="spotify", account_id=f"{name}-there", account_name=name, linked_at=now,
        access_ends_at=now, **sealed,
    )  # fmt: skip
    waits = Consent(tenant_id=tenant.id, session_hash="s", verifier="v", redirect_uri="https://x.test", ends_at=now)
    world.records.write(
        layout.put(link_key(tenant.id, "spotify"), "link", link), layout.put(consent_key(name), "consent", waits)
    )
