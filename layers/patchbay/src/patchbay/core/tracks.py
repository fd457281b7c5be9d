"""Tracks: make one, compose it again and again, and take its stems."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from patchbay.catalog import workflows
from patchbay.catalog.composition import MAX_SEED
from patchbay.core import layout, store
from patchbay.core.idempotency import Once, write_once
from patchbay.core.jobs import Jobs, Order
from patchbay.domain import tracks as life
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.tracks import Composition, Track
from patchbay.ports import Records, WriteConflict

WORKFLOW = "compose"
MAX_COMPOSITIONS = 200
MAX_PAGE = 1000
MAX_BODY_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a dialect asks for, in the core's terms."""

    tenant_id: str
    application_id: str
    dialect: str
    params: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the workflow `compose`."""
    title: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tracks:
    """A tenant's tracks."""

    records: Records
    jobs: Jobs

    def create(self, wish: Wish, once: Once | None = None) -> Track:
        """Make a track; nothing is composed yet. Raises `InvalidInput` that names the field: `params.x`."""
        if once and once.made:
            return self.get(wish.tenant_id, once.made)
        track = self._new(wish)
        made = write_once(self.records, once, track.id, track.created_at, layout.put_track(track))
        return track.model_copy(update={"version": 1}) if made == track.id else self.get(wish.tenant_id, made)

    def create_and_compose(self, wish: Wish, once: Once | None = None) -> Job:
        """Make a track and its first composition, both or none. Raises `InvalidInput`."""
        if once and once.made:
            return self.jobs.get(wish.tenant_id, once.made)
        track = self._new(wish)
        job = self.jobs.job_of(_order(track, wish, 1), None)
        track = life.add(track, job.id)
        writes = [layout.put_track(track), *self.jobs.writes_of(None, job)]
        made = write_once(self.records, once, job.id, job.created_at, *writes)
        if made != job.id:
            return self.jobs.get(wish.tenant_id, made)
        self.jobs.begin(job)
        return job.model_copy(update={"version": 1})

    def compose(self, track_id: str, wish: Wish, once: Once | None = None) -> Job:
        """Compose a track once more, with `wish.params` in place of its own of the same names.

        Raises `NotFound`, `InvalidInput`, `Conflict` for a track that was composed too often.
        """

        def ordered(track: Track) -> Order:
            if track.composed >= MAX_COMPOSITIONS:
                raise Conflict(f"a track can be composed {MAX_COMPOSITIONS} times; make another")
            return _order(track, wish, track.composed + 1)

        return self._change(track_id, wish.tenant_id, ordered, life.add, once)

    def take_stems(self, track_id: str, number: int | None, wish: Wish, once: Once | None = None) -> Job:
        """The job that makes the stems of a composition, `wish.params` telling which; it is ordered once.

        Raises `NotFound`, `InvalidInput`.
        """
        track = self.get(wish.tenant_id, track_id)
        wanted = number if number is not None else track.composed
        if (ordered_before := self._stems(track, track.composition(number))) is not None:
            return ordered_before

        def ordered(found: Track) -> Order:
            source = self.jobs.get(found.tenant_id, found.composition(wanted).job_id)
            request = {**wish.request, **_place(found, wanted)}
            own = replace(wish, params={**source.params, **wish.params}, title=found.title, request=request)
            return _as_order(own)

        return self._change(
            track_id, wish.tenant_id, ordered, lambda t, job_id: life.with_stems(t, wanted, job_id), once
        )

    def get(self, tenant_id: str, track_id: str) -> Track:
        """A track. Raises `NotFound`, for another tenant's too."""
        key = layout.track_key(tenant_id, track_id)
        track = store.load(self.records, Track, key) if is_id(track_id) else None
        if track is None:
            raise NotFound(f"there is no track {track_id}")
        return track

    def list(self, tenant_id: str, *, limit: int, before: str | None = None) -> list[Track]:
        """Tracks, newest first: `limit` of them, or those after the track id `before`."""
        if not 0 < limit <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} tracks", field="limit")
        partition = layout.track_key(tenant_id, "")[0]
        return [layout.entity(Track, found) for found in self.records.query(partition, limit=limit, before=before)]

    def _new(self, wish: Wish) -> Track:
        """A track, not stored yet, its parameters checked."""
        try:
            workflows.get(WORKFLOW).parse(wish.params)
        except InvalidInput as error:
            raise InvalidInput(str(error), field=f"params.{error.field}" if error.field else "params") from None
        track = Track(
            id=new_id(),
            tenant_id=wish.tenant_id,
            application_id=wish.application_id,
            title=wish.title,
            params=dict(wish.params),
            request=dict(wish.request),
            created_at=self.jobs.clock.now(),
        )
        if layout.body_bytes(track) > MAX_BODY_BYTES:
            raise InvalidInput(f"the track is described in more than {MAX_BODY_BYTES} bytes", field="title")
        return track

    def _stems(self, track: Track, composition: Composition) -> Job | None:
        """The job that makes or made a composition's stems, unless it came to nothing."""
        if composition.stems_job_id is None:
            return None
        try:
            job = self.jobs.get(track.tenant_id, composition.stems_job_id)
        except NotFound:
            return None
        return None if job.state in {JobState.FAILED, JobState.CANCELLED} else job

    def _change(
        self,
        track_id: str,
        tenant_id: str,
        ordered: Callable[[Track], Order],
        changed: Callable[[Track, str], Track],
        once: Once | None,
    ) -> Job:
        """Order a job and note it in its track, in one transaction; again if somebody else changed the track."""
        for _ in store.attempts():
            if once and once.made:
                return self.jobs.get(tenant_id, once.made)
            track = self.get(tenant_id, track_id)
            job = self.jobs.job_of(ordered(track), None)
            claims = once.claims(job.id, job.created_at) if once else ()
            try:
                put = layout.put_track(changed(track, job.id))
                self.records.write(put, *self.jobs.writes_of(None, job), *claims)
            except WriteConflict:
                once = once.refreshed(self.records) if once else None
                continue
            self.jobs.begin(job)
            return job.model_copy(update={"version": 1})
        raise Unavailable("too many changes at once; try again")


def _order(track: Track, wish: Wish, number: int) -> Order:
    """The order of composition `number`: each has a seed of its own, so that each is another piece."""
    seed = zlib.crc32(f"{track.id}/{number}".encode()) & MAX_SEED
    params = {"seed": seed, **track.params, **wish.params}
    return _as_order(replace(wish, params=params, title=track.title, request={**wish.request, **_place(track, number)}))


def _place(track: Track, number: int) -> dict[str, Any]:
    return {"track_id": track.id, "version": number}


def _as_order(wish: Wish) -> Order:
    return Order(
        tenant_id=wish.tenant_id,
        application_id=wish.application_id,
        dialect=wish.dialect,
        workflow=WORKFLOW,
        params=wish.params,
        name=wish.title,
        request=wish.request,
    )
