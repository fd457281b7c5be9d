"""What the Beatoven API says when something is wrong: 400, 401 or 500, which is all that its client tells apart."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dialects.beatoven import options
from functions.dialects.beatoven.routes import DIALECT
from functions.http import openapi
from patchbay.catalog.composition import EMOTIONS, GENRES, TEMPOS
from patchbay.catalog.prompts.understand import HELP
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.beatoven import FORM, TWO, got, posted, told

NO_ID = "0198c0de-0000-7000-8000-000000000000"
ROUTES = [
    (method, route.path.replace("{task_id}", NO_ID).replace("{track_id}", NO_ID))  # type: ignore[attr-defined]
    for route in DIALECT.router.routes
    for method in route.methods  # type: ignore[attr-defined]
]


def sections(*told: tuple[str, Any, Any]) -> list[dict[str, Any]]:
    return [{"emotion": emotion, "start": start, "length": length} for emotion, start, length in told]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "prompt", "say what to compose"),
    ({"title": "only a title"}, "prompt", "say what to compose"),
    ({"title": "only a title", "prompt": None}, "prompt", HELP),
    ({"prompt": ""}, "prompt", HELP),
    ({"prompt": " \n!"}, "prompt", HELP),
    ({"prompt": "asdf qwer"}, "prompt", "nothing in the prompt says what music"),
    ({"prompt": "the cat sat on the mat"}, "prompt", HELP),
    ({"prompt": {"text": "what is the weather like today?"}}, "prompt", HELP),
    ({"prompt": 7}, "prompt", "a prompt is a text"),
    ({"prompt": ["calm"]}, "prompt", "a prompt is a text"),
    ({"prompt": {"words": "calm"}}, "prompt", "an object with one as `text`"),
    ({"prompt": {"text": 7}}, "prompt", "an object with one as `text`"),
    ({"prompt": "a three hour pop song"}, "prompt", "15 minutes"),
    ({"prompt": "pop " * 600}, "prompt", "2000 characters at most"),
    ({"prompt": {"text": "pop " * 600}}, "prompt", "2000 characters at most"),
    ({"genre": "polka"}, "genre", "there is no genre 'polka'; there are: indian, pop"),
    ({"genre": 5}, "genre", ""),
    ({"tempo": "warp"}, "tempo", "there are: slow, medium, fast"),
    ({"duration_ms": 0}, "duration_ms", "5000 to 900000 ms"),
    ({"duration_ms": -1}, "duration_ms", ""),
    ({"duration_ms": 900_001}, "duration_ms", "5000 to 900000 ms"),
    ({"duration_ms": "nan"}, "duration_ms", ""),
    ({"duration_ms": "soon"}, "duration_ms", ""),
    ({"sections": "happy"}, "sections", ""),
    ({"sections": [5]}, "sections.0", ""),
    ({"sections": sections(("happy", 0, 1e9)), "duration_ms": None}, "sections", "5000 to 900000 ms"),
    ({"sections": sections(("happy", 0, 4000)), "duration_ms": None}, "sections", "not 4000"),
    ({"sections": sections(("happy", -5, 60000))}, "sections.0.start", ""),
    ({"sections": sections(("happy", 0, 1e99))}, "sections.0.length", ""),
    ({"sections": sections(("bored", 0, 60000))}, "sections.0.emotion", "there is no emotion 'bored'"),
    ({"sections": sections(("happy", 0, 30000), ("sad", 20000, 40000))}, "sections.1.start", "before 30 s"),
    ({"sections": sections(("happy", 0, 20000), ("sad", 30000, 30000))}, "sections.1.start", "nothing covers"),
    ({"sections": sections(("happy", 5000, 55000))}, "sections.0.start", "nothing covers the time from 0 s to 5 s"),
    ({"sections": sections(("happy", 0, 50000))}, "sections.0.length", "the sections end at 50 s"),
    ({"sections": sections(("happy", 0, 70000))}, "sections.0.length", "the sections end at 70 s"),
    ({"sections": sections(("happy", 0, 60000), ("sad", 60000, 0))}, "sections.1.length", "at least 1000 ms"),
    ({"sections": sections(("happy", "x", 60000))}, "sections.0.start", ""),
    ({"sections": [{"emotion": "happy"}]}, "sections.0.start", ""),
    ({"sections": sections(*(("happy", n * 5000, 5000) for n in range(57)))}, "sections", ""),
    ({"title": "x" * 20_000}, "title", "16000 bytes"),
    ({"prompt": "pop without drums", "genre": "pop", "looping": "perhaps"}, "looping", ""),
    ({"prompt": "piano at 500 bpm"}, "prompt", "beats per minute"),
]


def whole(changes: dict[str, Any], field: str) -> dict[str, Any]:
    """The document's form with one thing wrong in it; what is wrong with a prompt stands alone."""
    return changes if field == "prompt" else {**FORM, **changes}


NUMBERED = [f"{field}-{number}" for number, (_, field, _) in enumerate(WRONG)]


@pytest.mark.parametrize(("changes", "field", "words"), WRONG, ids=NUMBERED)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_track_that_cannot_be(
    beatoven: Api, ada: Tenant, world: World, version: str, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = beatoven.post(f"/api/{version}/tracks", whole(changes, field))
    assert words in told(answer, 400, "BAD_REQUEST", field)
    assert world.services.tracks.list(ada.id, limit=10) == []


AT_COMPOSE = [wrong for wrong in WRONG if any(wrong[0].get(name) is not None for name in wrong[0].keys() - {"title"})]


@pytest.mark.parametrize(("changes", "field", "words"), AT_COMPOSE)
@pytest.mark.parametrize(
    "path", ["/api/v1/tracks/{}/compose", "/api/v2/tracks/{}/compose", "/api/v1/tracks/compose/{}"]
)
def test_a_composition_that_cannot_be(
    beatoven: Api, ada: Tenant, world: World, path: str, changes: dict[str, Any], field: str, words: str
) -> None:
    track_id = posted(beatoven, "/api/v2/tracks", FORM)["uuid"]
    answer = beatoven.post(path.format(track_id), whole(changes, field))
    assert words in told(answer, 400, "BAD_REQUEST", field)
    assert world.services.jobs.list(ada.id, limit=10) == []
    assert world.services.tracks.get(ada.id, track_id).composed == 0


def blocked() -> list[tuple[str, str, str]]:
    found = []
    for one in options.PARAMS["blockedParams"]:
        found += [(one["genre"], mood, one["tempo"]) for mood in one.get("moods", one.get("mood"))]
    return found


@pytest.mark.parametrize(("genre", "emotion", "tempo"), blocked())
def test_a_blocked_combination_is_named_at_creation_and_at_composing(
    beatoven: Api, ada: Tenant, world: World, genre: str, emotion: str, tempo: str
) -> None:
    body = {**FORM, "genre": genre, "tempo": tempo, "sections": sections((emotion, 0, 60000))}
    track_id = posted(beatoven, "/api/v2/tracks", FORM)["uuid"]
    for path in ("/api/v2/tracks", "/api/v1/tracks", *(f"/api/{v}/tracks/{track_id}/compose" for v in ("v1", "v2"))):
        message = told(beatoven.post(path, body), 400, "BAD_REQUEST", "tempo")
        assert all(repr(word) in message for word in (genre, emotion, tempo))
    assert world.services.jobs.list(ada.id, limit=10) == []
    assert len(world.services.tracks.list(ada.id, limit=10)) == 1


@pytest.mark.parametrize("genre", GENRES)
def test_every_other_combination_can_be_made(beatoven: Api, genre: str) -> None:
    refused = set(blocked())
    assert len(refused) == 16
    for emotion in EMOTIONS:
        for tempo in TEMPOS:
            body = {**FORM, "genre": genre, "tempo": tempo, "sections": sections((emotion, 0, 60000))}
            expected = 400 if (genre, emotion, tempo) in refused else 200
            assert beatoven.post("/api/v2/tracks", body).status == expected


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_tempo_that_was_left_out_is_never_a_blocked_one(genre: str, emotion: str) -> None:
    options.check(genre, [emotion], options.free_tempo(genre, [emotion]))


def test_a_blocked_part_of_a_prompt_is_named_too(beatoven: Api) -> None:
    message = told(beatoven.post("/api/v2/tracks", {"prompt": "slow and sad soul"}), 400, "BAD_REQUEST", "tempo")
    assert "genre 'rnb', emotion 'sad' and tempo 'slow'" in message


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "prompt", HELP),
        ({"prompt": None}, "prompt", HELP),
        ({"prompt": {"text": ""}}, "prompt", HELP),
        ({"prompt": {"text": "hello"}}, "prompt", HELP),
        ({"prompt": {}}, "prompt", "an object with one as `text`"),
        ({"prompt": {"text": "pop"}, "format": "flac"}, "format", "'mp3', 'aac' or 'wav'"),
        ({"prompt": {"text": "pop"}, "looping": "perhaps"}, "looping", ""),
    ],
)
def test_a_prompt_that_cannot_be_composed(
    beatoven: Api, ada: Tenant, world: World, body: dict[str, Any], field: str, words: str
) -> None:
    assert words in told(beatoven.post("/api/v1/tracks/compose", body), 400, "BAD_REQUEST", field)
    assert world.services.tracks.list(ada.id, limit=10) == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_route_needs_a_key(beatoven: Api, ada: Tenant, method: str, path: str, slash: str) -> None:
    messages = set()
    wrong = (None, "", "api_key", "api_key x", f"Basic {ada.secret}", ada.secret, f"Bearer {ada.secret[:-1]}")
    for key in wrong:
        answer = beatoven.with_key(key).call(method, path + slash, body=b"{nonsense")
        messages.add(told(answer, 401, "UNAUTHORIZED"))
    assert len(messages) == 1, "the same words whatever is wrong with the key"


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("scheme", ["api_key", "Bearer", "API_KEY", "bearer"])
def test_both_schemes_are_taken(beatoven: Api, ada: Tenant, method: str, path: str, scheme: str) -> None:
    assert beatoven.with_key(f"{scheme} {ada.secret}").call(method, path, body=b"{}").status in {200, 400}


def test_a_key_may_be_held_to_reading(beatoven: Api, ada: Tenant, world: World) -> None:
    _, secret = world.services.accounts.create_key(ada.application, scopes=["read"])
    reader = beatoven.with_key(f"api_key {secret}")
    for method, path in ROUTES:
        answer = reader.call(method, path, body=b"{}")
        assert (answer.status == 401) == (method == "POST"), path
        assert method == "GET" or answer.json()["code"] == "FORBIDDEN"


def test_what_is_another_tenants_is_not_there(beatoven: Api, ada: Tenant, bob: Tenant, world: World) -> None:
    track_id = posted(beatoven, "/api/v2/tracks", TWO)["uuid"]
    task_id = posted(beatoven, f"/api/v2/tracks/{track_id}/compose", {})["task_id"]
    stems_id = posted(beatoven, f"/api/v2/tracks/{track_id}/instrument_urls", {})["task_id"]
    theirs = beatoven.with_key(f"api_key {bob.secret}")
    cases = [("POST", f"/api/{v}/tracks/{{}}/compose", track_id) for v in ("v1", "v2")]
    cases += [("GET", f"/api/{v}/tracks/{{}}", track_id) for v in ("v1", "v2")]
    cases += [("POST", "/api/v2/tracks/{}/instrument_urls", track_id), ("POST", "/api/v1/tracks/compose/{}", track_id)]
    polls = ("/api/v1/status/{}", "/api/v2/status/{}", "/api/v1/tasks/{}")
    cases += [("GET", path, one) for path in polls for one in (task_id, stems_id)]
    assert {method for method, _ in ROUTES} == {"GET", "POST"}
    before = dict(world.records.items)
    for method, path, real in cases:
        absent = NO_ID[:24] + real[24:]
        seen, none = (
            told(theirs.call(method, path.format(name), body=b"{}"), 400, "NOT_FOUND") for name in (real, absent)
        )
        assert seen.replace(real, "") == none.replace(absent, ""), "the two cannot be told apart"
    assert world.records.items == before
    assert got(theirs, "/api/v1/tracks") == {"tracks": []}
    assert len(got(beatoven, "/api/v1/tracks")["tracks"]) == 1


def test_ids_of_one_kind_are_none_of_another(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = posted(beatoven, "/api/v2/tracks", FORM)["uuid"]
    task_id = posted(beatoven, f"/api/v2/tracks/{track_id}/compose", {})["task_id"]
    other = world.order(ada).id
    for path in (f"/api/v2/status/{track_id}", f"/api/v2/tracks/{task_id}", f"/api/v2/status/{other}"):
        told(beatoven.get(path), 400, "NOT_FOUND")
    told(beatoven.get(f"/api/v1/tasks/{other}"), 400, "NOT_FOUND")


def test_a_composition_that_is_not_there(beatoven: Api) -> None:
    track_id = posted(beatoven, "/api/v2/tracks", FORM)["uuid"]
    place = f"/api/v2/tracks/{track_id}"
    assert "has none yet" in told(beatoven.post(f"{place}/instrument_urls", {}), 400, "NOT_FOUND")
    told(beatoven.get(place, ("version", "1")), 400, "NOT_FOUND")
    for wrong in ("-1", "x", "1.5"):
        told(beatoven.get(place, ("version", wrong)), 400, "BAD_REQUEST", "version")


@pytest.mark.parametrize("name", ["x", "..x", "%00", "a b", "é", NO_ID.upper(), "x" * 3000])
def test_an_id_that_is_none(beatoven: Api, name: str) -> None:
    for noun in ("v1/tracks", "v2/tracks", "v1/status", "v2/status", "v1/tasks"):
        told(beatoven.get(f"/api/{noun}/{name}"), 400, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/", "/api", "/api/v2", "/api/v3/tracks", "/api/v2/tracks/a/b", "/api/v2/tasks/x"])
def test_an_unknown_path(beatoven: Api, path: str) -> None:
    for api in (beatoven, beatoven.with_key(None)):
        told(api.get(path), 404, "NO_SUCH_PATH")


def test_a_method_that_a_path_does_not_take(beatoven: Api) -> None:
    answer = beatoven.call("DELETE", f"/api/v2/tracks/{NO_ID}")
    told(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD"


def test_bodies_that_are_no_json(beatoven: Api) -> None:
    for method, path in ROUTES:
        if method == "POST":
            told(beatoven.post(path, b"{"), 400, "BAD_REQUEST")
            assert beatoven.post(path, b"[]").status == 400
            told(beatoven.post(path, b"{}", content_length=str(DIALECT.limits.max_body_bytes + 1)), 400, "TOO_LARGE")


def test_the_document_tells_no_status_that_its_client_does_not_know() -> None:
    """But 429, which has to be told by its own status: whoever polls too fast is to see why."""
    told_by = [
        op["responses"].keys() for methods in openapi.document(DIALECT)["paths"].values() for op in methods.values()
    ]
    assert len(told_by) == len(ROUTES)
    assert all(statuses == {"200", "400", "401", "429", "500"} for statuses in told_by)


def test_the_store_is_down(beatoven: Api, world: World) -> None:
    world.records.down = True
    for method, path in ROUTES:
        told(beatoven.call(method, path, body=b'{"prompt": "pop"}'), 500, "UNAVAILABLE")


def test_a_fault_of_ours_leaks_nothing(beatoven: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.records, "query", lambda *args, **more: 1 / 0)
    assert "division" not in told(beatoven.get("/api/v1/tracks"), 500, "INTERNAL_ERROR")


def test_a_track_is_not_composed_without_end(beatoven: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patchbay.core.tracks.MAX_COMPOSITIONS", 1)
    track_id = posted(beatoven, "/api/v2/tracks", FORM)["uuid"]
    posted(beatoven, f"/api/v2/tracks/{track_id}/compose", {})
    told(beatoven.post(f"/api/v2/tracks/{track_id}/compose", {}), 400, "CONFLICT")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
times = st.sampled_from([0, 1, 30000, "30000", 60000, 90000]) | json_values
section = st.fixed_dictionaries({"emotion": st.sampled_from(EMOTIONS) | json_values, "start": times, "length": times})
bodies = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.sampled_from(["calm pop, 60 s", "sad", "piano only, no piano"]) | json_values,
        "genre": st.sampled_from(GENRES) | json_values,
        "tempo": st.sampled_from(TEMPOS) | json_values,
        "duration_ms": times,
        "title": json_values,
        "sections": st.lists(section, max_size=3) | json_values,
        "looping": st.booleans() | json_values,
    },
)


@given(body=bodies | json_values)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_it(beatoven: Api, body: Any) -> None:
    answer = beatoven.call("POST", "/api/v2/tracks", body=json.dumps(body).encode())
    if answer.status != 200:
        assert answer.status == 400, answer.text
        assert answer.json()["error"]
        return
    made = answer.json()
    if body.get("title") not in (None, "", []):
        assert made["track"]["title"] == body["title"]
    task_id = posted(beatoven, f"/api/v2/tracks/{made['uuid']}/compose", body)["task_id"]
    assert got(beatoven, f"/api/v2/status/{task_id}")["state"] == "PENDING"
    assert got(beatoven, f"/api/v2/tracks/{made['uuid']}")["track"]["sections"] == made["track"]["sections"]
