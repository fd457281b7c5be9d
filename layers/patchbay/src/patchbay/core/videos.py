"""A tenant's videos: uploaded by link, looked at, put together with audio, rendered.

An upload arrives where its link points to, and is dropped there after two days. The first request that needs its bytes
takes them to a place that no link reaches, and looks at their head; what was looked at is what is rendered.

A request that dies between the two leaves what it took. The next one of the same upload goes on with it; else it goes
when other bytes are taken, with the video, or by the sweep once the video is forgotten.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from patchbay.core import layout, store
from patchbay.core.assets import Limits
from patchbay.core.generations import Generations
from patchbay.core.holdings import Holdings, held_key
from patchbay.core.idempotency import Once, write_once
from patchbay.core.jobs import Order
from patchbay.core.layout_videos import left_partition, put_video, swept_at, video_key
from patchbay.core.retention import FIRST_LOOK_BACK, LOOK_BACK
from patchbay.core.sweeps import found_in, sweep
from patchbay.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotReady,
    PatchbayError,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    UnusableAudio,
)
from patchbay.domain.generations import Generation
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.jobs import Job, JobFile, JobState, Output
from patchbay.domain.videos import MAX_NAME_CHARS, FilmInfo, Sync, Video
from patchbay.ports import AddWithin, Clock, Delete, FilmProber, ObjectInfo, Objects, Records, Write, WriteConflict

WORKFLOW = "video"
OUTPUT = "video"
_log = logging.getLogger(__name__)
MAX_BYTES = 2 * 1024**3
"""Of a video: as much as the store copies well within the time of one request."""
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Videos:
    """Videos, by what their owners may do with them."""

    records: Records
    objects: Objects
    generations: Generations
    prober: FilmProber
    clock: Clock
    limits: Limits

    def create(self, tenant_id: str, name: str, *, size_bytes: int | None = None, once: Once | None = None) -> Video:
        """A video whose bytes are still to come. Raises `InvalidInput`, `TooLarge`."""
        if once and once.made:
            return self.get(tenant_id, once.made)
        self._check_size(size_bytes or 0)
        now = self.clock.now()
        video = Video(id=new_id(), tenant_id=tenant_id, name=_tidy(name), created_at=now, updated_at=now)
        made = write_once(self.records, once, video.id, now, put_video(video))
        return video.model_copy(update={"version": 1}) if made == video.id else self.get(tenant_id, made)

    def put_url(self, video: Video, *, size_bytes: int | None = None) -> str:
        """Where its bytes are taken by PUT."""
        ttl_s = self.limits.upload_ttl_s
        return self.objects.presign_put(video.incoming_key, expires_s=ttl_s, size_bytes=size_bytes)

    def get(self, tenant_id: str, video_id: str) -> Video:
        """A video. Raises `NotFound`, for another tenant's too."""
        found = store.load(self.records, Video, video_key(tenant_id, video_id)) if is_id(video_id) else None
        if found is None or self._forgotten(found):
            raise _missing(video_id)
        return found

    def owned(self, tenant_id: str, *, limit: int, before: str | None = None) -> list[Video]:
        """Videos, newest first: `limit` of them, or those after the id `before`."""
        if not 0 < limit <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} videos", field="limit")
        partition = video_key(tenant_id, "")[0]
        kept: list[Video] = []
        while len(kept) < limit and (found := self.records.query(partition, limit=limit, before=before)):
            before = found[-1].sk
            videos = (layout.entity(Video, stored) for stored in found)
            kept += [video for video in videos if not self._forgotten(video)]
        return kept[:limit]

    def set_sync(self, tenant_id: str, video_id: str, sync: Sync, *, name: str | None = None) -> Video:
        """Say what goes under a video. Its bytes, where they have come, are looked at. Raises as `checked`."""
        with suppress(NotReady):  # the audio may be chosen while the video is still under way
            self.checked(tenant_id, video_id)
        changes = {"sync": sync, **({"name": _tidy(name)} if name is not None else {})}
        return self._changed(self.get(tenant_id, video_id), changes)

    def checked(self, tenant_id: str, video_id: str) -> Video:
        """A video whose bytes were taken and looked at, now or before.

        Raises `NotFound`, `NotReady` while nothing has come, `InvalidInput` for bytes that are no video that is taken,
        `TooLarge`, `QuotaExceeded`: then they are dropped, and others may be sent.
        """
        video = self.get(tenant_id, video_id)
        if video.info is not None:
            return video
        sent = self.objects.stat(video.incoming_key)
        if sent is None:
            raise NotReady(video.reason or "nothing was uploaded to the upload URL yet", field="video")
        key = video.taken_key(sent.etag)
        try:
            self._check_size(sent.size_bytes)
            settled = self._looked_at(video, key)
        except NotFound:  # deleted while its bytes were taken
            self.objects.delete(key)
            raise
        except (InvalidInput, TooLarge, QuotaExceeded) as error:
            if (other := self._refused(video, key, sent, error)) is None:
                raise
            settled = other
        for left in (video.incoming_key, *self._taken(video)):
            if left != settled.key:
                self.objects.delete(left)
        return settled

    def render(
        self, order: Order, video_id: str, audio: JobFile, *, once: Once | None = None
    ) -> tuple[Generation, Job]:
        """Render a video with the audio that was chosen; `order` says for whom. Raises as `checked`, `InvalidInput`.

        The job and the note of it in the video are written in one transaction.
        """
        if once and once.made:
            return self.generations.get(once.made, order.tenant_id)
        video = self.checked(order.tenant_id, video_id)
        sync = _chosen(video)
        asked = replace(
            order,
            workflow=WORKFLOW,
            name=video.name,
            params=sync.model_dump(exclude={"audio_id"}),
            files=[JobFile(name="video", key=video.key, sha256=""), audio.model_copy(update={"name": "audio"})],
        )

        def also(job: Job) -> Sequence[Write]:
            now = self.get(order.tenant_id, video_id)
            if _chosen(now) != sync:
                raise Conflict("the video was changed at the same moment; try again")
            noted = {"render_id": job.id, "rendered": sync, "updated_at": job.created_at}
            return [put_video(now.model_copy(update=noted))]

        return self.generations.order(asked, kind="video", once=once, also=also)

    def job(self, video: Video) -> tuple[Generation, Job] | None:
        """The rendering of a video that was ordered last, if it is still known."""
        if video.render_id is None:
            return None
        try:
            return self.generations.get(video.render_id, video.tenant_id)
        except NotFound:
            return None

    def result(self, video: Video) -> Output:
        """The rendered video. Raises `Conflict` if there is none, `NotReady` while it is being made."""
        found = self.job(video)
        if found is None:
            raise Conflict("the video was not rendered yet, or its rendering was deleted: render it")
        job = found[1]
        if not job.state.terminal:
            raise NotReady("the video is being rendered; try again when that is over", field=None)
        output = next((each for each in job.outputs if each.name == OUTPUT and each.key), None)
        if job.state is not JobState.SUCCEEDED or output is None:
            why = job.failure.message if job.failure else "it was cancelled"
            raise Conflict(f"the video could not be rendered: {why}")
        if self.objects.stat(output.key or "") is None:
            raise Conflict("the rendered video is kept no longer; render it again")
        return output

    def delete(self, tenant_id: str, video_id: str) -> None:
        """Forget a video with its bytes; a rendering under way is cancelled. Raises `NotFound`.

        The record goes last: should this process die on the way, it is still there to be deleted.
        """
        for _ in store.attempts():
            video = self.get(tenant_id, video_id)
            for key in (video.incoming_key, *self._taken(video)):
                self.objects.delete(key)
            gone = Delete(video_key(tenant_id, video_id), expected=video.version)
            try:
                self.records.write(gone, *_returned(video))
            except WriteConflict:
                continue
            if video.render_id:
                with suppress(NotFound, Conflict):
                    self.generations.jobs.cancel(tenant_id, video.render_id)
            return
        raise Unavailable("too many changes at once; try again")

    def sweep(self) -> dict[str, int]:
        """Remove all that is left of videos that are forgotten. Repeating it changes nothing."""
        now, done = self.clock.now(), {"videos_removed": 0, "videos_in_trouble": 0}

        def look(number: int) -> int:
            waiting = 0
            for stored in found_in(self.records, [left_partition(number)]):
                video = layout.entity(Video, stored)
                if video.info is not None or layout.kept_number(swept_at(video)) != number:
                    continue
                waiting += 1
                if swept_at(video) <= now:
                    done["videos_removed" if self._swept(video) else "videos_in_trouble"] += 1
            return waiting

        first, settled, last = (layout.kept_number(now - ago) for ago in (FIRST_LOOK_BACK, LOOK_BACK, timedelta(0)))
        sweep(self.records, "videos", first=first, last=last, settled=settled, look=look)
        return done

    def _swept(self, video: Video) -> bool:
        """Whether it could be removed. Nobody takes bytes for it any more: for all requests it is not there."""
        try:
            for key in (video.incoming_key, *self._taken(video)):
                self.objects.delete(key)
            with suppress(WriteConflict):  # another sweep, or the store itself, was faster
                self.records.write(Delete(video_key(video.tenant_id, video.id), expected=video.version))
        except Exception:  # noqa: BLE001 - logged, whatever it is
            _log.exception("video not removed; the next sweep tries again", extra={"video_id": video.id})
            return False
        return True

    def _taken(self, video: Video) -> list[str]:
        return self.objects.keys(video.taken_prefix)

    def _looked_at(self, video: Video, key: str) -> Video:
        """Take the upload to `key` and look at it there. Raises as `checked`; `NotFound` if the video is gone."""
        with suppress(NotFound):  # another request was faster, and has done with it
            self.objects.copy_new(video.incoming_key, key)
        there = self.objects.stat(key)
        if there is None and (now := self.get(video.tenant_id, video.id)).info is not None:
            return now  # another request was faster with other bytes, and dropped these
        if there is None:
            raise NotReady("the video is being taken; try again in a moment", field="video")
        self._check_size(there.size_bytes)

        def read(start: int, count: int) -> bytes:
            try:
                return self.objects.read_range(key, start, count)
            except NotFound:
                raise NotReady("the video is being taken; try again in a moment", field="video") from None

        try:
            info = self.prober.probe(read, there.size_bytes)
        except UnusableAudio as error:
            raise InvalidInput(f"the file cannot be used: {error}", field="video") from None
        return self._settle(video, key, info, there.size_bytes)

    def _settle(self, video: Video, key: str, info: FilmInfo, size_bytes: int) -> Video:
        """Note what a look found, and charge the account for the bytes, once. Raises `NotFound`, `QuotaExceeded`."""
        holdings = Holdings(self.records, self.limits.caps)
        for _ in store.attempts():
            now = self.get(video.tenant_id, video.id)
            if now.info is not None:
                if now.key != key:
                    self.objects.delete(key)
                return now
            if self.objects.stat(key) is None:  # refused by another request, which has said so before it dropped them
                raise NotReady(now.reason or "the video is gone; send it again", field="video")
            charge = holdings.take(video.tenant_id, files=1, size_bytes=size_bytes)
            found = {"key": key, "info": info, "size_bytes": size_bytes, "reason": None}
            counted = {"counted_bytes": size_bytes} if charge else {}
            settled = now.model_copy(update={**found, **counted, "updated_at": self.clock.now()})
            try:
                self.records.write(put_video(settled), *charge)
            except WriteConflict:
                continue
            return settled.model_copy(update={"version": now.version + 1})
        raise Unavailable("too many changes at once; try again")

    def _refused(self, video: Video, key: str, sent: ObjectInfo, error: PatchbayError) -> Video | None:
        """Note why bytes are not taken, then drop them; the video instead if another request has just taken them.

        The note comes first and is always written: whoever is about to take the same bytes has to look again. Where
        only the account has no room, they stay where they were sent to for another try.
        """

        def change(found: Video) -> Video:
            noted = {"reason": str(error), "updated_at": self.clock.now()}
            return found if found.info is not None else found.model_copy(update=noted)

        now = store.change(self.records, Video, video_key(video.tenant_id, video.id), change, put_video)
        taken = now if now is not None and now.info is not None else None
        if taken is None or taken.key != key:
            self.objects.delete(key)
        if taken is not None:
            return taken
        still = self.objects.stat(video.incoming_key)
        if not isinstance(error, QuotaExceeded) and still is not None and still.etag == sent.etag:
            self.objects.delete(video.incoming_key)
        return None

    def _changed(self, video: Video, changes: Mapping[str, Any]) -> Video:
        """A video with changes, written only where it changes. Raises `NotFound`."""
        now = self.clock.now()

        def change(found: Video) -> Video:
            new = found.model_copy(update=dict(changes))
            return found if new == found else new.model_copy(update={"updated_at": now})

        changed = store.change(self.records, Video, video_key(video.tenant_id, video.id), change, put_video)
        if changed is None:
            raise _missing(video.id)
        return changed

    def _forgotten(self, video: Video) -> bool:
        """Whether its bytes never came: the store drops such a record when it finds the time."""
        return video.info is None and video.created_at + layout.PENDING_KEPT <= self.clock.now()

    def _check_size(self, size_bytes: int) -> None:
        most = min(MAX_BYTES, self.limits.max_upload_bytes)
        if size_bytes > most:
            raise TooLarge(f"{size_bytes} bytes; a video has {most} at most")


def _chosen(video: Video) -> Sync:
    if video.sync is None:
        raise InvalidInput("say first which audio goes under the video", field="audio_id")
    return video.sync


def _returned(video: Video) -> tuple[AddWithin, ...]:
    """What to write together with the end of a video."""
    if video.counted_bytes is None:
        return ()
    return (AddWithin(held_key(video.tenant_id), {"files": -1, "bytes": -video.counted_bytes}),)


def _tidy(name: str) -> str:
    """A name without space around it. Raises `InvalidInput`."""
    tidy = name.strip()
    if not 0 < len(tidy) <= MAX_NAME_CHARS:
        raise InvalidInput(f"a name has 1 to {MAX_NAME_CHARS} characters", field="name")
    return tidy


def _missing(video_id: str) -> NotFound:
    return NotFound(f"there is no video {video_id}")
