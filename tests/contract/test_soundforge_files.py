"""SoundForge's mixer, and stems in one archive."""

import asyncio
import io
import zipfile
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from functions.dialects.soundforge.routes import mixing
from patchbay.core.assets import Assets
from patchbay.core.jobs import Jobs
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState
from patchbay.domain.songs import Facts
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.mixes import MIXED, assets_of, form


def export(api: Api, files: dict[str, bytes], manifest: object = None, **headers: str) -> Answer:
    body, kind = form(files, manifest, track_id="0198c0de-0000-7000-8000-000000000000")
    return api.call("POST", "/api/daw/export", headers={"content-type": kind, **headers}, body=body)


def test_stems_and_a_manifest_become_a_wav(world: World, ada: Tenant, soundforge: Api, worker: list[Any]) -> None:
    manifest = {"volumes": {"vocals": 0.5}, "edits": [{"stem": "bass", "type": "cut", "start": 1, "end": 2}]}
    answer = export(soundforge, {"vocals": GOOD + b"1", "bass": GOOD + b"2"}, manifest)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "audio/wav", MIXED)
    (session,) = worker
    assert [(t["name"], t["volume"], len(t["clips"])) for t in session["tracks"]] == [
        ("vocals", 0.5, 1),
        ("bass", 1.0, 2),
    ]
    assert assets_of(world, ada) == [], "what was brought for the mix alone is forgotten"


def test_a_mix_is_answered_with_though_its_stems_cannot_be_removed(
    soundforge: Api, worker: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the object store is busy; try again")

    monkeypatch.setattr(Assets, "delete", away)
    answer = export(soundforge, {"vocals": GOOD})
    assert (answer.status, answer.body) == (200, MIXED)


def test_without_a_manifest_all_is_mixed_as_it_is(soundforge: Api, worker: list[Any]) -> None:
    assert export(soundforge, {"vocals": GOOD}).body == MIXED
    (session,) = worker
    assert session["tracks"][0]["clips"][0]["cut_end_s"] is None


@pytest.mark.parametrize(
    ("files", "manifest", "field"),
    [
        ({"vocals": GOOD}, {"volumes": {"drums": 1}}, "manifest.volumes"),
        ({"vocals": GOOD}, {"volumes": {"vocals": 9}}, "manifest.volumes.vocals"),
        ({"vocals": b"no audio"}, None, "stems[]"),
        ({"arrangement": GOOD}, None, "stems[]"),
        ({"v" * 101: GOOD}, None, "stems[]"),
        ({f"s{n}": GOOD for n in range(17)}, None, "stems[]"),
    ],
)
def test_a_wrong_form_leaves_nothing(
    world: World, ada: Tenant, soundforge: Api, files: dict[str, bytes], manifest: object, field: str
) -> None:
    answer = export(soundforge, files, manifest)
    assert (answer.status, list(answer.json().get("details", {}))) == (422, [field]), answer.text
    assert assets_of(world, ada) == []
    assert world.services.jobs.list(ada.id, limit=5) == []


def test_a_mix_that_fails_says_why_and_leaves_nothing(
    world: World, ada: Tenant, soundforge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(seconds: float) -> None:
        (job,) = world.services.jobs.list(ada.id, limit=5)
        world.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.BAD_INPUT, message="clip 'x' is broken"))

    monkeypatch.setattr(asyncio, "sleep", fail)
    answer = export(soundforge, {"vocals": GOOD})
    assert answer.status == 422
    assert "is broken" in answer.text
    assert assets_of(world, ada) == []


def test_a_mix_that_takes_too_long_goes_on(
    world: World, ada: Tenant, soundforge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(seconds: float) -> None:
        return

    monkeypatch.setattr(asyncio, "sleep", nothing)
    monkeypatch.setattr(mixing, "LONGEST_S", 2.0)
    answer = export(soundforge, {"vocals": GOOD})
    (job,) = world.services.jobs.list(ada.id, limit=5)
    assert answer.status == 503
    assert job.id in answer.json()["error"]
    assert job.state is JobState.QUEUED
    assert len(assets_of(world, ada)) == 1, "the job still wants it"


def test_a_store_that_is_away_for_a_moment_does_not_end_the_wait(
    world: World, ada: Tenant, soundforge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, get = 0, Jobs.get

    async def nothing(seconds: float) -> None:
        return

    def away(jobs: Jobs, tenant_id: str, job_id: str) -> Job:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise Unavailable("the table is busy")
        world.services.pipeline.fail(tenant_id, job_id, Failure(kind=FailureKind.BAD_INPUT, message="it is broken"))
        return get(jobs, tenant_id, job_id)

    monkeypatch.setattr(asyncio, "sleep", nothing)
    monkeypatch.setattr(Jobs, "get", away)
    answer = export(soundforge, {"vocals": GOOD})
    assert (answer.status, "is broken" in answer.text) == (422, True), answer.text


def test_nobody_is_waited_for(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.order(ada)
    monkeypatch.setattr(mixing, "POLL_S", 0.001)

    async def goes() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Unavailable, match=job.id):
        asyncio.run(mixing._over(Request({"type": "http"}, goes), job))
    assert world.services.jobs.get(ada.id, job.id).state is JobState.QUEUED


def test_a_browser_needs_its_pages_token(soundforge: Api, world: World) -> None:
    user = world.services.people.register("eve@example.org", "correct horse battery", "Eve")
    cookie = f"__Host-patchbay={world.services.browsers.begin(user.id)}"
    answer = export(soundforge.with_key(None), {"vocals": GOOD}, cookie=cookie)
    assert (answer.status, answer.json()["code"]) == (403, "FORBIDDEN")


def test_all_stems_in_one_archive(soundforge: Api, separated: str) -> None:
    answer = soundforge.get(f"/export/stems/{separated}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    names = "filename=\"Me - D_j_ vu_.zip\"; filename*=UTF-8''Me%20-%20D%C3%A9j%C3%A0%20vu_.zip"
    assert answer.headers["content-disposition"] == f"attachment; {names}"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
        assert sorted(found.namelist()) == ["bass.wav", "drums.wav", "other.wav", "vocals.wav"]
        assert found.read("bass.wav") == GOOD


def test_nothing_is_read_for_the_head_of_an_archive(
    world: World, soundforge: Api, separated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = soundforge.get(f"/export/stems/{separated}")
    monkeypatch.setattr(world.objects, "read", None)
    head = soundforge.call("HEAD", f"/export/stems/{separated}")
    assert (head.status, head.body, head.headers.keys()) == (200, b"", got.headers.keys())
    assert head.headers["content-disposition"] == got.headers["content-disposition"]


def test_stems_that_are_gone_are_told_before_the_archive_begins(
    world: World, ada: Tenant, soundforge: Api, separated: str
) -> None:
    (job,) = world.services.jobs.list(ada.id, limit=1)
    world.objects.delete(job.outputs[0].key or "")
    answer = soundforge.get(f"/export/stems/{separated}")
    assert (answer.status, "separate it again" in answer.text) == (404, True)


def test_a_track_without_stems_has_no_archive(
    world: World, ada: Tenant, bob: Tenant, soundforge: Api, separated: str
) -> None:
    other = world.services.songs.add(ada.id, Facts(title="Other"), asset_id=world.upload(ada).id)
    missing = soundforge.get(f"/export/stems/{other.id}")
    assert (missing.status, "has no separation yet" in missing.json()["error"]) == (404, True)
    assert soundforge.with_key(f"Bearer {bob.secret}").get(f"/export/stems/{separated}").status == 404


def test_all_stems_are_stored_or_none(
    world: World, ada: Tenant, soundforge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, calls = world.objects.store, []

    def fails_later(key: str, data: bytes, *, media_type: str) -> None:
        calls.append(key)
        if len(calls) == 2:
            raise Unavailable("no answer")
        store(key, data, media_type=media_type)

    monkeypatch.setattr(world.objects, "store", fails_later)
    assert export(soundforge, {"vocals": GOOD, "bass": GOOD}).status == 503
    assert assets_of(world, ada) == []
    assert world.objects.stat(calls[0]) is None


def test_stems_have_an_end_from_the_moment_they_are_stored(
    world: World, ada: Tenant, soundforge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(mixing, "_order", dies)
    monkeypatch.setattr(mixing, "_forget", lambda stems: None)
    assert export(soundforge, {"vocals": GOOD}).status == 500
    (left,) = (world.services.assets.get(ada.id, asset_id) for asset_id in assets_of(world, ada))
    assert left.keep_until is not None


@pytest.mark.usefixtures("worker")
def test_a_mix_is_named_by_its_track(soundforge: Api) -> None:
    body, kind = form({"vocals": GOOD}, track_id='Łódź "9"')
    answer = soundforge.call("POST", "/api/daw/export", headers={"content-type": kind}, body=body)
    names = "filename=\"__d_ _9_.wav\"; filename*=UTF-8''%C5%81%C3%B3d%C5%BA%20_9_.wav"
    assert (answer.status, answer.headers["content-disposition"]) == (200, f"attachment; {names}")
    answer = export(soundforge, {"vocals": GOOD})
    assert answer.headers["content-disposition"] == 'attachment; filename="0198c0de-0000-7000-8000-000000000000.wav"'
