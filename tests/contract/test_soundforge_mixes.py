"""Mixes of stems that an earlier job left: no file is sent, and who does not want to wait is given a job."""

import asyncio
from typing import Any

import pytest

from functions.dialects.soundforge.routes import mixing, stems
from functions.http import observe
from patchbay.core import layout
from patchbay.core.jobs import Jobs
from patchbay.domain import jobs as life
from patchbay.domain.base import utc_now
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.mixes import MIXED, assets_of, carry_out, form


def by_job(api: Api, prefer: str = "", manifest: object = None, **texts: str) -> Answer:
    """A form without files."""
    body, kind = form({}, manifest, **texts)
    headers = {"content-type": kind, **({"prefer": prefer} if prefer else {})}
    return api.call("POST", "/api/daw/export", headers=headers, body=body)


def of_track(world: World, tenant: Tenant) -> Job:
    (job,) = world.services.jobs.list(tenant.id, limit=1)
    return job


@pytest.mark.parametrize("named", ["job_id", "track_id"])
def test_stems_that_a_job_left_need_not_be_sent(
    world: World, ada: Tenant, soundforge: Api, separated: str, worker: list[Any], named: str
) -> None:
    before = assets_of(world, ada)
    told = {"job_id": of_track(world, ada).id, "track_id": separated}
    answer = by_job(soundforge, **{named: told[named]}, manifest={"volumes": {"bass": 0}, "pans": {"drums": -1}})
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "audio/wav", MIXED)
    (session,) = worker
    tracks = {track["name"]: (track["volume"], track["pan"]) for track in session["tracks"]}
    assert tracks == {"vocals": (1, 0), "drums": (1, -1), "bass": (0, 0), "other": (1, 0)}
    assert assets_of(world, ada) == before, "the track's own audio stays"
    mix = of_track(world, ada)
    assert (mix.workflow, mix.name, mix.metadata["track_id"]) == ("render", "Me - Déjà vu? (mix)", separated)


def test_a_page_elsewhere_may_ask_not_to_wait(soundforge: Api) -> None:
    asked = {"origin": "https://daw.example", "access-control-request-method": "POST"}
    told = soundforge.with_key(None).call("OPTIONS", "/api/daw/export", headers=asked).headers
    assert "prefer" in told["access-control-allow-headers"].split(", ")
    assert "location" in soundforge.get("/health").headers["access-control-expose-headers"].split(", ")


def test_who_does_not_wait_is_given_a_job(
    world: World, ada: Tenant, bob: Tenant, soundforge: Api, separated: str
) -> None:
    job_id = of_track(world, ada).id
    answer = by_job(soundforge, "wait=1, Respond-Async;q=1", job_id=job_id)
    told = answer.json()["data"]
    assert answer.status == 202
    assert told == {
        "job_id": of_track(world, ada).id, "track_id": separated,
        "status": "queued", "progress": 0, "url": None, "error": None,
    }  # fmt: skip
    place = answer.headers["location"]
    assert place == f"/api/daw/export/{told['job_id']}"
    assert soundforge.get(place).json()["data"] == told
    carry_out(world, ada)
    over = soundforge.get(place).json()["data"]
    assert (over["status"], over["progress"], "mix.wav" in over["url"]) == ("completed", 100, True)
    assert soundforge.with_key(f"Bearer {bob.secret}").get(place).status == 404
    assert soundforge.get(f"/api/daw/export/{job_id}").status == 404, "a separation is no mix"


def test_a_mix_of_a_job_that_takes_too_long_is_told_by_its_job(
    world: World, ada: Tenant, soundforge: Api, separated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(seconds: float) -> None:
        return

    monkeypatch.setattr(asyncio, "sleep", nothing)
    monkeypatch.setattr(mixing, "LONGEST_S", 2.0)
    answer = by_job(soundforge, track_id=separated)
    assert (answer.status, answer.json()["data"]["job_id"]) == (202, of_track(world, ada).id)


@pytest.mark.parametrize(("size_bytes", "status"), [(4_400_000, 200), (4_400_001, 303), (None, 303)])
def test_a_lambda_answers_with_the_mix_where_it_fits(
    world: World,
    ada: Tenant,
    soundforge: Api,
    separated: str,
    monkeypatch: pytest.MonkeyPatch,
    size_bytes: int | None,
    status: int,
) -> None:
    async def work(seconds: float) -> None:
        key = f"results/{ada.id}/mix.wav"
        world.objects.put(key, MIXED, "audio/wav")
        output = Output(name="mix.wav", key=key, media_type="audio/wav", size_bytes=size_bytes)
        change = {"state": JobState.SUCCEEDED, "outputs": (output,)}
        monkeypatch.setattr(Jobs, "get", lambda *_: mix.model_copy(update=change))

    mix = world.order(ada)
    monkeypatch.setattr(asyncio, "sleep", work)
    monkeypatch.setattr(observe, "in_lambda", lambda: True)
    answer = by_job(soundforge, track_id=separated)
    assert answer.status == status
    if status == 303:
        assert answer.headers["location"] == answer.json()["data"]["url"]
        assert "mix.wav" in answer.headers["location"]


@pytest.mark.parametrize(
    ("texts", "status", "words"),
    [
        ({}, 422, "bring stems"),
        ({"job_id": "0198c0de-0000-7000-8000-000000000000"}, 404, "there is no job"),
        ({"job_id": "../x"}, 404, "there is no job"),
        ({"track_id": "0198c0de-0000-7000-8000-000000000000"}, 404, "there is no track"),
        ({"track_id": "x" * 60_000}, 404, "there is no track"),
        ({"track_id": "TRACK", "flute": "1"}, 422, "there is no stem 'flute'"),
        ({"job_id": "JOB", "bass": "2"}, 422, "less than or equal to 1"),
        ({"job_id": "ANALYSIS"}, 422, "made no stems"),
        ({"job_id": "OPEN"}, 409, "is not over yet"),
        ({"job_id": "FAILED"}, 409, "has no stems"),
    ],
)
def test_stems_that_are_not_there_are_told_of(
    world: World, ada: Tenant, soundforge: Api, separated: str, texts: dict[str, str], status: int, words: str
) -> None:
    failed = world.order(ada)
    world.services.pipeline.fail(ada.id, failed.id, Failure(kind=FailureKind.BAD_INPUT, message="it is broken"))
    ids = {"TRACK": separated, "JOB": world.services.jobs.list(ada.id, limit=2)[1].id, "FAILED": failed.id}
    ids |= {"OPEN": world.order(ada).id, "ANALYSIS": without_audio(world, ada).id}
    jobs = len(world.services.jobs.list(ada.id, limit=20))
    volumes = {name: float(texts[name]) for name in ("flute", "bass") if name in texts}
    named = {name: ids.get(value, value) for name, value in texts.items() if name not in volumes}
    answer = by_job(soundforge, manifest={"volumes": volumes}, **named)
    assert (answer.status, words in answer.text) == (status, True), answer.text
    assert len(world.services.jobs.list(ada.id, limit=20)) == jobs


def without_audio(world: World, tenant: Tenant) -> Job:
    """A job whose only result is a value."""
    now = utc_now()
    job = life.succeed(life.start(world.order(tenant), now), [Output(name="bpm", value=120)], now)
    world.records.write(layout.put_job(job))
    return job


def test_stems_of_another_or_forgotten_are_not_mixed(
    world: World, ada: Tenant, bob: Tenant, soundforge: Api, separated: str
) -> None:
    job = of_track(world, ada)
    other = soundforge.with_key(f"Bearer {bob.secret}")
    assert by_job(other, job_id=job.id).status == 404
    assert by_job(other, track_id=separated).status == 404
    world.objects.delete(job.outputs[2].key or "")
    answer = by_job(soundforge, job_id=job.id)
    assert (answer.status, "have them made again" in answer.text) == (404, True)


def test_files_and_a_job_do_not_go_together(world: World, ada: Tenant, soundforge: Api, separated: str) -> None:
    before = assets_of(world, ada)
    body, kind = form({"vocals": GOOD}, job_id=of_track(world, ada).id)
    answer = soundforge.call("POST", "/api/daw/export", headers={"content-type": kind}, body=body)
    assert (answer.status, list(answer.json()["details"])) == (422, ["job_id"])
    assert assets_of(world, ada) == before


def test_of_a_composition_its_stems_are_mixed_the_best_of_each(world: World, ada: Tenant) -> None:
    outputs = [("track.wav", "audio/wav"), ("stem-bass.mp3", "audio/mpeg"), ("stem-bass.wav", "audio/wav")]
    outputs += [("stem-melody.mp3", "audio/mpeg"), ("pianoroll.png", "image/png")]
    made = [Output(name=name, key=name, media_type=kind) for name, kind in outputs]
    job = world.order(ada).model_copy(update={"state": JobState.SUCCEEDED, "outputs": tuple(made)})
    assert {name: one.key for name, one in stems._stems(job).items()} == {
        "bass": "stem-bass.wav",
        "melody": "stem-melody.mp3",
    }
