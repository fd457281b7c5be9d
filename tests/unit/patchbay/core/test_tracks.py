"""Tracks: made once, composed again and again, each change and its job in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from patchbay.core import tracks as module
from patchbay.core.idempotency import IdempotencyMismatch
from patchbay.core.tracks import MAX_BODY_BYTES, MAX_PAGE, Wish
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from patchbay.domain.jobs import Failure, FailureKind
from patchbay.domain.tracks import Track
from tests.fakes.world import Tenant, World

STEMS: dict[str, Any] = {"section_stems": True}
NO_ID = "0198c0de-0000-7000-8000-000000000000"


def wish(tenant: Tenant, title: str = "Evening", request: dict[str, Any] | None = None, **params: Any) -> Wish:
    return Wish(tenant.id, tenant.caller.application_id, "beatoven", params, title, request or {})


def first(what: Callable[[], object]) -> Callable[[object], None]:
    """A rival that does `what` before a write."""

    def rival(_: object) -> None:
        what()

    return rival


def make(world: World, tenant: Tenant, **params: Any) -> Track:
    return world.services.tracks.create(wish(tenant, **params))


def _append(made: list[Any], how: Callable[..., Any], *given: object) -> None:
    made.append(how(*given))


def test_a_new_track_has_nothing_composed(world: World, ada: Tenant) -> None:
    made = make(world, ada, genre="pop")
    found = world.services.tracks.get(ada.id, made.id)
    assert found == made
    assert (found.title, found.params, found.composed, found.version) == ("Evening", {"genre": "pop"}, 0, 1)
    assert world.executions.started == []
    with pytest.raises(NotFound, match="none yet"):
        found.composition()


def test_wishes_are_checked_before_anything_is_stored(world: World, ada: Tenant) -> None:
    for how in (world.services.tracks.create, world.services.tracks.create_and_compose):
        with pytest.raises(InvalidInput) as told:
            how(wish(ada, genre="polka"))
        assert told.value.field == "params.genre"
        with pytest.raises(InvalidInput) as told:
            how(wish(ada, request={"x": "y" * MAX_BODY_BYTES}))
        assert told.value.field == "title"
    assert world.services.tracks.list(ada.id, limit=10) == []
    assert world.services.jobs.list(ada.id, limit=10) == []


def test_each_composition_counts_and_has_a_seed_of_its_own(world: World, ada: Tenant) -> None:
    track = make(world, ada, genre="pop")
    jobs = [world.services.tracks.compose(track.id, wish(ada, tempo="fast")) for _ in range(3)]
    found = world.services.tracks.get(ada.id, track.id)
    assert found.composed == 3
    assert [found.composition(n).job_id for n in (1, 2, 3)] == [job.id for job in jobs]
    assert found.composition() == found.composition(3)
    assert len({job.params["seed"] for job in jobs}) == 3
    assert {(job.params["genre"], job.params["tempo"]) for job in jobs} == {("pop", "fast")}
    assert [job.request for job in jobs] == [{"track_id": track.id, "version": n} for n in (1, 2, 3)]
    assert [started[1] for started in world.executions.started] == [job.id for job in jobs]
    assert found.params == {"genre": "pop"}, "the track's own wishes stay"


def test_a_seed_that_is_asked_for_is_kept(world: World, ada: Tenant) -> None:
    track = make(world, ada, seed=7)
    assert world.services.tracks.compose(track.id, wish(ada)).params["seed"] == 7
    assert "seed" not in world.services.tracks.compose(track.id, wish(ada, seed=0)).params, "0 is the default"


@pytest.mark.parametrize("number", [-1, 0])
def test_compositions_are_counted_from_1(world: World, ada: Tenant, number: int) -> None:
    track = make(world, ada)
    world.services.tracks.compose(track.id, wish(ada))
    with pytest.raises(InvalidInput):
        world.services.tracks.get(ada.id, track.id).composition(number)


def test_a_rival_composition_makes_neither_lose(world: World, ada: Tenant) -> None:
    tracks = world.services.tracks
    track = make(world, ada)
    world.records.before_write = first(lambda: tracks.compose(track.id, wish(ada)))
    late = tracks.compose(track.id, wish(ada))
    found = tracks.get(ada.id, track.id)
    assert found.composed == 2
    assert found.composition(2).job_id == late.id
    assert {job.id for job in world.services.jobs.list(ada.id, limit=10)} == {c.job_id for c in found.compositions}


def test_a_track_that_never_rests_is_given_up(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    track = make(world, ada)
    stale = track.model_copy(update={"version": 99})
    monkeypatch.setattr(module.Tracks, "get", lambda *_: stale)
    with pytest.raises(Unavailable):
        world.services.tracks.compose(track.id, wish(ada))
    assert world.services.jobs.list(ada.id, limit=10) == []


def test_a_request_with_a_key_is_done_once(world: World, ada: Tenant) -> None:
    tracks, idempotency = world.services.tracks, world.services.idempotency

    def once(key: str) -> Any:
        return idempotency.begin(ada.id, key, "f")[0]

    made = tracks.create(wish(ada), once("create"))
    assert tracks.create(wish(ada), once("create")).id == made.id
    job = tracks.compose(made.id, wish(ada), once("compose"))
    assert tracks.compose(made.id, wish(ada), once("compose")).id == job.id
    stems = tracks.take_stems(made.id, None, wish(ada, **STEMS), once("stems"))
    assert tracks.take_stems(made.id, None, wish(ada, **STEMS), once("stems")).id == stems.id
    both = tracks.create_and_compose(wish(ada), once("both"))
    assert tracks.create_and_compose(wish(ada), once("both")).id == both.id
    assert len(tracks.list(ada.id, limit=10)) == 2
    assert len(world.services.jobs.list(ada.id, limit=10)) == 3


def test_two_arrivals_of_a_key_at_once_make_one(world: World, ada: Tenant) -> None:
    tracks, idempotency = world.services.tracks, world.services.idempotency
    track = make(world, ada)
    once, _ = idempotency.begin(ada.id, "k", "f")
    made = []
    world.records.before_write = first(lambda: made.append(tracks.compose(track.id, wish(ada), once)))
    assert tracks.compose(track.id, wish(ada), once).id == made[0].id
    assert tracks.get(ada.id, track.id).composed == 1
    other, _ = idempotency.begin(ada.id, "l", "f")
    world.records.before_write = first(lambda: tracks.compose(track.id, wish(ada), replace(other, fingerprint="g")))
    with pytest.raises(IdempotencyMismatch):
        tracks.compose(track.id, wish(ada), other)
    for how in (tracks.create, tracks.create_and_compose):
        third, _ = idempotency.begin(ada.id, how.__name__, "f")
        rival: list[Any] = []
        world.records.before_write = first(partial(_append, rival, how, wish(ada), third))
        assert how(wish(ada), third).id == rival[0].id


def test_a_rival_with_another_key_is_no_reason_to_stop(world: World, ada: Tenant) -> None:
    tracks, idempotency = world.services.tracks, world.services.idempotency
    track = make(world, ada)
    mine, theirs = (idempotency.begin(ada.id, key, "f")[0] for key in "mt")
    world.records.before_write = first(lambda: tracks.compose(track.id, wish(ada), theirs))
    tracks.compose(track.id, wish(ada), mine)
    assert tracks.get(ada.id, track.id).composed == 2


def test_stems_are_ordered_once_for_each_composition(world: World, ada: Tenant) -> None:
    tracks = world.services.tracks
    track = make(world, ada, genre="indian")
    composed = [tracks.compose(track.id, wish(ada, tempo=tempo)) for tempo in ("slow", "fast")]
    first = tracks.take_stems(track.id, 1, wish(ada, **STEMS))
    latest = tracks.take_stems(track.id, None, wish(ada, **STEMS))
    assert first.params == {**composed[0].params, **STEMS}
    assert latest.params == {**composed[1].params, **STEMS}
    assert tracks.take_stems(track.id, 1, wish(ada, **STEMS)).id == first.id
    assert tracks.get(ada.id, track.id).composition(2).stems_job_id == latest.id
    failure = Failure(kind=FailureKind.INTERNAL, message="x")
    world.services.pipeline.fail(ada.id, first.id, failure)
    again = tracks.take_stems(track.id, 1, wish(ada, **STEMS))
    assert again.id != first.id
    world.services.jobs.delete(ada.id, again.id)
    assert tracks.take_stems(track.id, 1, wish(ada, **STEMS)).id not in {first.id, again.id}


def test_a_track_and_its_first_composition_are_made_together(world: World, ada: Tenant) -> None:
    tracks = world.services.tracks
    job = tracks.create_and_compose(wish(ada, request={"prompt": "p"}, genre="rnb"))
    (track,) = tracks.list(ada.id, limit=10)
    assert [c.job_id for c in track.compositions] == [job.id]
    assert job.request == {"prompt": "p", "track_id": track.id, "version": 1}
    assert job.version == world.services.jobs.get(ada.id, job.id).version


def test_tenants_see_their_own(world: World, ada: Tenant, bob: Tenant) -> None:
    tracks = world.services.tracks
    track = make(world, ada)
    tracks.compose(track.id, wish(ada))
    for track_id in (track.id, NO_ID, "x"):
        with pytest.raises(NotFound):
            tracks.get(bob.id, track_id)
        with pytest.raises(NotFound):
            tracks.compose(track_id, wish(bob))
        with pytest.raises(NotFound):
            tracks.take_stems(track_id, None, wish(bob, **STEMS))
    assert tracks.list(bob.id, limit=10) == []


def test_lists_are_newest_first_and_in_pages(world: World, ada: Tenant) -> None:
    made = [make(world, ada).id for _ in range(4)][::-1]
    page = world.services.tracks.list(ada.id, limit=3)
    assert [track.id for track in page] == made[:3]
    assert [track.id for track in world.services.tracks.list(ada.id, limit=3, before=page[-1].id)] == made[3:]
    for limit in (0, MAX_PAGE + 1):
        with pytest.raises(InvalidInput):
            world.services.tracks.list(ada.id, limit=limit)


def test_there_is_an_end_to_composing(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COMPOSITIONS", 2)
    track = make(world, ada)
    for _ in range(2):
        world.services.tracks.compose(track.id, wish(ada))
    with pytest.raises(Conflict, match="make another"):
        world.services.tracks.compose(track.id, wish(ada))
