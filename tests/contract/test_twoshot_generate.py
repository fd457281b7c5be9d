"""POST /generation and its list: ordered and charged once, on audio that one may use, in either form of inputs."""

import asyncio
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from patchbay.domain.jobs import Failure, FailureKind, Job, Output
from patchbay.settings import Settings
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample
from tests.support.twoshot import NO_ID, TIME, taken, told

TEXT = {"type": "text", "value": "Upbeat electronic dance music with heavy bass"}
ORDER = {"modelId": 101, "inputs": [TEXT, {"type": "number", "value": 15.0}]}


@pytest.fixture
def poor(world: World) -> World:
    """A stage whose users have seven credits a month."""
    world.services.credits.allowances["standard"] = 7  # type: ignore[index]
    return world


def credits_of(api: Api) -> Any:
    return taken(api.get("/user"))["credits"]


def job_of(world: World, tenant: Tenant, answer: Answer) -> Job:
    return world.services.jobs.get(tenant.id, taken(answer)["jobId"])


def split(audio: Any, number: int = 201) -> dict[str, Any]:
    return {"modelId": number, "inputs": [{"type": "audio", **audio}]}


def meanwhile(world: World, what: Callable[[], object]) -> None:
    """Let another process do something before the next write."""

    def elsewhere() -> None:
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        what()
        loop.close()

    def hook(writes: object) -> None:
        rival = threading.Thread(target=elsewhere)
        rival.start()
        rival.join()

    world.records.before_write = hook


def compose(world: World, job: Job) -> Job:
    """Do a job of the composer's."""
    pipeline, tasks = world.services.pipeline, world.services.tasks
    (planned,) = pipeline.plan(job.tenant_id, job.id)
    pipeline.dispatch(job.tenant_id, job.id, planned.step, "token")
    message = world.queues.sent[-1][1]
    _, step = tasks.lease(message, "worker")
    assert step is not None
    key = tasks.output_key(step, "track.wav", "0" * 64)
    world.objects.put(key, GOOD, "audio/wav")
    made = Output(name="track.wav", key=key, media_type="audio/wav", size_bytes=len(GOOD))
    tasks.complete(message, step, [made, Output(name="bpm", value=120.0)], 1.0)
    pipeline.finish(job.tenant_id, job.id)
    return world.services.jobs.get(job.tenant_id, job.id)


class TestOrdering:
    def test_the_documents_example(self, twoshot: Api, ada: Tenant, world: World) -> None:
        made = taken(twoshot.post("/generation", ORDER))
        assert made.keys() == {"jobId", "status", "estimatedCompletion", "creditsUsed"}
        assert (made["status"], made["creditsUsed"]) == ("pending", 5)
        assert re.fullmatch(TIME, made["estimatedCompletion"])
        job = world.services.jobs.get(ada.id, made["jobId"])
        assert (job.workflow, job.params["duration_s"], job.params["formats"]) == ("generate", 15.0, ["wav"])
        assert (job.params["prompt"], job.name) == (TEXT["value"], TEXT["value"])
        compose(world, job)
        done = taken(twoshot.get(f"/generation/{job.id}"))
        assert (done["status"], done["creditsUsed"], done["model"]["id"]) == ("completed", 5, 101)
        assert [given["value"] for given in done["inputs"]] == [TEXT["value"], 15.0]
        (output,) = done["outputs"]
        assert twoshot.get(f"/audio/{output['audioId']}/download").status == 302

    def test_the_live_clients_form_is_the_same_order(self, twoshot: Api, ada: Tenant, world: World) -> None:
        by_name = {"modelId": 101, "inputs": {"prompt": TEXT["value"], "duration": 15, "seed": 7}}
        key = world.services.accounts.create_key(ada.application)[1]
        answer = twoshot.with_key(None).post("/generation", by_name, x_api_key=key)
        job = job_of(world, ada, answer)
        listed = [*ORDER["inputs"], {"type": "number", "value": 7}]  # type: ignore[misc]
        assert job.params == job_of(world, ada, twoshot.post("/generation", {**ORDER, "inputs": listed})).params

    def test_without_a_seed_every_piece_is_another(self, twoshot: Api, ada: Tenant, world: World) -> None:
        seeds = {job_of(world, ada, twoshot.post("/generation", ORDER)).params.get("seed") for _ in range(5)}
        assert len(seeds) == 5

    def test_one_piece_of_wishes_alone(self, twoshot: Api, ada: Tenant, world: World) -> None:
        inputs = {"genre": "pop", "emotion": "sad", "loop": True, "stems": True, "format": "flac"}
        job = job_of(world, ada, twoshot.post("/generation", {"modelId": 103, "inputs": inputs}))
        assert (job.workflow, job.params["genre"], job.params["formats"]) == ("compose", "pop", ["flac"])
        assert job.params["sections"][0]["emotion"] == "sad"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "modelId"),
            ({"modelId": "x"}, "modelId"),
            ({"modelId": -1}, "modelId"),
            ({"modelId": 101, "inputs": 3}, "inputs"),
            ({"modelId": 101, "inputs": []}, "inputs"),
            ({"modelId": 101, "inputs": [TEXT, {"type": "number", "value": -5}]}, "inputs[1].value"),
            ({"modelId": 101, "inputs": [TEXT, {"type": "number", "value": 1e300}]}, "inputs[1].value"),
            ({"modelId": 101, "inputs": [{**TEXT, "value": "xyzzy plugh"}]}, "inputs[0].value"),
            ({"modelId": 101, "inputs": {"prompt": "xyzzy plugh"}}, "inputs.prompt"),
            ({"modelId": 101, "inputs": {"prompt": "two hours of jazz"}}, "inputs.prompt"),
            ({"modelId": 101, "inputs": [TEXT, {"type": "audio", "audioId": NO_ID}]}, "inputs[1]"),
            ({"modelId": 103, "inputs": {"genre": "polka"}}, "inputs.genre"),
            ({"modelId": 201, "inputs": [{"type": "audio"}]}, "inputs[0].audioId"),
        ],
    )
    def test_what_is_wrong_is_named_and_costs_nothing(
        self, twoshot: Api, world: World, body: dict[str, Any], field: str
    ) -> None:
        before = credits_of(twoshot)
        told(twoshot.post("/generation", body), 400, "VALIDATION_ERROR", field)
        assert credits_of(twoshot) == before
        assert taken(twoshot.get("/generation")) == []
        assert world.executions.started == []

    def test_a_model_that_is_not_here(self, twoshot: Api) -> None:
        told(twoshot.post("/generation", {**ORDER, "modelId": 111}), 404, "NOT_FOUND", "modelId")

    def test_nobody_and_readers_cannot_order(self, twoshot: Api, ada: Tenant, world: World) -> None:
        told(twoshot.with_key(None).post("/generation", ORDER), 401, "UNAUTHORIZED")
        _, reader = world.services.accounts.create_key(ada.application, scopes=["read"])
        told(twoshot.with_key(f"Bearer {reader}").post("/generation", ORDER), 403, "FORBIDDEN")


class TestAudio:
    def test_a_song_of_ones_own_is_split(self, twoshot: Api, ada: Tenant, world: World) -> None:
        sample = library_sample(world, ada, public=False)
        job = job_of(world, ada, twoshot.post("/generation", split({"audioId": sample.asset_id})))
        assert (job.input_asset_id, job.input_tenant_id, job.params["format"]) == (sample.asset_id, None, "wav")
        world.carry_out(job)
        outputs = taken(twoshot.get(f"/generation/{job.id}"))["outputs"]
        assert [each["name"] for each in outputs] == ["vocals", "drums", "bass", "other"]

    def test_a_part_is_cut_out_first(self, twoshot: Api, ada: Tenant, world: World) -> None:
        sample = library_sample(world, ada, public=False)
        part = {"audioId": sample.asset_id, "trimStart": 1.0, "trimEnd": 4.5}
        job = job_of(world, ada, twoshot.post("/generation", split(part)))
        world.carry_out(job)
        first, second, _ = world.services.pipeline.steps(job.id)
        assert (first.name, first.params["start_s"], first.params["end_s"]) == ("trim", 1.0, 4.5)
        assert [given.name for given in second.inputs] == ["input"]
        told_again = taken(twoshot.get(f"/generation/{job.id}"))["inputs"]
        assert told_again == [{"type": "audio", "name": "audio", **part}]

    @pytest.mark.parametrize("part", [{}, {"trimStart": 0}, {"trimStart": 0.0, "trimEnd": 12.5}, {"trimEnd": 600}])
    def test_all_of_it_is_no_part(self, twoshot: Api, ada: Tenant, world: World, part: dict[str, float]) -> None:
        asset = library_sample(world, ada).asset_id
        job = job_of(world, ada, twoshot.post("/generation", split({"audioId": asset, **part})))
        assert not {"input_start_s", "input_end_s"} & job.params.keys()

    def test_a_start_after_the_end_is_refused(self, twoshot: Api, ada: Tenant, world: World) -> None:
        asset = library_sample(world, ada).asset_id
        answer = twoshot.post("/generation", split({"audioId": asset, "trimStart": 12.5}))
        assert "12.50 s long" in told(answer, 400, "VALIDATION_ERROR", "inputs[0].trimStart")

    def test_everybodys_sample_may_be_used_by_everybody(
        self, twoshot: Api, ada: Tenant, bob: Tenant, world: World
    ) -> None:
        sample = library_sample(world, bob, public=True)
        for audio in ({"audioId": sample.asset_id}, {"sampleId": sample.number}):
            job = job_of(world, ada, twoshot.post("/generation", split(audio)))
            assert (job.input_asset_id, job.input_tenant_id) == (sample.asset_id, bob.id)
            done = world.carry_out(job)
            assert done.state == "succeeded"
            outputs = taken(twoshot.get(f"/generation/{job.id}"))["outputs"]
            assert twoshot.get(f"/audio/{outputs[0]['audioId']}").status == 200
            key = world.services.assets.get(ada.id, outputs[0]["audioId"]).key
            assert ada.id in key, "what comes of it is the one's who ordered it"

    def test_a_sample_that_goes_before_its_turn_costs_nothing(
        self, twoshot: Api, ada: Tenant, bob: Tenant, world: World
    ) -> None:
        sample, before = library_sample(world, bob, public=True), credits_of(twoshot)
        job = job_of(world, ada, twoshot.post("/generation", split({"audioId": sample.asset_id})))
        world.services.samples.delete(bob.id, sample.number)
        assert world.services.pipeline.plan(ada.id, job.id) == []
        found = taken(twoshot.get(f"/generation/{job.id}"))
        assert (found["status"], found["creditsUsed"]) == ("failed", 0)
        assert credits_of(twoshot) == before

    def test_what_is_somebody_elses_or_nowhere_is_not_found(
        self, twoshot: Api, ada: Tenant, bob: Tenant, world: World
    ) -> None:
        hidden, unseen = library_sample(world, bob, public=False), make_sample(world, bob, public=True)
        foreign = world.upload(bob)
        before = credits_of(twoshot)
        for audio in (hidden.asset_id, unseen.asset_id, foreign.id, NO_ID, "x"):
            answer = twoshot.post("/generation", split({"audioId": audio}))
            told(answer, 404, "NOT_FOUND", "inputs[0].audioId")
        for number in (hidden.number, unseen.number, 5):
            answer = twoshot.post("/generation", {"modelId": 201, "inputs": {"audio": {"sampleId": number}}})
            told(answer, 404, "NOT_FOUND", "inputs.audio.sampleId")
        assert credits_of(twoshot) == before
        assert not [key for key in world.records.items if key[0].startswith("GENERATION")]

    def test_what_nobody_looked_at_yet_has_to_wait(self, twoshot: Api, ada: Tenant, world: World) -> None:
        asset = world.services.assets.create(ada.id)
        answer = twoshot.post("/generation", split({"audioId": asset.id}))
        told(answer, 409, "CONFLICT", "inputs[0].audioId")

    def test_what_one_generation_made_another_takes(self, twoshot: Api, ada: Tenant, world: World) -> None:
        job = job_of(world, ada, twoshot.post("/generation", ORDER))
        made = {"generationJobId": job.id, "outputName": "track.wav"}
        told(twoshot.post("/generation", split(made)), 409, "CONFLICT", "inputs[0].generationJobId")
        compose(world, job)
        (output,) = taken(twoshot.get(f"/generation/{job.id}"))["outputs"]
        for audio in (made, {"audioId": output["audioId"]}):
            again = job_of(world, ada, twoshot.post("/generation", split(audio)))
            assert again.input_asset_id == output["audioId"]


class TestCredits:
    def test_they_are_set_aside_with_the_order_and_come_back_if_nothing_comes_of_it(
        self, twoshot: Api, ada: Tenant, poor: World
    ) -> None:
        job = job_of(poor, ada, twoshot.post("/generation", ORDER))
        assert credits_of(twoshot) == 2
        poor.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="broken"))
        found = taken(twoshot.get(f"/generation/{job.id}"))
        assert (found["status"], found["creditsUsed"], found["error"]) == ("failed", 0, "broken")
        assert credits_of(twoshot) == 7

    def test_what_is_made_is_paid_once(self, twoshot: Api, ada: Tenant, poor: World) -> None:
        job = compose(poor, job_of(poor, ada, twoshot.post("/generation", ORDER)))
        for _ in range(3):
            taken(twoshot.get(f"/generation/{job.id}"))
            poor.services.settling.over(ada.id, job.id)
        assert credits_of(twoshot) == 2

    def test_too_few_say_so_and_nothing_is_ordered(self, twoshot: Api, ada: Tenant, poor: World) -> None:
        taken(twoshot.post("/generation", ORDER))
        words = told(twoshot.post("/generation", ORDER), 403, "INSUFFICIENT_CREDITS")
        assert "takes 5 credits" in words
        assert "you have 2 credits" in words
        assert len(taken(twoshot.get("/generation"))) == len(poor.executions.started) == 1
        taken(twoshot.post("/generation", {"modelId": 103, "inputs": {}}))
        assert credits_of(twoshot) == 0

    def test_the_same_key_is_one_order_and_one_charge(self, twoshot: Api, ada: Tenant, poor: World) -> None:
        answers = [twoshot.post("/generation", ORDER, idempotency_key="k") for _ in range(3)]
        assert len({answer.text for answer in answers}) == 1
        assert credits_of(twoshot) == 2
        other = {**ORDER, "inputs": [TEXT]}
        told(twoshot.post("/generation", other, idempotency_key="k"), 409, "CONFLICT")

    def test_a_repetition_needs_neither_its_model_nor_its_audio_any_more(
        self, twoshot: Api, ada: Tenant, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(world.services.idempotency), "keep", lambda *_: None)  # the process died
        sample = library_sample(world, ada, public=False)
        asked = split({"audioId": sample.asset_id})
        first = taken(twoshot.post("/generation", asked, idempotency_key="k"))
        world.services.samples.delete(ada.id, sample.number)
        again = taken(twoshot.post("/generation", asked, idempotency_key="k"))
        assert (again["jobId"], again["creditsUsed"]) == (first["jobId"], first["creditsUsed"])

    def test_a_rival_with_the_same_key_is_the_same_order(self, twoshot: Api, ada: Tenant, poor: World) -> None:
        first: list[Answer] = []
        meanwhile(poor, lambda: first.append(twoshot.post("/generation", ORDER, idempotency_key="k")))
        second = twoshot.post("/generation", ORDER, idempotency_key="k")
        assert taken(second)["jobId"] == taken(first[0])["jobId"]
        assert credits_of(twoshot) == 2

    def test_a_rival_who_spends_the_last_is_seen(self, twoshot: Api, ada: Tenant, poor: World) -> None:
        meanwhile(poor, lambda: twoshot.post("/generation", ORDER))
        told(twoshot.post("/generation", ORDER), 403, "INSUFFICIENT_CREDITS")
        assert credits_of(twoshot) == 2

    def test_how_one_stands(self, twoshot: Api, ada: Tenant, poor: World) -> None:
        poor.services.credits.add(ada.id, 10)
        taken(twoshot.post("/generation", ORDER))
        found = taken(twoshot.get("/user/info"))
        assert (found["credits"], found["creditsPerMonth"], found["creditsUsed"], found["creditsExtra"]) == (
            12,
            7,
            5,
            10,
        )
        assert found["creditsRenew"] == "2026-02-01T00:00:00Z"
        poor.services.credits.allowances["standard"] = 0  # type: ignore[index]
        found = taken(twoshot.get("/user/info"))
        assert (found["credits"], found["creditsPerMonth"]) == (None, None)


class TestList:
    def test_newest_first_by_page_and_type(self, twoshot: Api, ada: Tenant, world: World) -> None:
        made = [taken(twoshot.post("/generation", ORDER))["jobId"] for _ in range(4)]
        listed = taken(twoshot.get("/generation"))
        assert [each["id"] for each in listed] == made[::-1]
        assert listed[0] == taken(twoshot.get(f"/generation/{made[-1]}"))
        page = taken(twoshot.get("/generation", ("limit", "2"), ("offset", "1")))
        assert page == listed[1:3]
        assert taken(twoshot.get("/generation", ("type", "render"))) == []
        assert taken(twoshot.get("/generation", ("type", ""))) == taken(twoshot.get("/generation"))
        assert len(taken(twoshot.get("/generation", ("type", "generation")))) == 4

    def test_nobody_sees_anothers(self, twoshot: Api, ada: Tenant, bob: Tenant, world: World) -> None:
        made = taken(twoshot.post("/generation", ORDER))["jobId"]
        his = twoshot.with_key(f"Bearer {bob.secret}")
        assert taken(his.get("/generation")) == []
        told(his.get(f"/generation/{made}"), 404, "NOT_FOUND")
        told(twoshot.with_key(None).get("/generation"), 401, "UNAUTHORIZED")

    @pytest.mark.parametrize("query", [("limit", "0"), ("limit", "101"), ("offset", "901"), ("type", "film")])
    def test_wrong_pages(self, twoshot: Api, query: tuple[str, str]) -> None:
        told(twoshot.get("/generation", query), 400, "VALIDATION_ERROR", query[0])


def test_a_stage_with_other_models_offers_those(ada: Tenant) -> None:
    world = World(Settings(stage="test", models="musicgen-melody", allow_research_weights=True))
    found = world.services.models.get(101, None).generator
    assert "audio" in found.inputs
    assert world.services.models.generator(113).fixed == {"model": "musicgen-melody"}
