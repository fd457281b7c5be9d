"""Pictures of samples."""

import io

import pytest
from PIL import Image

from patchbay.core import numbers
from patchbay.core.samples import ART_PX
from patchbay.domain.errors import InvalidInput, NotFound
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample


def picture(colour: str = "teal", size: tuple[int, int] = (64, 32)) -> bytes:
    found = io.BytesIO()
    Image.new("RGB", size, colour).save(found, "PNG")
    return found.getvalue()


def art(world: World, tenant: Tenant) -> list[str]:
    return [key for key in world.objects.stored if key.startswith(f"samples/{tenant.id}/") and key.endswith(".jpg")]


def test_a_picture_is_stored_small_and_checked(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)
    changed = world.services.samples.set_art(ada.id, made.number, picture(size=(3000, 1000)))
    data, media_type = world.objects.stored[changed.art_key]
    assert media_type == "image/jpeg"
    assert Image.open(io.BytesIO(data)).size == (ART_PX, round(ART_PX / 3))
    assert numbers.FEWEST <= changed.art_number <= numbers.MOST
    assert world.services.samples.get(made.number, ada.id) == changed


def test_the_next_one_takes_its_place_under_another_name(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)
    one, two = (world.services.samples.set_art(ada.id, made.number, picture(c)) for c in ("red", "blue"))
    assert one.art_key != two.art_key
    assert one.art_number != two.art_number
    assert art(world, ada) == [two.art_key]


def test_what_is_no_picture_changes_nothing(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)
    with pytest.raises(InvalidInput):
        world.services.samples.set_art(ada.id, made.number, b"GIF89a")
    assert world.services.samples.get(made.number, ada.id) == made


def test_nobody_else_does_it(world: World, ada: Tenant, bob: Tenant) -> None:
    made = library_sample(world, ada)
    with pytest.raises(NotFound):
        world.services.samples.set_art(bob.id, made.number, picture())
    assert art(world, bob) == art(world, ada) == []


def test_it_goes_with_its_sample(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)
    world.services.samples.set_art(ada.id, made.number, picture())
    world.services.samples.delete(ada.id, made.number)
    assert art(world, ada) == []


def test_a_sample_deleted_meanwhile_leaves_no_picture(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)

    def rival(_: object) -> None:
        world.services.samples.delete(ada.id, made.number)

    world.records.before_write = rival
    with pytest.raises(NotFound):
        world.services.samples.set_art(ada.id, made.number, picture())
    assert art(world, ada) == []


def test_of_two_at_once_one_stays(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)

    def rival(_: object) -> None:
        world.services.samples.set_art(ada.id, made.number, picture("red"))

    world.records.before_write = rival
    changed = world.services.samples.set_art(ada.id, made.number, picture("blue"))
    assert art(world, ada) == [changed.art_key]
