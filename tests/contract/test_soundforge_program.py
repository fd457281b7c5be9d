"""SoundForge: what its own program says and reads where the document has another form, or none."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from patchbay.domain.songs import Facts
from tests.contract.test_soundforge import analysed, data
from tests.fakes.gateway import Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.mixes import MIXED, assets_of

SEPARATE, ANALYZE, DOWNLOAD = "/api/processing/separate", "/api/analysis/analyze", "/api/download/track"
AUDIO = "https://audio.example.org/song.wav"


@pytest.fixture
def track(world: World, ada: Tenant) -> str:
    """A track with audio."""
    return world.services.songs.add(ada.id, Facts(title="Song"), asset_id=world.upload(ada).id).id


def beside(answer: Answer) -> dict[str, Any]:
    """What stands beside the envelope, which says the same."""
    shown, told = data(answer), {name: value for name, value in answer.json().items() if name != "data"}
    assert told == {
        "success": True,
        "job_id": shown["id"],
        "status": shown["status"],
        "progress": shown["progress"],
    }
    return told


@pytest.mark.parametrize("path", [SEPARATE, ANALYZE])
def test_a_file_may_come_with_its_track(world: World, ada: Tenant, soundforge: Api, track: str, path: str) -> None:
    asset = world.services.songs.get(ada.id, track).asset_id
    for place in (f"downloads/{track}/song.mp3", f"uploads/{asset}/song.wav", f"uploads/{track}/song.wav"):
        answer = soundforge.post(path, {"track_id": track, "file_path": f"/files/{place}"})
        assert (answer.status, answer.json()["success"]) == (201, True), answer.text
        job = world.services.jobs.get(ada.id, answer.json()["job_id"])
        assert (job.metadata["track_id"], job.input_asset_id) == (track, asset)


@pytest.mark.parametrize("path", [SEPARATE, ANALYZE])
def test_a_file_of_another_track_is_refused(world: World, ada: Tenant, soundforge: Api, track: str, path: str) -> None:
    other = world.services.songs.add(ada.id, Facts(title="Other"), asset_id=world.upload(ada).id)
    answer = soundforge.post(path, {"track_id": track, "file_path": f"/files/downloads/{other.id}/song.mp3"})
    assert (answer.status, list(answer.json()["details"])) == (422, ["file_path"])
    answer = soundforge.post(path, {"track_id": track, "file_path": "/files/x"})
    assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")
    assert world.services.jobs.list(ada.id, limit=1) == []


def test_null_is_as_good_as_nothing(world: World, ada: Tenant, soundforge: Api, track: str) -> None:
    told = data(soundforge.post(SEPARATE, {"track_id": track, "file_path": None, "model": None, "engine": None}))
    assert told["model"] == "patchbay-small"
    begun = data(soundforge.post(ANALYZE, {"track_id": track, "features": None, "type": None}))
    assert len(world.services.jobs.get(ada.id, begun["job_id"]).params["features"]) > 6
    order = {"track_id": track, "audio_url": AUDIO, "quality": None}
    assert world.services.jobs.get(ada.id, data(soundforge.post(DOWNLOAD, order))["job_id"]).params == {
        "bitrate_kbps": 320
    }


@pytest.mark.parametrize(
    ("asked", "kind"),
    [({"type": "tempo"}, "tempo"), ({}, "full"), ({"features": ["key"]}, None)],
)
def test_an_analysis_of_a_file_tells_its_type(
    soundforge: Api, track: str, asked: dict[str, Any], kind: str | None
) -> None:
    answer = soundforge.post(ANALYZE, {"file_path": f"/files/uploads/{track}/song.wav", **asked})
    assert (answer.status, answer.json().get("type")) == (201, kind)


def test_a_job_is_told_in_both_forms(world: World, ada: Tenant, soundforge: Api, track: str) -> None:
    file = f"/files/uploads/{track}/song.wav"
    separation = soundforge.post(SEPARATE, {"file_path": file}).json()["job_id"]
    analysis = soundforge.post(ANALYZE, {"file_path": file}).json()["job_id"]
    download = data(soundforge.post(DOWNLOAD, {"track_id": track, "audio_url": AUDIO}))["job_id"]
    assert beside(soundforge.get(f"/api/processing/job/{separation}"))["status"] == "queued"
    assert beside(soundforge.get(f"/api/download/job/{download}"))["status"] == "downloading"
    world.carry_out(world.services.jobs.get(ada.id, separation))
    analysed(world, ada, analysis)
    for path in (f"/api/processing/job/{separation}", f"/api/analysis/job/{analysis}"):
        told = beside(soundforge.get(path))
        assert (told["status"], told["progress"]) == ("completed", 100)


def edited(api: Api, data: bytes = GOOD, /, field: str = "file", **texts: str) -> Answer:
    """What the program's editor sends once it has rendered a stem."""
    files = {field: ("vocals_edited.wav", data, "audio/wav")}
    made = httpx.Request("POST", "https://x/", files=files, data=texts)
    headers = {"content-type": made.headers["content-type"]}
    return api.call("POST", "/api/daw/export", headers=headers, body=made.read())


def test_a_stem_of_the_programs_editor_is_kept(
    world: World, ada: Tenant, bob: Tenant, soundforge: Api, track: str
) -> None:
    told = edited(soundforge, track_id=track, stem_type="vocals").json()
    assert told == {"ok": True, "stem_id": told["stem_id"], "file_path": told["file_path"]}
    assert told["file_path"] == f"/files/uploads/{told['stem_id']}/vocals_edited.wav"
    asset = world.services.assets.get(ada.id, told["stem_id"])
    assert (asset.keep_until, world.objects.stored[asset.key][0]) == (None, GOOD)
    for path in (f"/export/stem/{told['stem_id']}", told["file_path"]):
        answer = soundforge.get(path)
        assert (answer.status, world.objects.key_of(answer.headers["location"])) == (302, asset.key)
        assert soundforge.with_key(f"Bearer {bob.secret}").get(path).status == 404
    assert soundforge.post(ANALYZE, {"file_path": told["file_path"]}).status == 201
    assert [job.workflow for job in world.services.jobs.list(ada.id, limit=9)] == ["audio-analysis"], "nothing is mixed"


def test_it_is_kept_as_long_as_files_are_here(
    world: World, ada: Tenant, soundforge: Api, track: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.services.limits), "kept", timedelta(days=30))
    told = edited(soundforge, track_id=track, stem_type="vocals").json()
    asset = world.services.assets.get(ada.id, told["stem_id"])
    assert asset.keep_until == world.clock.now() + timedelta(days=30)


@pytest.mark.parametrize(
    ("data", "texts", "status", "field"),
    [
        (b"no audio", {"stem_type": "vocals"}, 422, "file"),
        (GOOD, {"stem_type": " "}, 422, "stem_type"),
        (GOOD, {"stem_type": "v" * 101}, 422, "stem_type"),
        (GOOD, {"stem_type": "a\nb"}, 422, "stem_type"),
        (GOOD, {"stem_type": "vocals", "track_id": ""}, 422, "track_id"),
        (GOOD, {"stem_type": "vocals", "track_id": "0198c0de-0000-7000-8000-000000000000"}, 404, None),
    ],
)
def test_a_stem_that_cannot_be_kept_leaves_nothing(
    world: World, ada: Tenant, soundforge: Api, track: str, data: bytes, texts: dict[str, str], status: int, field: str
) -> None:
    before = assets_of(world, ada)
    answer = edited(soundforge, data, **{"track_id": track, **texts})
    assert (answer.status, next(iter(answer.json().get("details", {})), None)) == (status, field), answer.text
    assert assets_of(world, ada) == before


def test_a_kept_stem_needs_a_file(soundforge: Api, track: str) -> None:
    made = httpx.Request("POST", "https://x/", files={"stem_type": (None, "vocals"), "track_id": (None, track)})
    headers = {"content-type": made.headers["content-type"]}
    answer = soundforge.call("POST", "/api/daw/export", headers=headers, body=made.read())
    assert (answer.status, list(answer.json()["details"])) == (422, ["file"])


@pytest.mark.usefixtures("worker")
def test_without_its_type_a_file_is_a_stem_to_mix(soundforge: Api, track: str) -> None:
    assert edited(soundforge, track_id=track).body == MIXED
