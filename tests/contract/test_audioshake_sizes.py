"""Answers and callbacks of the AudioShake APIs with links as long as the cloud's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.dialects import shape_of
from functions.dialects.audioshake.sizes import MAX_CALLBACK_BYTES
from functions.http.sizes import MAX_ANSWER_BYTES
from patchbay.core import layout
from patchbay.core.jobs import MAX_BODY_BYTES
from patchbay.domain.formats import FORMATS
from patchbay.domain.groups import JobGroup
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job, JobState, Output
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.audioshake import posted, send, told
from tests.support.lambdas import LAMBDA_BYTES, LINK_CHARS, in_lambda, lengthen_links

HOOK = "https://your-app.com/webhooks"
MOST_TARGETS, MOST_TASKS, MOST_JOBS, MOST_FILES = 20, 10, 100, 324
"""`MOST_FILES`: what a composition of 4 versions of 12 sections has with all stems in all formats."""


@pytest.fixture(autouse=True)
def long_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lengthen_links(world, monkeypatch)


def outputs(tenant: Tenant, job_id: str, stem: str, formats: int) -> tuple[Output, ...]:
    """A stem and what is left without it, each in the first of the formats."""
    names = [f"{name}.{fmt}" for fmt in FORMATS[:formats] for name in (stem, f"no_{stem}")]
    return tuple(
        Output(name=name, key=f"results/{tenant.id}/{job_id}/{name}", media_type="audio/wav") for name in names
    )


def stored(world: World, tenant: Tenant, **given: Any) -> Job:
    """A job that has succeeded, written as it is."""
    fields = {"dialect": "audioshake", "workflow": "single-stem", "state": JobState.SUCCEEDED, **given}
    job = Job(
        tenant_id=tenant.id,
        application_id=tenant.caller.application_id,
        input_asset_id=new_id(),
        created_at=world.clock.now(),
        **{"id": new_id(), **fields},
    )
    world.records.write(layout.put_job(job))
    return job


def filled(request: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    """A request with as many quotes in `words` as a job may have: they take most room in an answer."""
    words["x"] = '"' * ((MAX_BODY_BYTES - 1500) // 2)
    return request


def task(
    world: World, tenant: Tenant, targets: int, formats: int, *, heavy: bool = False
) -> tuple[JobGroup, list[Job]]:
    """A Task whose targets are done, with their results in so many formats each."""
    group_id, jobs = new_id(), []
    for _ in range(targets):
        job_id = new_id()
        asked = {"model": "drums", "formats": list(FORMATS[:formats]), "residual": True}
        request = filled({"target": asked}, asked) if heavy else {"target": asked}
        made = outputs(tenant, job_id, "drums", formats)
        jobs.append(
            stored(world, tenant, id=job_id, group_id=group_id, callback_url=HOOK, request=request, outputs=made)
        )
    group = JobGroup(
        id=group_id,
        tenant_id=tenant.id,
        application_id=tenant.caller.application_id,
        dialect="audioshake",
        job_ids=tuple(job.id for job in jobs),
        request={"assetId": new_id(), "callbackUrl": HOOK},
        created_at=world.clock.now(),
    )
    world.records.write(layout.put_group(group))
    return group, jobs


def callback(job: Job) -> tuple[dict[str, Any], int]:
    """(body, bytes) of what a callback about a job sends."""
    body = dict(shape_of("audioshake")(job) or {})
    return body, len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


def links(node: Any) -> Iterator[str]:
    """All links in an answer that are there."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from [value] if name == "link" and value else links(value)
    elif isinstance(node, list):
        for item in node:
            yield from links(item)


def test_a_callback_has_links_to_the_results_it_is_about(audioshake: Api, world: World, ada: Tenant) -> None:
    group, jobs = task(world, ada, MOST_TARGETS, 1)
    for job in (jobs[0], jobs[-1]):
        body, size = callback(job)
        assert size <= MAX_CALLBACK_BYTES
        linked = {target["id"]: len(list(links(target))) for target in body["targets"]}
        assert linked == {other.id: 2 if other is job else 0 for other in jobs}
        assert all(len(target["output"]) == 2 for target in body["targets"])
    asked = audioshake.get(f"/tasks/{group.id}").json()
    assert len(list(links(asked))) == 2 * MOST_TARGETS, "asking for the Task gives them all"
    assert {len(link) for link in links(asked)} == {LINK_CHARS}
    assert [target["id"] for target in asked["targets"]] == [target["id"] for target in body["targets"]]


def test_a_callback_that_links_would_make_too_large_has_none(world: World, ada: Tenant) -> None:
    _, jobs = task(world, ada, 8, len(FORMATS))
    body, size = callback(jobs[3])
    assert list(links(body)) == []
    assert size <= MAX_CALLBACK_BYTES < size + 12 * LINK_CHARS
    assert sum(len(target["output"]) for target in body["targets"]) == 8 * 12


@pytest.mark.parametrize(
    ("formats", "linked"), [(1, ["sourceAsset", "outputAssets", "stemAssets"]), (3, ["sourceAsset", "outputAssets"])]
)
def test_a_jobs_callback_drops_links_of_the_aliases_first(
    world: World, ada: Tenant, formats: int, linked: list[str]
) -> None:
    made = outputs(ada, "x", "drums", formats)
    body, size = callback(stored(world, ada, request={"metadata": {"name": "drums"}}, outputs=made))
    assert size <= MAX_CALLBACK_BYTES
    assert [name for name, part in body["job"].items() if list(links(part))] == linked
    assert len(body["job"]["stemAssets"]) == len(body["job"]["outputAssets"]) == 2 * formats


def test_a_jobs_callback_that_is_too_large_even_so_has_no_results_links(world: World, ada: Tenant) -> None:
    made = outputs(ada, "x", "drums", len(FORMATS))
    body, size = callback(stored(world, ada, request={"metadata": {"name": "drums"}}, outputs=made))
    assert size <= MAX_CALLBACK_BYTES
    assert [name for name, part in body["job"].items() if list(links(part))] == ["sourceAsset"]


def test_the_first_page_of_the_largest_jobs(audioshake: Api, world: World, ada: Tenant) -> None:
    for number in range(MOST_JOBS):
        metadata = {"name": "drums", "residual": True}
        request = filled({"metadata": metadata}, metadata)
        made = outputs(ada, str(number), "drums", len(FORMATS))
        stored(world, ada, request=request, outputs=made)
    page, size = in_lambda(audioshake, "/job")
    found = page["jobs"]
    assert size <= LAMBDA_BYTES
    assert size * (len(found) + 1) / len(found) > MAX_ANSWER_BYTES, "as many as fit"
    told(audioshake.get("/job", ("take", "100")), 413, "TOO_LARGE")
    assert len(audioshake.get("/job", ("take", str(len(found)))).json()["jobs"]) == len(found)
    follow = audioshake.get("/job", ("skip", str(len(found))), ("take", "1")).json()["jobs"]
    assert follow[0]["id"] not in {job["id"] for job in found}


def test_the_first_page_of_the_largest_compositions(audioshake: Api, world: World, ada: Tenant) -> None:
    for number in range(10):
        key = f"results/{ada.id}/{number}"
        made = tuple(
            Output(name=f"stem-3-11-percussion-{n}.mp3", key=f"{key}/{n}.mp3", media_type="audio/mpeg")
            for n in range(MOST_FILES)
        )
        stored(world, ada, dialect="beatoven", workflow="compose", outputs=made)
    page, size = in_lambda(audioshake, "/job")
    assert page["jobs"], "one alone always fits"
    assert size <= LAMBDA_BYTES


def test_the_first_page_of_the_largest_tasks(audioshake: Api, world: World, ada: Tenant) -> None:
    for _ in range(MOST_TASKS):
        task(world, ada, MOST_TARGETS, len(FORMATS), heavy=True)
        world.clock.advance(seconds=1)
    page, size = in_lambda(audioshake, "/tasks")
    assert 1 < len(page) < MOST_TASKS
    assert size <= LAMBDA_BYTES
    told(audioshake.get("/tasks", ("take", "10")), 413, "TOO_LARGE")
    one, size = in_lambda(audioshake, f"/tasks/{page[0]['id']}")
    assert len(list(links(one))) == MOST_TARGETS * len(FORMATS) * 2
    assert size <= LAMBDA_BYTES


def test_ordinary_pages_are_whole(audioshake: Api, world: World, ada: Tenant) -> None:
    for _ in range(MOST_JOBS):
        stored(world, ada, request={"metadata": {"name": "drums"}}, outputs=outputs(ada, "x", "drums", 1))
    page, _ = in_lambda(audioshake, "/job")
    assert len(page["jobs"]) == MOST_JOBS
    assert posted(
        audioshake, "/job", {"metadata": {"name": "bass"}, "assetId": send(audioshake, "/upload").json()["id"]}
    )
