"""SoundForge: separation, analysis and exports, as the document's clients ask for them."""

import json
from typing import Any

import pytest

from patchbay.domain.jobs import Failure, FailureKind, Output
from patchbay.domain.songs import Facts
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

NO_ID = "0198c0de-0000-7000-8000-000000000000"
ANALYSIS = {
    "version": 1,
    "tempo": {"bpm": 128.0, "confidence": 0.9, "meter": 4},
    "beats": [0.5 * n for n in range(40)],
    "downbeats": [2.0 * n for n in range(10)],
    "key": {"name": "A minor", "tonic": "A", "confidence": 0.8, "tuning_cents": 0},
    "energy": {"rms": {"mean": 0.35, "std": 0.1, "series": [0.3, 0.4]}},
    "spectral": {
        "centroid_hz": {"mean": 1823.4, "std": 1.0, "series": []},
        "rolloff_hz": {"mean": 4200.1, "std": 1.0, "series": []},
        "zero_crossings": {"mean": 0.12, "std": 0.1, "series": []},
    },
    "mfcc": {"mean": [1.0], "std": [0.0], "series": [[1.0, 2.0], [3.0, 4.0]]},
    "chroma": {"mean": [1.0], "std": [0.0], "series": [[0.1] * 12]},
    "structure": [{"start_s": 0.0, "end_s": 8.0, "label": "A"}, {"start_s": 8.0, "end_s": 20.0, "label": "B"}],
    "chords": [{"start_s": 0.0, "end_s": 9.0, "label": "A:min"}, {"start_s": 9.0, "end_s": 20.0, "label": "C:maj"}],
}


def data(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.text
    return answer.json()["data"]


@pytest.fixture
def track(world: World, ada: Tenant) -> str:
    """A track with audio."""
    facts = Facts(title="Blinding Lights", artist="The Weeknd", catalogue="spotify", catalogue_id="x")
    song = world.services.songs.found(ada.id, facts)
    world.services.songs.bring(ada.id, song.id, world.upload(ada).id)
    return song.id


def analysed(world: World, ada: Tenant, job_id: str, document: object = ANALYSIS) -> None:
    """The job ends with this document."""
    services = world.services
    key = f"results/{ada.id}/{'0' * 64}/analysis.json"
    world.objects.put(key, json.dumps(document).encode() if not isinstance(document, bytes) else document)
    (planned,) = services.pipeline.plan(ada.id, job_id)
    services.pipeline.dispatch(ada.id, job_id, planned.step, "token")
    message = world.queues.sent[-1][1]
    _, step = services.tasks.lease(message, "worker")
    assert step is not None
    services.tasks.complete(message, step, [Output(name="analysis", key=key), Output(name="bpm", value=128.0)], 1.0)
    services.pipeline.finish(ada.id, job_id)


def test_health_is_for_everybody(soundforge: Api) -> None:
    assert soundforge.with_key(None).get("/health").json() == {"status": "ok"}


def test_a_separation_from_the_order_to_each_stem(world: World, ada: Tenant, soundforge: Api, track: str) -> None:
    begun = data(soundforge.post("/api/processing/separate", {"track_id": track, "engine": "local"}))
    assert begun == {
        "job_id": begun["job_id"],
        "track_id": track,
        "model": "patchbay-small",
        "status": "queued",
    }
    path = f"/api/processing/job/{begun['job_id']}"
    waiting = data(soundforge.get(path))
    assert waiting == {
        "id": begun["job_id"],
        "track_id": track,
        "status": "queued",
        "progress": 0,
        "model": "patchbay-small",
        "stems": [],
        "error": None,
    }
    world.carry_out(world.services.jobs.get(ada.id, begun["job_id"]))
    over = data(soundforge.get(path))
    assert (over["status"], over["progress"]) == ("completed", 100)
    assert [stem["stem_type"] for stem in over["stems"]] == ["vocals", "drums", "bass", "other"]
    for stem in over["stems"]:
        by_id, by_path = soundforge.get(f"/export/stem/{stem['id']}"), soundforge.get(stem["file_path"])
        assert by_id.status == by_path.status == 302
        keys = {world.objects.key_of(answer.headers["location"]) for answer in (by_id, by_path)}
        assert len(keys) == 1
        assert f"/{stem['stem_type']}.wav" in str(keys)


def test_the_programs_own_form_of_an_order(world: World, ada: Tenant, soundforge: Api, track: str) -> None:
    file = f"/files/downloads/{track}/The Weeknd - Blinding Lights %C3%A9{'%F0%9F%8E%B5' * 200}.mp3"
    answer = soundforge.post("/api/processing/separate", {"file_path": file, "model": "patchbay-classic"})
    assert answer.status == 201
    told = answer.json()
    assert told == {"success": True, "job_id": told["job_id"], "status": "queued", "model": "patchbay-classic"}
    assert data(soundforge.get(f"/api/processing/job/{told['job_id']}"))["track_id"] == track


def test_an_upload_of_any_dialect_is_a_track_too(world: World, ada: Tenant, soundforge: Api) -> None:
    asset = world.upload(ada)
    begun = data(soundforge.post("/api/processing/separate", {"track_id": asset.id}))
    assert data(soundforge.get(f"/api/processing/job/{begun['job_id']}"))["track_id"] == asset.id


def test_a_failed_separation_says_why(world: World, ada: Tenant, soundforge: Api, track: str) -> None:
    begun = data(soundforge.post("/api/processing/separate", {"track_id": track}))
    failure = Failure(kind=FailureKind.INTERNAL, message="the worker died")
    world.services.pipeline.fail(ada.id, begun["job_id"], failure)
    over = data(soundforge.get(f"/api/processing/job/{begun['job_id']}"))
    assert (over["status"], over["error"]) == ("failed", "the worker died")


def test_the_models_are_the_documents_and_ours(soundforge: Api) -> None:
    found = {model["name"]: model for model in data(soundforge.get("/api/processing/models"))["models"]}
    assert list(found)[:4] == ["htdemucs", "htdemucs_ft", "htdemucs_6s", "mdx_extra"]
    assert (found["htdemucs_6s"]["stems"], found["htdemucs_6s"]["available"]) == (6, False)
    assert (found["patchbay-classic"]["stems"], found["patchbay-classic"]["available"]) == (4, True)


def test_a_model_that_is_not_installed_is_refused_with_what_is(soundforge: Api, track: str) -> None:
    answer = soundforge.post("/api/processing/separate", {"track_id": track, "model": "htdemucs_ft"})
    assert answer.status == 422
    told = answer.json()
    assert told["error"] == "Validation failed"
    assert "patchbay-classic" in told["details"]["model"][0]


def test_an_analysis_from_the_order_to_its_export(world: World, ada: Tenant, soundforge: Api, track: str) -> None:
    wanted = ["tempo", "key", "energy", "spectral", "mfcc", "chroma"]
    begun = data(soundforge.post("/api/analysis/analyze", {"track_id": track, "features": wanted}))
    assert begun == {"job_id": begun["job_id"], "track_id": track, "status": "queued"}
    path = f"/api/analysis/job/{begun['job_id']}"
    assert data(soundforge.get(path))["result"] is None
    missing = soundforge.get(f"/export/analysis/{track}")
    assert (missing.status, f"track {track} has no analysis yet" in missing.json()["error"]) == (404, True)
    analysed(world, ada, begun["job_id"])
    result = {
        "tempo": 128.0,
        "key": "A minor",
        "energy": 0.495,
        "spectral_centroid": 1823.4,
        "spectral_rolloff": 4200.1,
        "zero_crossing_rate": 0.12,
        "features": {"mfcc": [[1.0, 2.0], [3.0, 4.0]], "chroma": [[0.1] * 12]},
    }
    assert data(soundforge.get(path)) == {
        "id": begun["job_id"],
        "track_id": track,
        "status": "completed",
        "progress": 100,
        "result": result,
        "error": None,
    }
    assert soundforge.get(f"/export/analysis/{track}").json() == {
        "track_id": track,
        "title": "Blinding Lights",
        "artist": "The Weeknd",
        "analysis": result,
    }


@pytest.mark.parametrize("kind", ["full", "tempo", "key", "spectral", "energy", "structure", "loops", "arrangement"])
def test_the_programs_types_of_analysis(world: World, ada: Tenant, soundforge: Api, track: str, kind: str) -> None:
    file = f"/files/uploads/{track}/song.wav"
    answer = soundforge.post("/api/analysis/analyze", {"file_path": file, "type": kind})
    assert answer.status == 201
    job_id = answer.json()["job_id"]
    analysed(world, ada, job_id)
    result = data(soundforge.get(f"/api/analysis/job/{job_id}"))["result"]
    assert ("structure" in result) is (kind in {"structure", "arrangement"})
    if kind == "loops":
        assert {(loop["start"], loop["end"], loop["bars"]) for loop in result["loops"]} == {
            (0.0, 8.0, 4),
            (8.0, 16.0, 4),
            (0.0, 16.0, 8),
        }
    if kind == "arrangement":
        assert result["arrangement"] == [
            {"label": "A", "start": 0.0, "end": 8.0, "bars": 4, "chords": ["A:min"]},
            {"label": "B", "start": 8.0, "end": 20.0, "bars": 6, "chords": ["A:min", "C:maj"]},
        ]


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"no json",
        b"[1]",
        b"[" * 100_000,
        b"x" * (6 * 1024**2),
        b'{"tempo": 5}',
        b'{"tempo": {"bpm": NaN}}',
        b'{"energy": {"rms": {"mean": "loud"}}}',
        b'{"downbeats": 5}',
        b'{"downbeats": [1e999]}',
        b'{"structure": [{"start_s": 1}]}',
        b'{"structure": [1]}',
        b'{"chords": [{"start_s": "a", "end_s": 1, "label": "C:maj"}]}',
        b'{"mfcc": {"series": ' + b"[" * 400 + b"]" * 400 + b"}}",
    ],
)
def test_a_document_that_is_none_is_told_as_gone(
    world: World, ada: Tenant, soundforge: Api, track: str, left: bytes
) -> None:
    file = f"/files/uploads/{track}/song.wav"
    begun = soundforge.post("/api/analysis/analyze", {"file_path": file, "type": "arrangement"}).json()
    analysed(world, ada, begun["job_id"], left)
    answer = soundforge.get(f"/api/analysis/job/{begun['job_id']}")
    assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")
    assert "order the analysis again" in answer.json()["error"]


def test_a_file_is_given_by_its_path_once_it_was_looked_at(
    world: World, ada: Tenant, soundforge: Api, track: str
) -> None:
    path = f"/files/downloads/{track}/song.mp3"
    assert soundforge.get(path).status == 409
    _, asset = world.services.songs.audio_of(ada.id, track)
    world.services.assets.inspect(ada.id, asset.id)
    answer = soundforge.get(path)
    assert answer.status == 302
    assert world.objects.key_of(answer.headers["location"]) == world.services.assets.get(ada.id, asset.id).key


def test_a_repeated_order_makes_one_job(soundforge: Api, track: str) -> None:
    made = {
        data(soundforge.post("/api/processing/separate", {"track_id": track}, idempotency_key="once"))["job_id"]
        for _ in range(2)
    }
    assert len(made) == 1


def test_another_tenants_tracks_jobs_and_stems_are_not_there(
    world: World, ada: Tenant, bob: Tenant, soundforge: Api, track: str
) -> None:
    job_id = data(soundforge.post("/api/processing/separate", {"track_id": track}))["job_id"]
    world.carry_out(world.services.jobs.get(ada.id, job_id))
    (stem, *_) = data(soundforge.get(f"/api/processing/job/{job_id}"))["stems"]
    stranger = soundforge.with_key(f"Bearer {bob.secret}")
    for path in (
        f"/api/processing/job/{job_id}",
        f"/api/analysis/job/{job_id}",
        f"/export/stem/{stem['id']}",
        f"/export/analysis/{track}",
        stem["file_path"],
        f"/files/downloads/{track}/song.mp3",
    ):
        answer = stranger.get(path)
        assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND"), path
    for path in ("/api/processing/separate", "/api/analysis/analyze"):
        assert stranger.post(path, {"track_id": track}).status == 404
        assert soundforge.with_key(None).post(path, {"track_id": track}).status == 401


def test_what_separates_elsewhere_is_refused_without_a_key_for_it(
    world: World, ada: Tenant, soundforge: Api, track: str
) -> None:
    answer = soundforge.post("/api/processing/separate", {"track_id": track, "engine": "lalalai"})
    assert (answer.status, list(answer.json()["details"])) == (422, ["engine"])
    assert world.services.jobs.list(ada.id, limit=1) == []
