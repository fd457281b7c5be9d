"""Videos: taken once, looked at, put together with audio, rendered in one transaction, removed whole."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from patchbay.core import layout, manifests
from patchbay.core.idempotency import Idempotency
from patchbay.core.layout_videos import video_key
from patchbay.core.videos import MAX_BYTES
from patchbay.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotReady,
    QuotaExceeded,
    TooLarge,
    Unavailable,
)
from patchbay.domain.jobs import JobState
from patchbay.domain.videos import Sync, Video
from patchbay.ports import ObjectInfo, Write
from patchbay.settings import Settings
from tests.fakes.films import FILM, SECONDS
from tests.fakes.world import Tenant, World
from tests.support.videos import audio_file, carry_out, make_video, order_of, ordered, send_film, synced_video


def stored(world: World, video: Video) -> Video | None:
    found = world.records.get(video_key(video.tenant_id, video.id))
    return layout.entity(Video, found) if found else None


def held(world: World, tenant: Tenant) -> dict[str, int]:
    return dict(world.records.figures((f"HELD#{tenant.id}", "figures")))


@pytest.fixture
def bounded() -> World:
    return World(Settings(stage="test", rate_limit_scale=1000, quota_files=2, quota_gb=1))


class TestMaking:
    def test_a_video_is_awaited_where_its_link_points_to(self, world: World, ada: Tenant) -> None:
        video = world.services.videos.create(ada.id, "  Holiday ", size_bytes=100)
        assert (video.name, video.info, video.sync) == ("Holiday", None, None)
        url = world.services.videos.put_url(video, size_bytes=100)
        assert world.objects.key_of(url) == f"incoming/videos/{ada.id}/{video.id}"
        assert "size=100" in url
        assert world.services.videos.get(ada.id, video.id) == video

    def test_it_is_made_once_for_a_key(self, world: World, ada: Tenant) -> None:
        keys = Idempotency(world.records, world.clock)
        first = world.services.videos.create(ada.id, "x", once=keys.begin(ada.id, "k", "same")[0])
        again = world.services.videos.create(ada.id, "x", once=keys.begin(ada.id, "k", "same")[0])
        assert again == first
        assert len(world.services.videos.owned(ada.id, limit=10)) == 1

    @pytest.mark.parametrize("name", ["", "   ", "x" * 256])
    def test_names_are_bounded(self, world: World, ada: Tenant, name: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            world.services.videos.create(ada.id, name)
        assert caught.value.field == "name"

    def test_too_large_a_video_is_refused_before_it_is_sent(self, world: World, ada: Tenant) -> None:
        with pytest.raises(TooLarge):
            world.services.videos.create(ada.id, "x", size_bytes=MAX_BYTES + 1)
        assert world.services.videos.owned(ada.id, limit=10) == []

    def test_they_are_listed_newest_first_and_to_their_owner(self, world: World, ada: Tenant, bob: Tenant) -> None:
        made = []
        for number in range(5):
            made.append(make_video(world, ada, f"V{number}"))
            world.clock.advance(seconds=1)
        service = world.services.videos
        assert [video.name for video in service.owned(ada.id, limit=3)] == ["V4", "V3", "V2"]
        assert [video.name for video in service.owned(ada.id, limit=3, before=made[2].id)] == ["V1", "V0"]
        assert service.owned(bob.id, limit=3) == []
        for wrong in (0, 1001):
            with pytest.raises(InvalidInput):
                service.owned(ada.id, limit=wrong)
        with pytest.raises(NotFound):
            service.get(bob.id, made[0].id)

    def test_one_that_nothing_is_sent_for_is_forgotten(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada, data=None)
        kept = make_video(world, ada)
        world.services.videos.checked(ada.id, kept.id)
        assert world.records.items[video_key(ada.id, video.id)].expires_at is not None
        world.clock.advance(seconds=timedelta(days=2).total_seconds())
        with pytest.raises(NotFound):
            world.services.videos.get(ada.id, video.id)
        assert [each.id for each in world.services.videos.owned(ada.id, limit=10)] == [kept.id]
        assert world.records.items[video_key(ada.id, kept.id)].expires_at is None

    def test_forgotten_ones_take_no_others_place(self, world: World, ada: Tenant) -> None:
        kept = make_video(world, ada)
        world.services.videos.checked(ada.id, kept.id)
        for _ in range(3):
            make_video(world, ada, data=None)
        world.clock.advance(seconds=timedelta(days=2).total_seconds())
        assert [each.id for each in world.services.videos.owned(ada.id, limit=2)] == [kept.id]


class TestLooking:
    def test_bytes_are_taken_to_where_no_link_reaches(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada)
        found = world.services.videos.checked(ada.id, video.id)
        assert found.info is not None
        assert (found.info.container, found.info.duration_s, found.size_bytes) == ("mp4", SECONDS, len(FILM))
        assert world.objects.stored[found.key][0] == FILM
        assert found.incoming_key not in world.objects.stored
        assert stored(world, video) == found

    def test_it_is_looked_at_once(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada)
        first = world.services.videos.checked(ada.id, video.id)
        send_film(world, video, FILM + b" another")
        assert world.services.videos.checked(ada.id, video.id) == first
        assert world.films.probed == 1
        assert world.objects.stored[first.key][0] == FILM

    def test_what_is_sent_while_it_is_looked_at_changes_nothing(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada)
        world.films.before = lambda: send_film(world, video, b"evil")
        found = world.services.videos.checked(ada.id, video.id)
        assert found.size_bytes == len(FILM)
        assert world.objects.stored[found.key][0] == FILM
        assert found.incoming_key not in world.objects.stored

    def test_before_anything_came_it_is_not_ready(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada, data=None)
        with pytest.raises(NotReady) as caught:
            world.services.videos.checked(ada.id, video.id)
        assert caught.value.field == "video"

    def test_what_is_no_video_is_dropped_and_another_may_be_sent(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada, data=b"a text")
        with pytest.raises(InvalidInput, match="no video") as caught:
            world.services.videos.checked(ada.id, video.id)
        assert caught.value.field == "video"
        assert not [key for key in world.objects.stored if video.id in key]
        told = stored(world, video)
        assert told is not None
        assert "no video" in (told.reason or "")
        with pytest.raises(NotReady, match="no video"):
            world.services.videos.checked(ada.id, video.id)
        send_film(world, video)
        found = world.services.videos.checked(ada.id, video.id)
        assert (found.reason, found.info is not None) == (None, True)

    def test_too_large_a_file_is_dropped_unseen(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        video = make_video(world, ada)
        monkeypatch.setattr(world.objects, "stat", lambda key: ObjectInfo(MAX_BYTES + 1, "", "e"))
        with pytest.raises(TooLarge):
            world.services.videos.checked(ada.id, video.id)
        assert world.films.probed == 0
        assert not [key for key in world.objects.stored if video.id in key]

    def test_of_two_at_once_one_is_told(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada)
        world.films.before = lambda: seen.append(world.services.videos.checked(ada.id, video.id))
        seen: list[Video] = []
        assert world.services.videos.checked(ada.id, video.id) == seen[0]

    def test_what_is_refused_late_leaves_a_newer_upload_alone(self, world: World, ada: Tenant) -> None:
        """One request still refuses the text that came first while the next one takes the film that came after."""
        video = make_video(world, ada, data=b"a text")
        taken: list[Video] = []

        def meanwhile() -> None:
            send_film(world, video)
            taken.append(world.services.videos.checked(ada.id, video.id))

        world.films.before = meanwhile
        assert world.services.videos.checked(ada.id, video.id) == taken[0]
        assert world.objects.stored[taken[0].key][0] == FILM
        assert [key for key in world.objects.stored if video.id in key] == [taken[0].key]

    def test_what_is_refused_is_not_taken_at_the_same_moment(self, bounded: World) -> None:
        """A rival has no room and drops the bytes, just before this request would note that it has them."""
        ada = bounded.tenant()
        video, other = make_video(bounded, ada), make_video(bounded, ada, "Other")
        bounded.services.videos.checked(ada.id, other.id)
        service = bounded.services.videos

        def rival(writes: Sequence[Write]) -> None:
            bounded.records.before_write = None
            sent = bounded.objects.stat(video.incoming_key)
            assert sent is not None
            full = QuotaExceeded("full", what="files", used=2, most=2)
            assert service._refused(video, video.taken_key(sent.etag), sent, full) is None

        bounded.records.before_write = rival
        with pytest.raises(NotReady, match="full"):
            service.checked(ada.id, video.id)
        assert held(bounded, ada)["files"] == 1
        assert service.checked(ada.id, video.id).info is not None

    def test_deleted_while_it_is_looked_at_it_leaves_nothing(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada)
        world.films.before = lambda: world.services.videos.delete(ada.id, video.id)
        with pytest.raises(NotFound):
            world.services.videos.checked(ada.id, video.id)
        assert not [key for key in world.objects.stored if video.id in key]
        assert stored(world, video) is None

    def test_a_store_that_is_away_loses_nothing(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        video = make_video(world, ada)

        def away(*args: Any) -> Any:
            raise Unavailable("the object store is busy")

        for name in ("copy_new", "read_range"):
            with monkeypatch.context() as patched:
                patched.setattr(world.objects, name, away)
                with pytest.raises(Unavailable):
                    world.services.videos.checked(ada.id, video.id)
        assert world.services.videos.checked(ada.id, video.id).info is not None


class TestCounting:
    def test_its_bytes_are_charged_once_and_given_back(self, bounded: World) -> None:
        ada = bounded.tenant()
        video = make_video(bounded, ada)

        def check() -> None:
            bounded.services.videos.checked(ada.id, video.id)

        bounded.films.before = check
        check()
        assert held(bounded, ada) == {"files": 1, "bytes": len(FILM)}
        bounded.services.videos.delete(ada.id, video.id)
        assert held(bounded, ada) == {"files": 0, "bytes": 0}

    def test_a_full_account_takes_none(self, bounded: World) -> None:
        ada = bounded.tenant()
        for _ in range(2):
            bounded.services.videos.checked(ada.id, make_video(bounded, ada).id)
        video = make_video(bounded, ada)
        with pytest.raises(QuotaExceeded):
            bounded.services.videos.checked(ada.id, video.id)
        assert not [key for key in bounded.objects.stored if key.startswith(f"videos/{ada.id}/{video.id}")]
        assert held(bounded, ada)["files"] == 2
        bounded.services.videos.delete(ada.id, bounded.services.videos.owned(ada.id, limit=10)[-1].id)
        assert bounded.services.videos.checked(ada.id, video.id).info is not None, "there is room now"
        assert held(bounded, ada)["files"] == 2


class TestSync:
    def test_audio_is_chosen_before_or_after_the_film_came(self, world: World, ada: Tenant) -> None:
        waiting = make_video(world, ada, data=None)
        wish = Sync(audio_id="a", offset_s=-2.5, gain=0.5, keep_original=False, duck="music")
        found = world.services.videos.set_sync(ada.id, waiting.id, wish, name="New")
        assert (found.sync, found.name, found.info) == (wish, "New", None)
        there = world.services.videos.set_sync(ada.id, make_video(world, ada).id, wish)
        assert there.info is not None

    def test_saying_the_same_again_writes_nothing(self, world: World, ada: Tenant) -> None:
        video = synced_video(world, ada)
        assert video.sync is not None
        world.clock.advance(seconds=5)
        assert world.services.videos.set_sync(ada.id, video.id, video.sync) == video

    def test_a_film_that_is_none_is_told_there_and_then(self, world: World, ada: Tenant) -> None:
        video = make_video(world, ada, data=b"a text")
        with pytest.raises(InvalidInput):
            world.services.videos.set_sync(ada.id, video.id, Sync(audio_id="a"))


class TestRendering:
    def test_job_generation_and_note_are_one_transaction(self, world: World, ada: Tenant) -> None:
        video = synced_video(world, ada, offset_s=3.0, duck="original")
        seen: list[Sequence[Write]] = []
        world.records.before_write = seen.append
        found, job = ordered(world, ada, video)
        (writes,) = seen
        kinds = {write.record.kind for write in writes if hasattr(write, "record")}
        assert kinds == {"generation", "owner", "job", "video"}
        assert (found.kind, found.credits, job.workflow, job.name) == ("video", 0, "video", "Holiday")
        assert job.params == {"offset_s": 3.0, "duck": "original"}
        assert job.manifest is not None
        listed = manifests.listed(world.objects.stored[job.manifest.key][0])
        assert {file.name: file.key for file in listed}["video"] == video.key
        assert {file.name for file in listed} == {"audio", "video"}
        noted = world.services.videos.get(ada.id, video.id)
        assert (noted.render_id, noted.rendered) == (job.id, video.sync)

    def test_it_is_ordered_once_for_a_key(self, world: World, ada: Tenant) -> None:
        video = synced_video(world, ada)
        keys = Idempotency(world.records, world.clock)
        first = ordered(world, ada, video, once=keys.begin(ada.id, "k", "same")[0])
        again = ordered(world, ada, video, once=keys.begin(ada.id, "k", "same")[0])
        assert [job.id for _, job in (first, again)] == [first[1].id] * 2
        assert len(world.executions.started) == 1

    def test_without_audio_or_film_there_is_nothing_to_render(self, world: World, ada: Tenant) -> None:
        synced = synced_video(world, ada)
        assert synced.sync is not None
        bare = make_video(world, ada)
        waiting = world.services.videos.set_sync(ada.id, make_video(world, ada, data=None).id, synced.sync)
        file = audio_file(world, ada, synced)
        with pytest.raises(InvalidInput) as caught:
            world.services.videos.render(order_of(ada), bare.id, file)
        assert caught.value.field == "audio_id"
        with pytest.raises(NotReady):
            world.services.videos.render(order_of(ada), waiting.id, file)
        assert world.executions.started == []

    def test_a_change_at_the_same_moment_is_not_rendered_as_something_else(self, world: World, ada: Tenant) -> None:
        video = synced_video(world, ada)
        assert video.sync is not None
        other = video.sync.model_copy(update={"gain": 2.0})

        def change(writes: Sequence[Write]) -> None:
            world.records.before_write = None
            world.services.videos.set_sync(ada.id, video.id, other)

        world.records.before_write = change
        with pytest.raises(Conflict, match="same moment"):
            ordered(world, ada, video)
        assert world.executions.started == []
        assert world.services.videos.get(ada.id, video.id).render_id is None

    def test_the_result_while_under_way_when_done_and_when_gone(self, world: World, ada: Tenant) -> None:
        video, service = synced_video(world, ada), world.services.videos
        with pytest.raises(Conflict, match="not rendered yet"):
            service.result(video)
        _, job = ordered(world, ada, video)
        video = service.get(ada.id, video.id)
        with pytest.raises(NotReady):
            service.result(video)
        done = carry_out(world, job)
        settled = world.services.settling.over(ada.id, done.id)
        assert settled
        output = service.result(video)
        assert world.objects.stored[output.key or ""][0] == b"a rendered film"
        found = service.job(video)
        assert found is not None
        assert (found[0].settled, found[0].outputs, found[1].state) == (True, (), JobState.SUCCEEDED)
        world.objects.delete(output.key or "")
        with pytest.raises(Conflict, match="kept no longer"):
            service.result(video)
        world.services.jobs.delete(ada.id, job.id)
        with pytest.raises(Conflict, match="deleted"):
            service.result(video)

    def test_a_rendering_that_was_cancelled_says_so(self, world: World, ada: Tenant) -> None:
        video = synced_video(world, ada)
        _, job = ordered(world, ada, video)
        world.services.jobs.cancel(ada.id, job.id)
        with pytest.raises(Conflict, match="cancelled"):
            world.services.videos.result(world.services.videos.get(ada.id, video.id))


class TestRemoving:
    def test_nothing_is_left_and_the_rendering_is_cancelled(self, world: World, ada: Tenant, bob: Tenant) -> None:
        video = synced_video(world, ada)
        _, job = ordered(world, ada, video)
        with pytest.raises(NotFound):
            world.services.videos.delete(bob.id, video.id)
        world.services.videos.delete(ada.id, video.id)
        assert stored(world, video) is None
        assert not [key for key in world.objects.stored if video.id in key]
        assert world.services.jobs.get(ada.id, job.id).state is JobState.CANCELLED
        with pytest.raises(NotFound):
            world.services.videos.delete(ada.id, video.id)

    def test_a_process_that_dies_on_the_way_leaves_what_can_be_deleted(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        video = synced_video(world, ada)

        def dies(*writes: Write) -> None:
            raise Unavailable("the table is away")

        with monkeypatch.context() as patched:
            patched.setattr(world.records, "write", dies)
            with pytest.raises(Unavailable):
                world.services.videos.delete(ada.id, video.id)
        assert stored(world, video) is not None
        world.services.videos.delete(ada.id, video.id)
        assert stored(world, video) is None
