"""What SoundForge's API says of wrong requests, and of too many."""

import re

import pytest

from functions.dialects.soundforge.routes import DIALECT
from functions.http import cookies
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.core.browsers import form_token
from patchbay.domain.songs import Facts
from patchbay.settings import Settings
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

NO_ID = "0198c0de-0000-7000-8000-000000000000"
SEPARATE, ANALYZE = "/api/processing/separate", "/api/analysis/analyze"


def told(answer: Answer, status: int, code: str) -> str:
    assert answer.status == status, answer.text
    body = answer.json()
    assert body["code"] == code
    assert body["request_id"] == answer.headers["x-request-id"]
    return str(body["error"])


def test_without_a_key_the_words_are_the_documents(soundforge: Api) -> None:
    for key in (None, "Bearer pb_wrong", "Basic abc"):
        answer = soundforge.with_key(key).get("/api/processing/models")
        assert told(answer, 401, "UNAUTHORIZED") == "Unauthorized"
        assert answer.json()["message"] == "Valid Bearer token required"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (SEPARATE, {}, "track_id"),
        (SEPARATE, {"track_id": 5}, "track_id"),
        (SEPARATE, {"track_id": "x" * 65}, "track_id"),
        (SEPARATE, {"track_id": NO_ID, "engine": "remote"}, "engine"),
        (SEPARATE, {"file_path": f"/files/stems/{NO_ID}/vocals.wav"}, "file_path"),
        (ANALYZE, {"track_id": NO_ID, "features": ["bpm"]}, "features.0"),
        (ANALYZE, {"track_id": NO_ID, "features": []}, "features"),
        (ANALYZE, {"track_id": NO_ID, "type": "deep"}, "type"),
    ],
)
def test_a_wrong_field_is_named(soundforge: Api, path: str, body: dict[str, object], field: str) -> None:
    answer = soundforge.post(path, body)
    assert told(answer, 422, "VALIDATION_FAILED") == "Validation failed"
    assert list(answer.json()["details"]) == [field]
    assert answer.json()["message"]


def test_what_is_no_json_is_a_bad_request(soundforge: Api) -> None:
    told(soundforge.post(SEPARATE, b"{"), 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "path",
    [
        f"/api/processing/job/{NO_ID}",
        "/api/processing/job/not-a-uuid",
        f"/api/analysis/job/{NO_ID}",
        "/api/analysis/job/1",
        f"/export/stem/{NO_ID}",
        "/export/stem/vocals",
        f"/export/analysis/{NO_ID}",
        f"/files/stems/{NO_ID}/vocals.wav",
        "/files/../../etc/passwd",
        "/export",
    ],
)
def test_what_is_not_there_is_404_and_a_malformed_id_too(soundforge: Api, path: str) -> None:
    told(soundforge.get(path), 404, "NOT_FOUND")


def test_a_track_without_audio_says_how_to_get_some(world: World, ada: Tenant, soundforge: Api) -> None:
    song = world.services.songs.found(ada.id, Facts(title="Song", catalogue="spotify", catalogue_id="x"))
    assert "download it, or upload it" in told(soundforge.post(SEPARATE, {"track_id": song.id}), 409, "CONFLICT")


def test_a_browser_needs_the_token_of_its_pages(world: World, soundforge: Api) -> None:
    user = world.services.people.register("eve@example.org", "correct horse battery", "Eve")
    secret = world.services.browsers.begin(user.id)
    browser = soundforge.with_key(None)
    cookie = {"cookie": f"{cookies.NAME}={secret}"}
    assert browser.get("/api/processing/models", **cookie).status == 200
    told(browser.post(SEPARATE, {"track_id": NO_ID}, **cookie), 403, "FORBIDDEN")
    headers = {**cookie, cookies.FORM_HEADER: form_token(secret)}
    told(browser.post(SEPARATE, {"track_id": NO_ID}, **headers), 404, "NOT_FOUND")


class TestLimits:
    """The document's: sixty a minute, and ten of what is heavy."""

    @pytest.fixture
    def world(self, monkeypatch: pytest.MonkeyPatch) -> World:
        made = World(Settings(stage="test", rate_limit_scale=1))
        monkeypatch.setattr(bootstrap, "services", lambda: made.services)
        return made

    @pytest.fixture
    def api(self, ada: Tenant, loop: None) -> Api:
        return Api(lambda_handler(DIALECT), f"Bearer {ada.secret}")

    def test_sixty_and_their_headers(self, world: World, api: Api) -> None:
        for used in range(1, 61):
            answer = api.get("/api/processing/models")
            assert answer.status == 200
            assert answer.headers["x-ratelimit-limit"] == "60"
            assert answer.headers["x-ratelimit-remaining"] == str(60 - used)
            assert int(answer.headers["x-ratelimit-reset"]) > world.clock.now().timestamp()
        refused = api.get("/api/processing/models")
        assert told(refused, 429, "RATE_LIMITED") == "Too Many Requests"
        assert refused.json()["retry_after"] == int(refused.headers["retry-after"]) > 0
        assert re.search("60 requests", refused.json()["message"])

    def test_ten_of_each_heavy_path_and_the_others_go_on(self, api: Api) -> None:
        for path in (SEPARATE, ANALYZE):
            for _ in range(10):
                answer = api.post(path, {"track_id": NO_ID})
                assert (answer.status, answer.headers["x-ratelimit-limit"]) == (404, "10")
            told(api.post(path, {"track_id": NO_ID}), 429, "RATE_LIMITED")
        assert api.get("/api/processing/models").status == 200
