import hashlib
from pathlib import Path

import pytest

from patchbay.core.assets import FETCH_TIME
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import FetchRefused, InvalidInput, NotFound, TooLarge, Unavailable
from patchbay.settings import Settings
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

URL = "https://example.org/song.wav?token=1"


def test_an_upload_becomes_ready(world: World, ada: Tenant) -> None:
    asset = world.upload(ada)
    seen = world.services.assets.inspect(ada.id, asset.id)
    assert seen.state is AssetState.READY
    assert seen.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert seen.size_bytes == len(GOOD)
    assert seen.audio is not None
    assert seen == world.services.assets.get(ada.id, asset.id)


def test_it_is_looked_at_once(world: World, ada: Tenant) -> None:
    asset = world.upload(ada)
    first = world.services.assets.inspect(ada.id, asset.id)
    world.objects.put(asset.incoming_key, b"something else")
    assert world.services.assets.inspect(ada.id, asset.id) == first
    assert world.prober.probed == 1


def test_what_is_no_audio_is_rejected_and_removed(world: World, ada: Tenant) -> None:
    asset = world.upload(ada, b"text")
    seen = world.services.assets.inspect(ada.id, asset.id)
    assert (seen.state, seen.reason) == (AssetState.REJECTED, "this is no audio file")
    assert world.objects.stat(asset.key) is None
    assert world.services.assets.inspect(ada.id, asset.id) == seen


def test_two_looks_at_once_agree(world: World, ada: Tenant) -> None:
    asset = world.upload(ada, b"text")
    rival = []
    world.records.before_write = lambda _: rival.append(world.services.assets.inspect(ada.id, asset.id))
    assert world.services.assets.inspect(ada.id, asset.id) == rival[0]


def test_a_look_that_comes_after_the_bytes_were_removed(world: World, ada: Tenant) -> None:
    """The other look has rejected the file between this one's reading of the record and of the object."""
    asset = world.upload(ada, b"text")
    assets, stat = world.services.assets, world.objects.stat

    def stat_after_rival(key: str) -> object:
        world.objects.stat = stat  # type: ignore[method-assign]
        assets.inspect(ada.id, asset.id)
        return stat(key)

    world.objects.stat = stat_after_rival  # type: ignore[method-assign, assignment]
    assert assets.inspect(ada.id, asset.id).state is AssetState.REJECTED


def test_nothing_uploaded(world: World, ada: Tenant) -> None:
    asset = world.services.assets.create(ada.id)
    with pytest.raises(NotFound, match="nothing was uploaded"):
        world.services.assets.inspect(ada.id, asset.id)
    assert world.services.assets.get(ada.id, asset.id).state is AssetState.PENDING


def test_an_asset_that_never_comes_is_forgotten(world: World, ada: Tenant) -> None:
    asset = world.upload(ada)
    key = (f"ASSETS#{ada.id}", asset.id)
    assert world.records.items[key].expires_at
    world.services.assets.inspect(ada.id, asset.id)
    assert world.records.items[key].expires_at is None


def test_too_long_and_too_large(ada: Tenant) -> None:
    world = World(Settings(max_duration_s=10, max_upload_bytes=20))
    assets = world.services.assets
    long = world.upload(ada)
    assert "at most 10 s" in (assets.inspect(ada.id, long.id).reason or "")
    large = world.upload(ada, GOOD * 2)
    assert "at most 20" in (assets.inspect(ada.id, large.id).reason or "")
    for size in (21, 10**12):
        with pytest.raises(TooLarge):
            assets.put_url(large, size_bytes=size)
        with pytest.raises(TooLarge):
            assets.begin_parts(large, size)
    with pytest.raises(InvalidInput):
        assets.put_url(large, size_bytes=-1)


def test_parts(world: World, ada: Tenant) -> None:
    assets = world.services.assets
    asset = assets.create(ada.id)
    parts = assets.begin_parts(asset, 3 * 64 * 1024**2 + 1)
    assert len(parts.urls) == 4
    etag = world.objects.put_part(asset.incoming_key, parts.upload_id, 1, GOOD)
    with pytest.raises(InvalidInput):
        assets.complete_parts(ada.id, asset.id, parts.upload_id, {1: "wrong"})
    assets.complete_parts(ada.id, asset.id, parts.upload_id, {1: etag})
    assert assets.inspect(ada.id, asset.id).state is AssetState.READY


def test_parts_of_another_tenant_cannot_be_completed(world: World, ada: Tenant, bob: Tenant) -> None:
    asset = world.services.assets.create(ada.id)
    parts = world.services.assets.begin_parts(asset, 1)
    with pytest.raises(NotFound):
        world.services.assets.complete_parts(bob.id, asset.id, parts.upload_id, {})


def test_import(world: World, ada: Tenant) -> None:
    world.web.pages[URL] = GOOD
    awaited = world.services.assets.create(ada.id, source_url=URL)
    asset = world.services.assets.inspect(ada.id, awaited.id)
    assert (asset.state, asset.name, asset.source_url) == (AssetState.READY, "song.wav", URL)
    assert asset.fetching_until is None
    assert world.objects.stored[asset.key][0] == GOOD


def test_of_two_imports_at_once_one_fetches_and_the_other_waits(world: World, ada: Tenant) -> None:
    world.web.pages[URL] = GOOD
    assets = world.services.assets
    asset = assets.create(ada.id, source_url=URL)
    seen: list[AssetState] = []

    def second(_: object) -> None:
        seen.append(assets.fetch(ada.id, asset.id, wait=False).state)

    world.prober.before = second
    assert assets.inspect(ada.id, asset.id).state is AssetState.READY
    assert seen == [AssetState.PENDING]
    assert assets.fetch(ada.id, asset.id).state is AssetState.READY


class Killed(BaseException):
    """What no code may catch: the process is gone."""


def test_an_import_whose_process_died_is_taken_up_by_who_waits_for_it(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets, started = world.services.assets, world.clock.now()
    asset = assets.create(ada.id, source_url=URL)

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(world.web, "fetch", dies)
        with pytest.raises(Killed):
            assets.fetch(ada.id, asset.id)
    world.web.pages[URL] = GOOD
    assert assets.inspect(ada.id, asset.id).state is AssetState.READY
    assert world.clock.now() - started >= FETCH_TIME


def test_an_import_that_broke_off_is_free_for_the_next_try_at_once(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.web.pages[URL] = GOOD
    assets, started = world.services.assets, world.clock.now()
    asset = assets.create(ada.id, source_url=URL)

    def busy(*_: object, **__: object) -> None:
        raise Unavailable("the store is busy")

    with monkeypatch.context() as patched:
        patched.setattr(world.objects, "upload", busy)
        with pytest.raises(Unavailable):
            assets.fetch(ada.id, asset.id)
    assert assets.fetch(ada.id, asset.id, wait=False).state is AssetState.READY
    assert world.clock.now() == started


def test_import_of_what_is_no_audio_keeps_no_bytes(world: World, ada: Tenant) -> None:
    world.web.pages[URL] = b"<html>"
    asset = world.services.assets.create(ada.id, source_url=URL)
    assert world.services.assets.inspect(ada.id, asset.id).state is AssetState.REJECTED
    assert not world.objects.stored


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ftp://example.org/"])
def test_an_import_of_what_is_never_called_is_refused(world: World, ada: Tenant, url: str) -> None:
    with pytest.raises(FetchRefused):
        world.services.assets.create(ada.id, source_url=url)
    assert world.services.assets.list(ada.id, limit=10) == []


def test_an_import_that_fails_says_why(world: World, ada: Tenant) -> None:
    asset = world.services.assets.create(ada.id, source_url="https://example.org/none")
    asset = world.services.assets.inspect(ada.id, asset.id)
    assert (asset.state, asset.reason) == (AssetState.REJECTED, "example.org answered 404")
    assert not world.objects.stored


def test_lists_are_newest_first_and_ones_own(world: World, ada: Tenant, bob: Tenant) -> None:
    made = [world.upload(ada).id for _ in range(5)]
    world.upload(bob)
    assets = world.services.assets
    first = assets.list(ada.id, limit=2)
    rest = assets.list(ada.id, limit=9, before=first[-1].id)
    assert [a.id for a in [*first, *rest]] == made[::-1]


@pytest.mark.parametrize("asset_id", ["", "x", "../x", "00000000-0000-7000-8000-000000000000"])
def test_unknown_ids_are_not_found(world: World, ada: Tenant, asset_id: str) -> None:
    with pytest.raises(NotFound):
        world.services.assets.get(ada.id, asset_id)


def test_by_url_finds_ones_own_uploads_only(world: World, ada: Tenant, bob: Tenant) -> None:
    assets = world.services.assets
    asset = world.upload(ada)
    url = assets.download_url(asset)
    found = assets.by_url(ada.id, url)
    assert isinstance(found, Asset)
    assert found.id == asset.id
    assert assets.by_url(bob.id, url) is None
    assert assets.by_url(ada.id, URL) is None


def test_a_look_whose_bytes_another_look_rejected_says_the_same(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = world.upload(ada, b"no audio")
    assets, download = world.services.assets, world.objects.download

    def late(key: str, path: Path) -> None:
        monkeypatch.setattr(world.objects, "download", download)
        assets.inspect(ada.id, asset.id)
        download(key, path)

    monkeypatch.setattr(world.objects, "download", late)
    seen = assets.inspect(ada.id, asset.id)
    assert (seen.state, seen.reason) == (AssetState.REJECTED, "this is no audio file")
