"""POST /project/{id}/render and /project/render: what is ordered, and what is refused with the client's own path."""

import re
from typing import Any

import pytest

from functions.dialects.twoshot.schemas.generations import RenderOptions
from patchbay.domain.jobs import Job
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.generations import generate, generated
from tests.support.library import library_sample, make_sample
from tests.support.renders import arrangement_of, clip, document, files_of, job_of, render
from tests.support.twoshot import NO_ID, NO_NUMBER, TIME, taken, told

PLACE = "tracks[0].clips[0].source"


def saved(api: Api, *clips: dict[str, Any], **more: Any) -> str:
    return str(taken(api.post("/project", document(*clips, **more)), 201)["id"])


def rendered(api: Api, project_id: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = taken(api.post(f"/project/{project_id}/render", options))
    return found


@pytest.fixture
def source(world: World, ada: Tenant) -> dict[str, Any]:
    """A sample of ada's with a known tempo."""
    return {"sampleId": library_sample(world, ada, public=False, bpm=100.0, name="Kick").number}


def test_the_documents_answer_and_the_way_to_the_audio(
    twoshot: Api, ada: Tenant, world: World, source: dict[str, Any]
) -> None:
    project_id = saved(twoshot, clip(source))
    asked = {"format": "wav", "quality": "high", "startTime": 0.0, "endTime": 60.0}
    started = rendered(twoshot, project_id, **asked)
    assert started.keys() == {"jobId", "status", "estimatedCompletion"}
    assert started["status"] == "pending"
    assert re.fullmatch(TIME, started["estimatedCompletion"])
    assert started["estimatedCompletion"] > "2026-01-02T03:04:05Z"
    job = job_of(world, ada, started)
    assert (job.workflow, job.name, job.dialect) == ("render", "My Song", "twoshot")
    render(world, job)
    done = taken(twoshot.get(f"/generation/{job.id}"))
    assert (done["status"], done["type"], done["model"], done["creditsUsed"]) == ("completed", "render", None, 0)
    (given,) = done["inputs"]
    assert (given["type"], given["projectId"]) == ("project", project_id)
    assert {name: given[name] for name in asked} == asked
    (output,) = done["outputs"]
    assert (output["name"], output["format"]) == ("mix.wav", "wav")
    assert [file["name"] for file in done["files"]] == ["arrangement.png"]
    audio = taken(twoshot.get(f"/audio/{output['audioId']}"))
    assert (audio["name"], audio["processing"]) == ("My Song - mix.wav", False)
    assert twoshot.get(f"/audio/{output['audioId']}/download").status == 302


def test_a_render_is_a_source_of_the_next(twoshot: Api, ada: Tenant, world: World, source: dict[str, Any]) -> None:
    first = job_of(world, ada, rendered(twoshot, saved(twoshot, clip(source)), format="flac"))
    again = {"generationJobId": first.id, "outputName": "mix.flac"}
    project_id = saved(twoshot, clip(again))
    told(twoshot.post(f"/project/{project_id}/render", {}), 409, "CONFLICT", PLACE)
    render(world, first)
    second = job_of(world, ada, rendered(twoshot, project_id))
    (file,) = [file for name, file in files_of(world, second).items() if name != "arrangement"]
    output = taken(twoshot.get(f"/generation/{first.id}"))["outputs"][0]
    asset = world.services.assets.get(ada.id, output["audioId"])
    assert (file.key, file.sha256) == (asset.key, asset.sha256)


def test_what_the_engine_is_handed(twoshot: Api, ada: Tenant, world: World, source: dict[str, Any]) -> None:
    told_of = {"position": 3.5, "volume": 0.5, "pitchOffset": -2, "cutStart": 1, "cutEnd": 2.5, "speed": "tempo-sync"}
    job = job_of(world, ada, rendered(twoshot, saved(twoshot, clip(source, **told_of), loopEvery="auto")))
    made = arrangement_of(world, job)
    (track,), (known,) = made.tracks, made.sources
    (found,) = track.clips
    assert (made.tempo_bpm, track.loop_every, known.tempo_bpm) == (120.0, "auto", 100.0)
    assert (found.start_beats, found.volume, found.semitones, found.speed) == (3.5, 0.5, -2.0, "tempo-sync")
    assert (found.cut_start_s, found.cut_end_s, found.source) == (1.0, 2.5, known.name)
    assert files_of(world, job).keys() == {"arrangement", known.name}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"format": "wav", "quality": "high", "bit_depth": 24}),
        ({"quality": "low"}, {"quality": "draft", "bit_depth": 16}),
        ({"quality": "medium", "format": "flac"}, {"quality": "standard", "format": "flac", "bit_depth": 16}),
        ({"format": "wav", "bitDepth": 32}, {"bit_depth": 32}),
        ({"format": "mp3"}, {"format": "mp3", "bit_depth": None}),
        ({"format": "ogg", "bitrate": 160, "sampleRate": 48000}, {"bitrate_kbps": 160, "sample_rate_hz": 48000}),
        ({"format": "m4a", "loudnessTarget": -14, "stems": True}, {"loudness_lufs": -14, "stems": True}),
        ({"startTime": 2, "endTime": 4.5}, {"start_s": 2.0, "end_s": 4.5}),
    ],
)
def test_options(
    twoshot: Api,
    ada: Tenant,
    world: World,
    source: dict[str, Any],
    options: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    job = job_of(world, ada, rendered(twoshot, saved(twoshot, clip(source)), **options))
    world.services.pipeline.plan(ada.id, job.id)
    (step,) = world.services.pipeline.steps(job.id)
    assert {name: step.params.get(name) for name in expected} == expected
    done = render(world, job)
    names = [output.name for output in done.outputs if output.key]
    mix = f"mix.{options.get('format', 'wav')}"
    assert names == [mix, "arrangement.png", *(["stems.zip"] if options.get("stems") else [])]


def test_options_that_are_null_are_as_good_as_none(
    twoshot: Api, ada: Tenant, world: World, source: dict[str, Any]
) -> None:
    nothing = dict.fromkeys(RenderOptions.model_fields)
    of_project = job_of(world, ada, rendered(twoshot, saved(twoshot, clip(source)), **nothing))
    of_document = job_of(world, ada, taken(twoshot.post("/project/render", {**document(clip(source)), **nothing})))
    plain = job_of(world, ada, rendered(twoshot, saved(twoshot, clip(source))))
    assert of_project.params == of_document.params == plain.params


def test_nothing_has_to_be_sent_along(twoshot: Api, source: dict[str, Any]) -> None:
    project_id = saved(twoshot, clip(source))
    for body in (b"", b"{}", b"null"):
        taken(twoshot.call("POST", f"/project/{project_id}/render", body=body))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_document_that_is_not_saved(
    twoshot: Api, ada: Tenant, world: World, source: dict[str, Any], wrapped: bool
) -> None:
    made = document(clip(source))
    body = {"data": made, "format": "mp3"} if wrapped else {**made, "format": "mp3"}
    job = job_of(world, ada, taken(twoshot.post("/project/render", body)))
    assert (job.name, job.params["format"]) == ("My Song", "mp3")
    assert taken(twoshot.get("/project")) == []


def test_everybodys_samples_and_projects_and_nobody_elses(twoshot: Api, ada: Tenant, bob: Tenant, world: World) -> None:
    shown = library_sample(world, bob, public=True)
    hidden = library_sample(world, bob, public=False)
    theirs = twoshot.with_key(f"Bearer {bob.secret}")
    rendered(twoshot, saved(twoshot, clip({"sampleId": shown.number})))
    private = saved(theirs, clip({"sampleId": shown.number}))
    told(twoshot.post(f"/project/{private}/render", {}), 404, "NOT_FOUND")
    taken(theirs.call("PUT", f"/project/{private}", body=b'{"public": true}'))
    rendered(twoshot, private)
    with_hidden = saved(theirs, clip({"sampleId": hidden.number}), name="Bass")
    taken(theirs.call("PUT", f"/project/{with_hidden}", body=b'{"public": true}'))
    rendered(theirs, with_hidden)
    told(twoshot.post(f"/project/{with_hidden}/render", {}), 404, "NOT_FOUND", PLACE)


class TestRefused:
    """With the client's own path, and nothing ordered."""

    @pytest.fixture(autouse=True)
    def nothing_is_ordered(self, world: World, ada: Tenant) -> Any:
        yield
        assert [found for found, _ in world.services.generations.owned(ada.id, limit=9, kinds=["render"])] == []

    @pytest.mark.parametrize(
        "source",
        [
            {"sampleId": NO_NUMBER},
            {"audioId": NO_ID},
            {"sampleId": NO_NUMBER, "audioId": NO_ID},
            {"generationJobId": NO_ID, "outputName": "mix.wav"},
        ],
        ids=str,
    )
    def test_sources_that_are_not_there(self, twoshot: Api, source: dict[str, Any]) -> None:
        body = document(clip(source), clip(source))
        told(twoshot.post("/project/render", body), 404, "NOT_FOUND", PLACE)
        project_id = saved(twoshot, clip(source))
        told(twoshot.post(f"/project/{project_id}/render", {}), 404, "NOT_FOUND", PLACE)

    def test_the_place_is_that_of_the_one_at_fault(self, twoshot: Api, source: dict[str, Any]) -> None:
        tracks = [{"clips": [clip(source)]}, {"clips": [clip(source), clip({"sampleId": NO_NUMBER})]}]
        body = {"name": "x", "tempo": 120, "tracks": tracks}
        told(twoshot.post("/project/render", body), 404, "NOT_FOUND", "tracks[1].clips[1].source")

    def test_another_users(self, twoshot: Api, world: World, bob: Tenant) -> None:
        hidden = library_sample(world, bob, public=False)
        made = generated(world, bob)
        for source in (
            {"sampleId": hidden.number},
            {"audioId": hidden.asset_id},
            {"audioId": made.outputs[0].asset_id},
            {"generationJobId": made.id, "outputName": made.outputs[0].name},
        ):
            told(twoshot.post("/project/render", document(clip(source))), 404, "NOT_FOUND", PLACE)

    def test_those_that_are_not_ready(self, twoshot: Api, world: World, ada: Tenant) -> None:
        sample = make_sample(world, ada)
        found, _ = generate(world, ada)
        for source in ({"sampleId": sample.number}, {"generationJobId": found.id, "outputName": "bass"}):
            told(twoshot.post("/project/render", document(clip(source))), 409, "CONFLICT", PLACE)

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"format": "exe"}, "format"),
            ({"format": "opus"}, "format"),
            ({"quality": "best"}, "quality"),
            ({"startTime": -1}, "startTime"),
            ({"endTime": 0}, "endTime"),
            ({"startTime": 1e9}, "startTime"),
            ({"startTime": 5, "endTime": 5}, "endTime"),
            ({"startTime": 12.5}, "startTime"),
            ({"format": "mp3", "bitDepth": 24}, "bitDepth"),
            ({"format": "flac", "bitDepth": 32}, "bitDepth"),
            ({"bitDepth": 20}, "bitDepth"),
            ({"format": "wav", "bitrate": 128}, "bitrate"),
            ({"format": "mp3", "bitrate": 400}, "bitrate"),
            ({"format": "mp3", "sampleRate": 96000}, "sampleRate"),
            ({"sampleRate": "fast"}, "sampleRate"),
            ({"loudnessTarget": 0}, "loudnessTarget"),
            ({"stems": "maybe"}, "stems"),
            ({"sampleRate": 192000, "bitDepth": 32, "endTime": 21000}, "format"),
        ],
        ids=str,
    )
    def test_options_that_cannot_be(
        self, twoshot: Api, source: dict[str, Any], options: dict[str, Any], field: str
    ) -> None:
        project_id = saved(twoshot, clip(source))
        told(twoshot.post(f"/project/{project_id}/render", options), 400, "VALIDATION_ERROR", field)
        told(twoshot.post("/project/render", {**document(clip(source)), **options}), 400, "VALIDATION_ERROR", field)

    def test_nothing_to_hear(self, twoshot: Api) -> None:
        assert "nothing to render" in told(
            twoshot.post("/project/render", document()), 400, "VALIDATION_ERROR", "tracks"
        )

    def test_a_clip_that_begins_after_its_source(self, twoshot: Api, source: dict[str, Any]) -> None:
        field = "tracks[0].clips[1].cutStart"
        body = document(clip(source), clip(source, cutStart=12.5))
        told(twoshot.post("/project/render", body), 400, "VALIDATION_ERROR", field)
        field = "tracks[0].clips[0].cutEnd"
        body = document(clip(source, cutStart=2.0, cutEnd=1.0))
        told(twoshot.post("/project/render", body), 400, "VALIDATION_ERROR", field)

    def test_what_is_too_long(self, twoshot: Api, source: dict[str, Any]) -> None:
        told(
            twoshot.post("/project/render", document(clip(source, position=90_000))), 400, "VALIDATION_ERROR", "tracks"
        )

    def test_loops_without_end(self, twoshot: Api, source: dict[str, Any]) -> None:
        clips = [clip(source, cutEnd=0.01) for _ in range(20)]
        body = {**document(*clips, loopEvery=0.0625), "endTime": 3600, "format": "mp3"}
        told(twoshot.post("/project/render", body), 400, "VALIDATION_ERROR", "loopEvery")

    def test_ten_thousand_clips(self, twoshot: Api, source: dict[str, Any]) -> None:
        body = document(*(clip(source, position=n) for n in range(10_000)))
        told(twoshot.post("/project/render", body), 400, "VALIDATION_ERROR", "tracks")

    @pytest.mark.parametrize("project_id", [NO_ID, "x", "render%20"])
    def test_no_such_project(self, twoshot: Api, project_id: str) -> None:
        told(twoshot.post(f"/project/{project_id}/render", {}), 404, "NOT_FOUND")

    def test_nobody(self, twoshot: Api, source: dict[str, Any]) -> None:
        project_id = saved(twoshot, clip(source))
        for path, body in ((f"/project/{project_id}/render", {}), ("/project/render", document(clip(source)))):
            told(twoshot.with_key(None).post(path, body), 401, "UNAUTHORIZED")


class TestRepeated:
    def test_a_repetition_is_the_same_render(
        self, twoshot: Api, ada: Tenant, world: World, source: dict[str, Any]
    ) -> None:
        project_id = saved(twoshot, clip(source))
        headers = {"idempotency-key": "k1"}
        first = twoshot.post(f"/project/{project_id}/render", {}, **headers)
        again = twoshot.post(f"/project/{project_id}/render", {}, **headers)
        assert taken(first) == taken(again)
        assert again.headers["idempotent-replayed"] == "true"
        assert self.count(world, ada) == 1
        told(twoshot.post(f"/project/{project_id}/render", {"format": "mp3"}, **headers), 409, "CONFLICT")

    def test_also_where_the_answer_was_lost_and_the_source_is_gone(
        self, twoshot: Api, ada: Tenant, world: World, source: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body, headers = document(clip(source)), {"idempotency-key": "k1"}
        monkeypatch.setattr(type(world.services.idempotency), "keep", lambda *_: None)
        first: Job = job_of(world, ada, taken(twoshot.post("/project/render", body, **headers)))
        world.services.samples.delete(ada.id, source["sampleId"])
        again = taken(twoshot.post("/project/render", body, **headers))
        assert again["jobId"] == first.id
        assert self.count(world, ada) == 1

    def count(self, world: World, ada: Tenant) -> int:
        return len(world.services.generations.owned(ada.id, limit=9))


def test_the_same_render_is_computed_once(twoshot: Api, ada: Tenant, world: World, source: dict[str, Any]) -> None:
    project_id = saved(twoshot, clip(source))
    first = render(world, job_of(world, ada, rendered(twoshot, project_id)))
    second = job_of(world, ada, rendered(twoshot, project_id))
    assert second.id != first.id
    assert world.services.pipeline.plan(ada.id, second.id) == []
    world.services.pipeline.finish(ada.id, second.id)
    done = taken(twoshot.get(f"/generation/{second.id}"))
    assert done["status"] == "completed"
    firsts = taken(twoshot.get(f"/generation/{first.id}"))["outputs"]
    assert done["outputs"][0]["audioId"] != firsts[0]["audioId"], "each is its owner's to delete"
