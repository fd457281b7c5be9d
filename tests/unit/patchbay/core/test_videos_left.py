"""Copies of videos that a request took and did not live to look at."""

import pytest

from patchbay.core.layout_videos import video_key
from patchbay.domain.errors import NotFound, Unavailable
from patchbay.domain.videos import Video
from tests.fakes.films import FILM
from tests.fakes.world import Tenant, World
from tests.support.videos import make_video, send_film


def taken(world: World, video: Video) -> list[str]:
    return world.objects.keys(video.taken_prefix)


def died(world: World, video: Video, data: bytes = FILM) -> str:
    """A request takes an upload and dies: where the copy is that nobody knows of."""
    send_film(world, video, data)

    def dies() -> None:
        raise KeyboardInterrupt

    world.films.before = dies
    with pytest.raises(KeyboardInterrupt):
        world.services.videos.checked(video.tenant_id, video.id)
    world.films.before = None
    sent = world.objects.stat(video.incoming_key)
    assert sent is not None
    assert video.taken_key(sent.etag) in taken(world, video)
    return video.taken_key(sent.etag)


def test_the_next_request_goes_on_with_what_was_taken(world: World, ada: Tenant) -> None:
    video = make_video(world, ada)
    copy = died(world, video)
    assert world.services.videos.checked(ada.id, video.id).key == copy
    assert taken(world, video) == [copy]


def test_when_other_bytes_are_taken_it_goes(world: World, ada: Tenant) -> None:
    video = make_video(world, ada)
    copy = died(world, video, FILM + b"another")
    send_film(world, video)
    found = world.services.videos.checked(ada.id, video.id)
    assert found.key != copy
    assert taken(world, video) == [found.key]


def test_it_goes_with_its_video_though_the_upload_is_gone(world: World, ada: Tenant) -> None:
    video, other = make_video(world, ada), make_video(world, ada)
    died(world, video)
    kept = world.services.videos.checked(ada.id, other.id)
    world.objects.delete(video.incoming_key)  # by its age
    world.services.videos.delete(ada.id, video.id)
    assert [key for key in world.objects.stored if key.startswith("videos/")] == [kept.key]


def test_once_its_video_is_forgotten_it_is_swept(world: World, ada: Tenant) -> None:
    service = world.services.videos
    video, kept = make_video(world, ada), make_video(world, ada)
    died(world, video)
    key = service.checked(ada.id, kept.id).key
    for hours, removed in ((48, 0), (0.9, 0), (0.2, 1), (0, 0), (200, 0)):
        world.clock.advance(hours=hours)
        assert service.sweep() == {"videos_removed": removed, "videos_in_trouble": 0}
    assert (taken(world, video), world.records.get(video_key(ada.id, video.id))) == ([], None)
    assert world.objects.stored[key][0] == FILM
    assert service.get(ada.id, kept.id).info is not None


def test_whoever_is_still_at_it_when_it_is_forgotten_leaves_nothing(world: World, ada: Tenant) -> None:
    video = make_video(world, ada)
    world.films.before = lambda: world.clock.advance(hours=48)
    with pytest.raises(NotFound):
        world.services.videos.checked(ada.id, video.id)
    assert taken(world, video) == []


def test_what_cannot_be_removed_now_is_removed_by_the_next_sweep(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = world.services.videos
    broken, fine = make_video(world, ada), make_video(world, ada)
    died(world, broken)
    died(world, fine)
    world.clock.advance(hours=50)

    def keys(prefix: str) -> list[str]:
        if broken.id in prefix:
            raise Unavailable("the object store is busy")
        return sorted(key for key in world.objects.stored if key.startswith(prefix))

    with monkeypatch.context() as patched:
        patched.setattr(world.objects, "keys", keys)
        assert service.sweep() == {"videos_removed": 1, "videos_in_trouble": 1}
    assert service.sweep() == {"videos_removed": 1, "videos_in_trouble": 0}
    assert not [key for key in world.objects.stored if key.startswith("videos/")]


def test_of_two_uploads_taken_at_once_one_is_the_video(world: World, ada: Tenant) -> None:
    """The other's copy is dropped before it is looked at: it is told what the video is."""
    video = make_video(world, ada, data=FILM + b"another")
    first: list[Video] = []
    copy = world.objects.copy_new

    def slowly(source: str, key: str) -> bool:
        done = copy(source, key)
        if not first:
            world.objects.copy_new = copy  # type: ignore[method-assign]
            send_film(world, video)
            first.append(world.services.videos.checked(ada.id, video.id))
        return done

    world.objects.copy_new = slowly  # type: ignore[method-assign]
    assert world.services.videos.checked(ada.id, video.id) == first[0]
    assert taken(world, video) == [first[0].key]
