"""The Music.ai API on the wire: each documented request and answer, under both bases."""

import re
from typing import Any

import pytest

from patchbay.domain.assets import parse_incoming_key, parse_upload_key
from patchbay.domain.jobs import Failure, FailureKind
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World

BASES = ("/v1", "/api")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
JOB_FIELDS = {
    "id",
    "app",
    "name",
    "batchName",
    "metadata",
    "workflow",
    "workflowParams",
    "status",
    "progress",
    "result",
    "error",
    "createdAt",
    "startedAt",
    "completedAt",
}

pytestmark = pytest.mark.parametrize("base", BASES)


def submit(api: Api, base: str, world: World, **changes: Any) -> str:
    """Order a job on a fresh upload, as both clients do; returns its id."""
    given = api.get(f"{base}/upload").json()
    key = world.objects.key_of(given["uploadUrl"])
    assert key is not None
    world.objects.put(key, b"RIFF song")
    body = {"name": "My job", "workflow": "stem-isolation-4", "params": {"inputUrl": given["downloadUrl"]}, **changes}
    answer = api.post(f"{base}/job", body)
    assert answer.status == 200, answer.text
    assert answer.json().keys() == {"id"}
    return str(answer.json()["id"])


def test_upload_gives_a_place_to_put_and_the_url_of_the_same_object(musicai: Api, world: World, base: str) -> None:
    answer = musicai.get(f"{base}/upload")
    assert answer.status == 200
    assert answer.json().keys() == {"uploadUrl", "downloadUrl"}
    put, get = answer.json()["uploadUrl"], answer.json()["downloadUrl"]
    assert put.startswith("https://")
    assert get.startswith("https://")
    keys = [world.objects.key_of(url) or "" for url in (put, get)]
    assert parse_incoming_key(keys[0]) == parse_upload_key(keys[1]) is not None
    assert musicai.get(f"{base}/upload").json()["uploadUrl"].split("?")[0] != put.split("?")[0]


def test_the_documents_own_order(musicai: Api, world: World, base: str) -> None:
    body = {
        "name": "My job 123",
        "workflow": "stems-vocals-accompaniment",
        "params": {"inputUrl": "https://music.ai/demo.ogg"},
        "metadata": {"user": 123},
    }
    world.web.pages["https://music.ai/demo.ogg"] = b"RIFF song"
    answer = musicai.post(f"{base}/job", body)
    assert answer.status == 200
    job_id = answer.json()["id"]
    assert ID.fullmatch(job_id)
    queued = musicai.get(f"{base}/job/{job_id}").json()
    assert queued.keys() == JOB_FIELDS
    assert (queued["id"], queued["name"], queued["status"]) == (job_id, "My job 123", "QUEUED")
    assert queued["workflowParams"] == body["params"]
    assert queued["metadata"] == {"user": 123}
    assert queued["app"] == "Default Application"
    assert (queued["batchName"], queued["result"], queued["error"]) == (None, {}, None)
    assert (queued["startedAt"], queued["completedAt"]) == (None, None)
    assert queued["createdAt"] == "2026-01-02T03:04:05.678Z"


def test_a_job_that_succeeded(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    job_id = submit(musicai, base, world, workflow="stems-vocals-accompaniment")
    world.carry_out(world.services.jobs.get(ada.id, job_id))
    job = musicai.get(f"{base}/job/{job_id}").json()
    assert job["status"] == "SUCCEEDED"
    assert job["progress"] == 1
    assert job["error"] is None
    assert job["result"].keys() == {"vocals", "accompaniment"}
    for name, url in job["result"].items():
        assert url.startswith("https://")
        assert url.split("?")[0].endswith(f"/{name}.wav")
    assert all(TIME.fullmatch(job[name]) for name in ("createdAt", "startedAt", "completedAt"))
    again = musicai.get(f"{base}/job/{job_id}").json()
    assert again["result"]["vocals"] != job["result"]["vocals"], "links are made anew"


def test_a_result_is_an_object_before_there_is_one(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    """Programs cast it to an object of any job that they list, or compare it with `{}` while they poll."""
    queued, started, failed, cancelled = (submit(musicai, base, world) for _ in range(4))
    world.services.pipeline.plan(ada.id, started)
    world.services.pipeline.fail(ada.id, failed, Failure(kind=FailureKind.INTERNAL, message="out of memory"))
    world.services.jobs.cancel(ada.id, cancelled)
    told = {job["id"]: (job["status"], job["result"]) for job in musicai.get(f"{base}/job").json()}
    assert told == {
        queued: ("QUEUED", {}),
        started: ("STARTED", {}),
        failed: ("FAILED", {}),
        cancelled: ("FAILED", {}),
    }
    for job_id, (_, result) in told.items():
        assert musicai.get(f"{base}/job/{job_id}").json()["result"] == result


def test_what_was_sent_comes_back_as_it_was(musicai: Api, world: World, base: str) -> None:
    metadata = {
        "user": 123,
        "share": 1.0,
        "large": 10**40,
        "small": 1e-7,
        "on": True,
        "title": "Füße 😀\u0000",
        "": None,
    }
    job_id = submit(musicai, base, world, name="Ünï 😀", metadata=metadata, batchName="päckchen, eins")
    job = musicai.get(f"{base}/job/{job_id}").json()
    assert (job["name"], job["batchName"], job["metadata"]) == ("Ünï 😀", "päckchen, eins", metadata)
    assert {name: type(value) for name, value in job["metadata"].items()} == {
        name: type(value) for name, value in metadata.items()
    }
    (found,) = musicai.get(f"{base}/job", ("batchName", "päckchen, eins")).json()
    assert found == job


def test_workflow_is_a_slug_for_the_clients_and_an_object_for_the_document(
    musicai: Api, world: World, base: str
) -> None:
    job_id = submit(musicai, base, world)
    for job in (musicai.get(f"{base}/job/{job_id}").json(), musicai.get(f"{base}/job").json()[0]):
        if base == "/v1":
            assert job["workflow"] == "stem-isolation-4"
        else:
            assert job["workflow"].keys() == {"id", "name"}
            assert job["workflow"]["name"] == "Stems Isolation - Vocals, Drums, Bass, Other"
            assert musicai.get(f"{base}/workflow/{job['workflow']['id']}").json()["slug"] == "stem-isolation-4"


def test_a_job_whose_file_never_arrived_says_so(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    url = musicai.get(f"{base}/upload").json()["downloadUrl"]
    body = {"name": "n", "workflow": "stem-isolation-4", "params": {"inputUrl": url}}
    job_id = musicai.post(f"{base}/job", body).json()["id"]
    world.services.pipeline.plan(ada.id, job_id)
    job = musicai.get(f"{base}/job/{job_id}").json()
    assert job["status"] == "FAILED"
    assert job["error"] == {
        "code": "BAD_INPUT",
        "title": "Bad input",
        "message": "nothing was uploaded to the upload URL, or the upload was refused",
    }


def test_a_cancelled_job_is_told_as_failed(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    job_id = submit(musicai, base, world)
    world.services.jobs.cancel(ada.id, job_id)
    assert musicai.get(f"{base}/job/{job_id}/status").json() == {"id": job_id, "status": "FAILED"}
    assert musicai.get(f"{base}/job/{job_id}").json()["error"]["code"] == "CANCELLED"
    assert [j["id"] for j in musicai.get(f"{base}/job", ("status", "FAILED")).json()] == [job_id]


def test_status(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    job_id = submit(musicai, base, world)
    assert musicai.get(f"{base}/job/{job_id}/status").json() == {"id": job_id, "status": "QUEUED"}
    world.services.pipeline.plan(ada.id, job_id)
    assert musicai.get(f"{base}/job/{job_id}/status").json()["status"] == "STARTED"


def test_delete_cancels_forgets_and_answers_the_id(musicai: Api, world: World, base: str) -> None:
    job_id = submit(musicai, base, world)
    assert world.executions.running(job_id, 1)
    answer = musicai.delete(f"{base}/job/{job_id}")
    assert (answer.status, answer.json()) == (200, {"id": job_id})
    assert not world.executions.running(job_id, 1)
    assert musicai.get(f"{base}/job/{job_id}").status == 404
    assert musicai.delete(f"{base}/job/{job_id}").status == 404
    assert musicai.get(f"{base}/job").json() == []


def test_results_copied_to_own_storage(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    target = "https://storage.example.com/put/drums?signed"
    job_id = submit(musicai, base, world, copyResultsTo={"drums": target})
    world.carry_out(world.services.jobs.get(ada.id, job_id))
    result = musicai.get(f"{base}/job/{job_id}").json()["result"]
    assert result["drums"] == "[custom storage]"
    assert result["vocals"].startswith("https://")
    assert target in world.web.taken


def test_list_filters_by_repeated_and_comma_separated_values(
    musicai: Api, ada: Tenant, world: World, base: str
) -> None:
    queued = submit(musicai, base, world)
    started = submit(musicai, base, world, workflow="stems-vocals-accompaniment", batchName="b")
    done = submit(musicai, base, world, workflow="audio-encoder", batchName="b")
    world.services.pipeline.plan(ada.id, started)
    world.services.jobs.cancel(ada.id, done)

    def listed(*query: tuple[str, str]) -> list[str]:
        answer = musicai.get(f"{base}/job", *query)
        assert answer.status == 200, answer.text
        assert isinstance(answer.json(), list)
        return [job["id"] for job in answer.json()]

    assert listed() == [done, started, queued], "newest first"
    assert listed(("status", "QUEUED"), ("status", "STARTED")) == [started, queued]
    assert listed(("status", "QUEUED,STARTED")) == [started, queued]
    assert listed(("status", "queued")) == [queued]
    assert listed(("workflow", "audio-encoder"), ("workflow", "stem-isolation-4")) == [done, queued]
    assert listed(("workflow", "music-ai/audio-encoder")) == listed(("workflow", "moises/audio-encoder")) == [done]
    assert listed(("workflow", "no-such")) == []
    assert listed(("batchName", "b")) == [done, started]
    assert listed(("batchName", "b"), ("status", "STARTED")) == [started]
    assert listed(("page", "0"), ("size", "2")) == [done, started]
    assert listed(("page", "1"), ("size", "2")) == [queued]
    assert listed(("page", "2"), ("size", "2")) == []
    assert listed(("status", ""), ("batchName", "")) == [done, started, queued]


def test_a_hundred_jobs_are_a_page(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    asset = world.upload(ada)
    for _ in range(101):
        world.order(ada, input_asset_id=asset.id)
    assert len(musicai.get(f"{base}/job").json()) == 100
    assert len(musicai.get(f"{base}/job", ("page", "1")).json()) == 1


def test_workflows(musicai: Api, base: str) -> None:
    answer = musicai.get(f"{base}/workflow").json()
    assert answer.keys() == {"workflows"}
    slugs = [w["slug"] for w in answer["workflows"]]
    assert "stem-isolation-4" in slugs
    assert "htdemucs" not in slugs, "its weights are not installed here"
    for w in answer["workflows"]:
        assert w.keys() == {"id", "name", "slug", "description", "createdAt", "updatedAt"}
        assert TIME.fullmatch(w["createdAt"])
        for name in (w["slug"], w["id"], f"music-ai/{w['slug']}"):
            assert musicai.get(f"{base}/workflow/{name}").json() == w
    first = musicai.get(f"{base}/workflow", ("page", "0"), ("size", "1")).json()["workflows"]
    second = musicai.get(f"{base}/workflow", ("page", "1"), ("size", "1")).json()["workflows"]
    assert [w["slug"] for w in first + second] == slugs[:2]


def test_a_workflow_can_be_ordered_by_id_and_by_the_vendors_prefix(musicai: Api, world: World, base: str) -> None:
    by_id = musicai.get(f"{base}/workflow/stem-isolation-4").json()["id"]
    for name in (by_id, "music-ai/stem-isolation-4", "moises/stem-isolation-4"):
        job_id = submit(musicai, base, world, workflow=name)
        job = musicai.get(f"{base}/job/{job_id}").json()["workflow"]
        assert job == name if base == "/v1" else job["id"] == by_id


def test_application(musicai: Api, ada: Tenant, base: str) -> None:
    expected = {"id": ada.application.id, "name": "Default Application"}
    assert musicai.get(f"{base}/application").json() == expected


def test_parameters_in_camel_or_snake_case(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    url = "https://example.com/a.wav"
    for params in (
        {"inputUrl": url, "sampleFormat": "wav24"},
        {"input_url": url, "sample_format": "wav24"},
    ):
        body = {"name": "n", "workflow": "stem-isolation-4", "params": params}
        job_id = musicai.post(f"{base}/job", body).json()["id"]
        assert world.services.jobs.get(ada.id, job_id).params == {"sample_format": "wav24"}
        assert musicai.get(f"{base}/job/{job_id}").json()["workflowParams"] == params


def test_the_key_may_be_bare_or_a_bearers(musicai: Api, ada: Tenant, base: str) -> None:
    for header in (ada.secret, f"Bearer {ada.secret}", f"bearer  {ada.secret}", f" {ada.secret} "):
        assert musicai.with_key(header).get(f"{base}/application").status == 200


def test_fields_that_other_programs_send_are_ignored(musicai: Api, world: World, base: str) -> None:
    submit(musicai, base, world, webhookUrl="https://example.com/hook", metadata=None, copyResultsTo=None)


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", None])
def test_json_is_read_whatever_it_is_labelled(musicai: Api, world: World, base: str, content_type: str | None) -> None:
    body = b'{"name": "n", "workflow": "audio-encoder", "params": {"inputUrl": "https://example.com/a.wav"}}'
    headers = {"content-type": content_type} if content_type else {}
    assert musicai.call("POST", f"{base}/job", headers=headers, body=body).status == 200


def test_a_slash_at_the_end_does_no_harm(musicai: Api, base: str) -> None:
    assert musicai.get(f"{base}/job/").status == 200


def test_a_job_of_another_dialect_is_shown_too(musicai: Api, ada: Tenant, world: World, base: str) -> None:
    given = {"dialect": "other", "input_url": "https://example.com/a.wav", "params": {"sample_format": "wav24"}}
    job = world.order(ada, **given)
    shown = musicai.get(f"{base}/job/{job.id}").json()
    assert shown["workflowParams"] == {"inputUrl": "https://example.com/a.wav", "sampleFormat": "wav24"}
    assert shown["workflow"] in ("stem-isolation-4", musicai.get(f"{base}/job").json()[0]["workflow"])
