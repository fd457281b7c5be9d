"""Files that pass through: whole or not at all, and never more than a part in memory."""

import hashlib
from collections.abc import Mapping, Sequence

import pytest

from patchbay.core import intake
from patchbay.core.idempotency import Idempotency, IdempotencyMismatch, Once
from patchbay.core.intake import HELD_BYTES, PART_BYTES, Intake, part_bytes
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import InvalidInput, TooLarge, Unavailable
from patchbay.ports import Write
from patchbay.settings import Settings
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

LARGE = bytes(range(256)) * (PART_BYTES // 256) * 2 + b"rest"


def begin(world: World, tenant: Tenant, name: str = "a.wav") -> Intake:
    return intake.begin(world.services.assets, tenant.id, name=name)


def send(world: World, tenant: Tenant, data: bytes, once: Once | None = None, block: int = 1_000_000) -> Asset:
    with begin(world, tenant) as taken:
        for at in range(0, len(data), block):
            taken.write(data[at : at + block])
        return taken.finish(once)


def nothing_left(world: World) -> bool:
    assets = [key for key in world.records.items if key[0].startswith("ASSETS#")]
    return not (assets or world.objects.stored or world.objects.uploads)


@pytest.mark.parametrize("data", [GOOD, b"x", LARGE[:PART_BYTES], LARGE[: PART_BYTES + 1], LARGE])
def test_what_went_in_is_what_is_stored(world: World, ada: Tenant, data: bytes) -> None:
    asset = send(world, ada, data)
    assert world.objects.stored[asset.key][0] == data
    assert world.services.assets.get(ada.id, asset.id) == asset
    assert (asset.state, asset.name, asset.size_bytes) == (AssetState.PENDING, "a.wav", len(data))
    assert asset.sha256 == hashlib.sha256(data).hexdigest()
    assert not world.objects.uploads


def test_a_file_of_one_part_is_stored_at_once(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.objects, "start_multipart", None)
    send(world, ada, LARGE[:PART_BYTES], block=PART_BYTES)


@pytest.mark.parametrize("size", [1, HELD_BYTES, HELD_BYTES + 1, PART_BYTES, PART_BYTES + 1, len(LARGE)])
def test_a_file_that_waits_for_others_holds_little(world: World, ada: Tenant, size: int) -> None:
    with begin(world, ada) as taken:
        taken.write(LARGE[:size])
        taken.close()
        assert len(taken._buffer) <= HELD_BYTES
        asset = taken.finish()
    assert world.objects.stored[asset.key][0] == LARGE[:size]
    with begin(world, ada) as given_up:
        given_up.write(LARGE[:size])
        given_up.close()
    assert not world.objects.uploads


def test_parts_are_of_one_size_and_no_more_is_held(world: World, ada: Tenant) -> None:
    with begin(world, ada) as taken:
        for _ in range(30):
            taken.write(b"x" * 1_000_000)
            assert len(taken._buffer) <= PART_BYTES
        [(_, parts)] = world.objects.uploads.values()
        assert {len(part) for part in parts.values()} == {PART_BYTES}
        taken.finish()


def test_it_is_looked_at_like_any_upload(world: World, ada: Tenant) -> None:
    asset = send(world, ada, GOOD)
    seen = world.services.assets.inspect(ada.id, asset.id)
    assert (seen.state, seen.sha256, seen.size_bytes) == (AssetState.READY, asset.sha256, asset.size_bytes)


def test_the_record_is_there_before_the_object(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    complete, seen = world.objects.complete_multipart, []

    def look(key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        seen.append(world.services.assets.get(ada.id, key.rsplit("/", 1)[-1]).state)
        complete(key, upload_id, etags)

    monkeypatch.setattr(world.objects, "complete_multipart", look)
    send(world, ada, LARGE)
    assert seen == [AssetState.PENDING]


def test_an_empty_file_is_refused(world: World, ada: Tenant) -> None:
    with pytest.raises(InvalidInput) as refused:
        send(world, ada, b"")
    assert refused.value.field == "file"
    assert nothing_left(world)


def test_a_file_over_the_limit_is_refused_as_soon_as_it_is() -> None:
    world = World(Settings(stage="test", max_upload_bytes=PART_BYTES + 1000))
    ada = world.tenant()
    with begin(world, ada) as taken:
        taken.write(b"x" * PART_BYTES)
        taken.write(b"x" * 1000)
        assert world.objects.uploads
        with pytest.raises(TooLarge):
            taken.write(b"x")
    assert nothing_left(world)
    assert send(world, ada, LARGE[: PART_BYTES + 1000]).size_bytes == PART_BYTES + 1000


@pytest.mark.parametrize("data", [b"x", LARGE])
def test_what_was_given_up_leaves_nothing(world: World, ada: Tenant, data: bytes) -> None:
    with begin(world, ada) as taken:
        taken.write(data)
    assert nothing_left(world)


@pytest.mark.parametrize(("data", "call"), [(b"x", "store"), (LARGE, "complete_multipart")])
def test_a_store_that_fails_at_the_end_leaves_nothing(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch, data: bytes, call: str
) -> None:
    done = getattr(world.objects, call)

    def fail(*given: object, **more: object) -> None:
        done(*given, **more)  # the object was made, the answer was lost
        raise Unavailable("no answer")

    monkeypatch.setattr(world.objects, call, fail)
    with pytest.raises(Unavailable):
        send(world, ada, data)
    assert nothing_left(world)


def test_clean_up_goes_on_past_what_fails(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object, **more: object) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(world.objects, "complete_multipart", fail)
    monkeypatch.setattr(world.objects, "abort_multipart", fail)
    with pytest.raises(Unavailable):
        send(world, ada, LARGE)
    assert not [key for key in world.records.items if key[0].startswith("ASSETS#")]


@pytest.mark.parametrize("limit", [1, 5 * 1024**3, 100 * 1024**3, 5 * 1024**4])
def test_parts_are_few_enough_for_the_largest_file(limit: int) -> None:
    size = part_bytes(limit)
    assert size >= PART_BYTES
    assert size % 1024**2 == 0
    assert size * 10_000 >= limit


def once(world: World, tenant: Tenant, fingerprint: str = "same") -> Once:
    found, _ = Idempotency(world.records, world.clock).begin(tenant.id, "key", fingerprint)
    return found


def test_a_repetition_gives_the_first_asset(world: World, ada: Tenant) -> None:
    first = send(world, ada, LARGE, once(world, ada))
    assert send(world, ada, LARGE, once(world, ada)).id == first.id
    assert list(world.objects.stored) == [first.key]
    assert not world.objects.uploads


def test_two_at_the_same_moment_make_one_asset(world: World, ada: Tenant) -> None:
    mine, made = once(world, ada), []

    def rival(writes: Sequence[Write]) -> None:
        world.records.before_write = None
        made.append(send(world, ada, GOOD, once(world, ada)))

    world.records.before_write = rival
    assert send(world, ada, GOOD, mine).id == made[0].id
    assert list(world.objects.stored) == [made[0].key]


def test_a_repetition_with_another_file_is_refused(world: World, ada: Tenant) -> None:
    send(world, ada, GOOD, once(world, ada))
    with pytest.raises(IdempotencyMismatch):
        once(world, ada, "other")


def test_an_asset_that_was_deleted_is_made_again(world: World, ada: Tenant) -> None:
    first = send(world, ada, GOOD, once(world, ada))
    world.services.assets.delete(ada.id, first.id)
    assert send(world, ada, GOOD, once(world, ada)).id != first.id


def test_a_file_that_was_refused_is_not_taken_again(world: World, ada: Tenant) -> None:
    first = send(world, ada, b"no audio", once(world, ada))
    assert world.services.assets.inspect(ada.id, first.id).state is AssetState.REJECTED
    assert send(world, ada, b"no audio", once(world, ada)).id == first.id
    assert not world.objects.stored


@pytest.mark.parametrize(("data", "call"), [(b"x", "store"), (LARGE, "complete_multipart")])
def test_a_key_is_free_as_soon_as_its_upload_failed(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch, data: bytes, call: str
) -> None:
    def fail(*given: object, **more: object) -> None:
        raise Unavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.objects, call, fail)
        with pytest.raises(Unavailable):
            send(world, ada, data, once(world, ada))
    assert nothing_left(world)
    other = send(world, ada, b"mended", once(world, ada, "other"))
    assert send(world, ada, b"mended", once(world, ada, "other")).id == other.id
