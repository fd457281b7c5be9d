"""The two forms of Beatoven's v1: that of the vendor's Python client, and the current one."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from functions.dialects.beatoven import schemas
from patchbay.domain.jobs import Failure, FailureKind
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.beatoven import FORM, carry_out, got, posted, report

PROMPT = "30 seconds peaceful lo-fi chill hop track"
TITLE = ["test track", 30000, "cinematic", "medium", "happy"]
"""What the vendor's own test sends as a title: a tuple, which JSON makes an array of."""


@pytest.fixture
def bearer(beatoven: Api, ada: Tenant) -> Api:
    return beatoven.with_key(f"Bearer {ada.secret}")


class TypedMeta(BaseModel):
    """What a task is about, as typed clients have it: all of it, or none."""

    project_id: str
    track_id: str
    prompt: schemas.PromptText
    version: int
    track_url: str
    stems_url: dict[str, str]


class TypedTask(BaseModel):
    """A task, as typed clients have it."""

    status: Literal["composing", "running", "composed", "failed"]
    meta: TypedMeta | None = None


def fits(told: Any) -> Any:
    """A task's answer, which typed clients can read and which is what our document says."""
    TypedTask.model_validate(told)
    assert schemas.Task.model_validate(told).model_dump(exclude_unset=True) == told
    return told


def client_track(title: Any) -> dict[str, Any]:
    """The body that the vendor's client makes of its defaults."""
    section = {"start": 0, "length": 30000, "emotion": "happy"}
    return {"title": title, "duration_ms": 30000, "genre": "cinematic", "tempo": "medium", "sections": [section]}


@pytest.mark.parametrize("title", ["mine", TITLE])
def test_the_vendors_client_from_list_to_download(beatoven: Api, ada: Tenant, world: World, title: Any) -> None:
    assert got(beatoven, "/api/v1/tracks") == {"tracks": []}
    track_id = posted(beatoven, "/api/v1/tracks", client_track(title))["uuid"]
    task_id = posted(beatoven, f"/api/v1/tracks/{track_id}/compose", client_track(title))["task_id"]
    pending = got(beatoven, f"/api/v1/status/{task_id}")
    assert pending["state"] == "PENDING"
    world.services.pipeline.plan(ada.id, task_id)
    under_way = got(beatoven, f"/api/v1/status/{task_id}")
    assert under_way["state"] == "PROGRESS"
    assert int(under_way["meta"]["percentage"]) == 0
    carry_out(world, ada.id, task_id)
    done = got(beatoven, f"/api/v1/status/{task_id}")
    assert done["state"] == "SUCCESS"
    assert not any("error" in answer for answer in (pending, under_way, done)), (
        "the client takes the word for a failure"
    )
    (listed,) = got(beatoven, "/api/v1/tracks")["tracks"]
    assert (listed["title"], listed["project_id"]) == (title, track_id)
    url, again = done["meta"]["download_url"], got(beatoven, f"/api/v1/tracks/{track_id}")["download_url"]
    assert again[: again.find("?")] == url[: url.find("?")]
    assert url.find("?") > 0


def test_tracks_are_listed_newest_first(beatoven: Api) -> None:
    made = [posted(beatoven, "/api/v1/tracks", {**FORM, "title": name})["uuid"] for name in "abc"]
    assert [track["project_id"] for track in got(beatoven, "/api/v1/tracks")["tracks"]] == made[::-1]


def test_a_prompt_is_composed_at_once(bearer: Api, ada: Tenant, world: World) -> None:
    started = posted(bearer, "/api/v1/tracks/compose", {"prompt": {"text": PROMPT}, "format": "wav", "looping": True})
    assert started.keys() == {"status", "task_id"}
    assert started["status"] == "started"
    task_id = started["task_id"]
    params = world.services.jobs.get(ada.id, task_id).params
    assert (params["formats"], params["loop"], params["duration_s"]) == (["wav"], True, 30.0)
    for done_so_far in (0.0, 0.64):
        under_way = got(bearer, f"/api/v1/tasks/{task_id}")
        told = {"status": "composing", "percentage": round(100 * done_so_far)}
        assert fits(under_way) == told, "never `running`: a script falls over it"
        report(world, ada.id, task_id, 0.64)
    carry_out(world, ada.id, task_id)
    done = fits(got(bearer, f"/api/v1/tasks/{task_id}"))
    assert done.keys() == {"status", "meta"}
    assert done["status"] == "composed"
    assert list(done["meta"]) == ["project_id", "track_id", "prompt", "version", "track_url", "stems_url"]
    meta = done["meta"]
    assert (meta["prompt"], meta["version"]) == ({"text": PROMPT}, 1)
    assert meta["track_url"].partition("?")[0].endswith("/track.wav")
    assert list(meta["stems_url"]) == ["bass", "chords", "melody", "percussion"]
    assert meta["stems_url"]["bass"].partition("?")[0].endswith("/stem-bass.wav")
    (track,) = got(bearer, "/api/v1/tracks")["tracks"]
    assert track["project_id"] == meta["track_id"] == meta["project_id"]
    assert got(bearer, f"/api/v2/tracks/{meta['track_id']}")["state"] == "SUCCESS"


@pytest.mark.parametrize(("asked", "ending"), [("mp3", "mp3"), ("aac", "m4a"), ("wav", "wav"), (None, "wav")])
def test_formats(bearer: Api, ada: Tenant, world: World, asked: str | None, ending: str) -> None:
    body = {"prompt": {"text": PROMPT}, **({"format": asked} if asked else {})}
    task_id = posted(bearer, "/api/v1/tracks/compose", body)["task_id"]
    carry_out(world, ada.id, task_id)
    meta = got(bearer, f"/api/v1/tasks/{task_id}")["meta"]
    urls = [meta["track_url"], *meta["stems_url"].values()]
    assert all(url.partition("?")[0].endswith(f".{ending}") for url in urls)


def test_the_form_before_made_a_track_first(bearer: Api, ada: Tenant, world: World) -> None:
    made = posted(bearer, "/api/v1/tracks", {"prompt": {"text": PROMPT}})
    assert made["status"] == "created"
    (track_id,) = made["tracks"]
    for body in ({"format": "mp3", "looping": False}, {"prompt": {"text": PROMPT}}, {}):
        started = posted(bearer, f"/api/v1/tracks/compose/{track_id}", body)
        assert started["status"] == "started"
    carry_out(world, ada.id, started["task_id"])
    meta = got(bearer, f"/api/v1/tasks/{started['task_id']}")["meta"]
    assert (meta["track_id"], meta["version"], meta["prompt"]) == (track_id, 3, {"text": PROMPT})


def test_a_task_that_failed(bearer: Api, ada: Tenant, world: World) -> None:
    task_id = posted(bearer, "/api/v1/tracks/compose", {"prompt": {"text": PROMPT}})["task_id"]
    world.services.pipeline.fail(ada.id, task_id, Failure(kind=FailureKind.INTERNAL, message="no strings left"))
    found = fits(got(bearer, f"/api/v1/tasks/{task_id}"))
    assert found == {"status": "failed", "error": "no strings left"}


def test_what_the_document_blocks_a_prompt_may_ask(bearer: Api) -> None:
    text = "slow energetic hip hop"
    assert posted(bearer, "/api/v1/tracks/compose", {"prompt": {"text": text}})["status"] == "started"


def test_a_prompt_that_died_before_its_answer_is_composed_once(
    bearer: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"prompt": {"text": PROMPT}}
    with monkeypatch.context() as patched:
        patched.setattr(type(world.services.idempotency), "keep", lambda *_: None)
        first = posted(bearer, "/api/v1/tracks/compose", body, idempotency_key="k")
    assert posted(bearer, "/api/v1/tracks/compose", body, idempotency_key="k") == first
    assert len(world.services.tracks.list(ada.id, limit=10)) == 1
