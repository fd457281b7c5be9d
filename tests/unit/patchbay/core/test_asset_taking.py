"""What is sent to an upload URL is taken from there once; what is sent later changes nothing that was looked at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.entrypoints import upload_finished
from patchbay import bootstrap
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import NotFound, Unavailable
from patchbay.settings import Settings
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

OTHER = GOOD + b" but another song"


@pytest.fixture(autouse=True)
def wired(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "services", lambda: world.services)


def sent(world: World, asset: Asset, data: bytes) -> None:
    """Send bytes to the upload URL, with the event that tells of it."""
    world.objects.put(asset.incoming_key, data)
    told(asset.incoming_key)


def told(key: str) -> None:
    upload_finished.handler({"detail-type": "Object Created", "detail": {"object": {"key": key}}}, None)


def bytes_of(world: World, asset: Asset) -> bytes | None:
    """What every reader of an asset is given: its link names the same object."""
    key = world.objects.key_of(world.services.assets.download_url(asset))
    assert key == asset.key
    return world.objects.stored[key][0] if key in world.objects.stored else None


def test_no_upload_url_reaches_what_was_taken(world: World, ada: Tenant) -> None:
    assets, asset = world.services.assets, world.services.assets.create(ada.id)
    urls = [assets.put_url(asset), assets.put_url(asset, size_bytes=5), *assets.begin_parts(asset, 1).urls]
    keys = {world.objects.key_of(url) for url in urls} | {assets.post_form(asset).fields["key"]}
    assert keys == {asset.incoming_key}
    assert asset.key not in keys


def test_an_upload_is_taken_and_then_looked_at(world: World, ada: Tenant) -> None:
    asset = world.services.assets.create(ada.id)
    world.objects.put(asset.incoming_key, GOOD, "text/html")
    assert bytes_of(world, asset) is None, "nothing is given before it was taken"
    told(asset.incoming_key)
    assert world.objects.stored == {asset.key: (GOOD, "application/octet-stream")}
    assert world.services.assets.get(ada.id, asset.id).state is AssetState.PENDING
    told(asset.key)
    assert world.services.assets.get(ada.id, asset.id).state is AssetState.READY
    assert world.prober.probed == 1


def test_before_it_is_taken_the_last_bytes_count(world: World, ada: Tenant) -> None:
    asset = world.upload(ada, b"no audio")
    world.objects.put(asset.incoming_key, GOOD)
    assert world.services.assets.inspect(ada.id, asset.id).state is AssetState.READY


Step = Callable[[World, Asset], None]


def between_copy_and_removal(world: World, asset: Asset) -> None:
    delete = world.objects.delete

    def later(key: str) -> None:
        world.objects.delete = delete  # type: ignore[method-assign]
        world.objects.put(asset.incoming_key, OTHER)
        delete(key)

    world.objects.delete = later  # type: ignore[method-assign]


def before_the_download(world: World, asset: Asset) -> None:
    download = world.objects.download

    def later(key: str, path: Path) -> None:
        world.objects.download = download  # type: ignore[method-assign]
        sent(world, asset, OTHER)
        download(key, path)

    world.objects.download = later  # type: ignore[method-assign]


def after_the_look(world: World, asset: Asset) -> None:
    world.prober.before = lambda _: sent(world, asset, OTHER)


def before_it_is_settled(world: World, asset: Asset) -> None:
    world.records.before_write = lambda _: sent(world, asset, OTHER)


def by_a_second_look(world: World, asset: Asset) -> None:
    """Another look at the same file, which would be done with other bytes."""

    def look(_: Any) -> None:
        world.prober.before = None
        world.objects.put(asset.incoming_key, OTHER)
        world.services.assets.inspect(asset.tenant_id, asset.id)

    world.prober.before = look


@pytest.mark.parametrize(
    "step", [between_copy_and_removal, before_the_download, after_the_look, before_it_is_settled, by_a_second_look]
)
def test_bytes_that_are_sent_again_change_nothing(world: World, ada: Tenant, step: Step) -> None:
    asset = world.upload(ada)
    step(world, asset)
    seen = world.services.assets.inspect(ada.id, asset.id)
    assert (seen.state, seen.size_bytes) == (AssetState.READY, len(GOOD))
    assert bytes_of(world, asset) == GOOD
    for _ in range(2):
        sent(world, asset, OTHER)
        assert bytes_of(world, asset) == GOOD
        assert asset.incoming_key not in world.objects.stored, "what came in vain is removed"
    assert world.services.assets.get(ada.id, asset.id) == seen


def test_of_two_that_take_it_at_once_one_does(world: World, ada: Tenant) -> None:
    asset, copy = world.upload(ada), world.objects.copy_new

    def after_a_rival(source: str, key: str) -> bool:
        world.objects.copy_new = copy  # type: ignore[method-assign]
        world.services.assets.take(ada.id, asset.id)
        world.objects.put(asset.incoming_key, OTHER)
        return copy(source, key)

    world.objects.copy_new = after_a_rival  # type: ignore[method-assign]
    world.services.assets.take(ada.id, asset.id)
    assert bytes_of(world, asset) == GOOD


def test_while_another_still_copies_it_is_tried_again(world: World, ada: Tenant) -> None:
    """S3 refuses one of two conditional writes at once before the other is done."""
    asset = world.upload(ada)
    copy, world.objects.copy_new = world.objects.copy_new, lambda *_: False  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        world.services.assets.inspect(ada.id, asset.id)
    assert asset.incoming_key in world.objects.stored
    world.objects.copy_new = copy  # type: ignore[method-assign]
    assert world.services.assets.inspect(ada.id, asset.id).state is AssetState.READY


def test_a_process_that_dies_after_any_step_loses_nothing(world: World, ada: Tenant) -> None:
    for name in ("copy_new", "delete", "download"):
        asset, what = world.upload(ada), getattr(world.objects, name)

        def dies(*given: Any, what: Callable[..., Any] = what) -> None:
            what(*given)
            raise Unavailable("dead")

        setattr(world.objects, name, dies)
        with pytest.raises(Unavailable):
            world.services.assets.inspect(ada.id, asset.id)
        setattr(world.objects, name, what)
        sent(world, asset, OTHER)
        assert world.services.assets.inspect(ada.id, asset.id).size_bytes == len(GOOD)
        assert [key for key in world.objects.stored if asset.id in key] == [asset.key]


def test_what_is_too_large_is_not_taken(ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(Settings(max_upload_bytes=20))
    monkeypatch.setattr(bootstrap, "services", lambda: world.services)
    asset = world.services.assets.create(ada.id)
    sent(world, asset, GOOD * 2)
    seen = world.services.assets.get(ada.id, asset.id)
    assert (seen.state, world.objects.stored) == (AssetState.REJECTED, {})
    assert "at most 20" in (seen.reason or "")


def test_what_was_rejected_is_not_taken_again(world: World, ada: Tenant) -> None:
    asset = world.upload(ada, b"no audio")
    assert world.services.assets.inspect(ada.id, asset.id).state is AssetState.REJECTED
    sent(world, asset, GOOD)
    assert world.objects.stored == {}
    assert world.services.assets.get(ada.id, asset.id).state is AssetState.REJECTED


def test_bytes_that_come_to_a_deleted_asset_go(world: World, ada: Tenant) -> None:
    asset = world.upload(ada)
    world.services.assets.delete(ada.id, asset.id)
    assert world.objects.stored == {}
    sent(world, asset, GOOD)
    assert world.objects.stored == {}
    with pytest.raises(NotFound):
        world.services.assets.take(ada.id, asset.id)


def test_an_import_has_no_upload_url_and_nothing_is_taken_for_it(world: World, ada: Tenant) -> None:
    asset = world.services.assets.create(ada.id, source_url="https://example.org/a.wav")
    sent(world, asset, OTHER)
    assert world.objects.stored == {}
