"""The document's own API of Beatoven on the wire: each documented request and answer, under `/api/v2`."""

import re
from typing import Any

import pytest

from functions.dialects import shape_of
from functions.dialects.beatoven import schemas
from patchbay.domain.jobs import Failure, FailureKind
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.beatoven import FORM, TWO, carry_out, got, posted, report

HTTP_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
PARTS = {"bass", "chords", "melody", "percussion"}


def create(api: Api, given: dict[str, Any]) -> Any:
    made = posted(api, "/api/v2/tracks", given)
    assert schemas.Created.model_validate(made).model_dump() == made
    return made


def status(api: Api, task_id: str) -> Any:
    found = got(api, f"/api/v2/status/{task_id}")
    assert schemas.Status.model_validate(found).model_dump(exclude_none=True) == found
    return found


def compose(api: Api, track_id: str, given: dict[str, Any] | None = None) -> str:
    made = posted(api, f"/api/v2/tracks/{track_id}/compose", given or {})
    assert made.keys() == {"task_id"}
    return str(made["task_id"])


def path(url: str) -> str:
    return url.partition("?")[0]


def test_the_documents_form_makes_the_documents_track(beatoven: Api) -> None:
    made = create(beatoven, FORM)
    assert made["status"] == "Created successfully"
    assert made["tracks"] == [made["uuid"]]
    track = made["track"]
    assert HTTP_DATE.fullmatch(track.pop("created_at"))
    assert track == {**FORM, "version": 0, "music_prompt": None, "understood": {}}


def test_the_documents_prompt(beatoven: Api) -> None:
    prompt = "Make a 30 second upbeat EDM track for a party"
    track = create(beatoven, {"prompt": prompt})["track"]
    told = {name: track[name] for name in ("duration_ms", "genre", "tempo", "sections", "music_prompt", "title")}
    assert told == {
        "duration_ms": 30000,
        "genre": "electronic",
        "tempo": "fast",
        "sections": [{"emotion": "energetic", "length": 30000, "start": 0}],
        "music_prompt": prompt,
        "title": prompt,
    }
    assert track["understood"]["30 second"] == "duration_s: 30"
    assert track["understood"]["edm"] == "genre: electronic"


def test_two_sections_with_numbers_as_texts(beatoven: Api) -> None:
    track = create(beatoven, TWO)["track"]
    assert track["sections"] == [
        {"emotion": "happy", "start": 0, "length": 30000},
        {"emotion": "angry", "start": 30000, "length": 60000},
    ]


def test_fields_go_before_the_prompt(beatoven: Api) -> None:
    given = {"prompt": "a sad slow piano ballad, 20 seconds", "genre": "Ambient", "duration_ms": 45000, "title": "T"}
    track = create(beatoven, given)["track"]
    assert (track["genre"], track["duration_ms"], track["tempo"], track["title"]) == ("ambient", 45000, "slow", "T")
    assert [section["emotion"] for section in track["sections"]] == ["sad"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"genre": "rnb", "prompt": "uplifting"}, ("rnb", "medium", 60000, "inspirational")),
        ({"genre": "indie", "prompt": "workout"}, ("indie", "fast", 60000, "energetic")),
        ({"genre": "hip-hop"}, ("hiphop", "slow", 60000, "relaxing")),
        ({"duration_ms": 5000}, ("cinematic", "medium", 5000, "inspirational")),
        ({"tempo": "FAST"}, ("cinematic", "fast", 60000, "inspirational")),
        ({"sections": TWO["sections"]}, ("pop", "medium", 90000, "happy")),
        ({"prompt": "calm"}, ("ambient", "slow", 60000, "calm")),
    ],
)
def test_what_is_left_out_is_made_up_so_that_it_can_be_composed(
    beatoven: Api, given: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    track = create(beatoven, given)["track"]
    assert (track["genre"], track["tempo"], track["duration_ms"], track["sections"][0]["emotion"]) == expected


def test_a_composition_from_its_order_to_its_end(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, TWO)["uuid"]
    assert world.executions.started == []
    task_id = compose(beatoven, track_id)
    assert world.executions.started
    pending = status(beatoven, task_id)
    waiting = {"message": "Waiting to be composed", "percentage": 0, "generationProgress": 0}
    assert pending == {"state": "PENDING", "meta": waiting}
    (planned,) = world.services.pipeline.plan(ada.id, task_id)
    assert planned.compute == "cpu"
    for done, told in ((0.0, 0), (0.64, 64)):
        report(world, ada.id, task_id, done)
        under_way = status(beatoven, task_id)
        assert (under_way["state"], under_way["meta"]["percentage"]) == ("PROGRESS", told)
        assert under_way["meta"]["generationProgress"] == told
        assert under_way["meta"]["message"]
    carry_out(world, ada.id, task_id)
    done = status(beatoven, task_id)
    assert done["state"] == "SUCCESS"
    assert done["meta"].keys() == {"download_url", "section_options"}
    assert path(done["meta"]["download_url"]).endswith("/track.mp3")
    options = done["meta"]["section_options"]
    assert [len(sections) for sections in options] == [2, 2, 2, 2], "[version][section]"
    for version, sections in enumerate(options):
        for number, section in enumerate(sections):
            assert section["instruments"] == [f"percussion-kit_{version}{number}"]
            assert section["section_duration"] == (30000, 60000)[number]
            assert path(section["track_url"]).endswith(f"/section-{version}-{number}.mp3")
            assert path(section["preview_url"]).endswith(f"/preview-{version}-{number}.mp3")


def test_a_task_that_failed_says_why(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    failed, cancelled = compose(beatoven, track_id), compose(beatoven, track_id)
    world.services.pipeline.fail(ada.id, failed, Failure(kind=FailureKind.INTERNAL, message="out of strings"))
    world.services.jobs.cancel(ada.id, cancelled)
    for task_id, why in ((failed, "out of strings"), (cancelled, "cancelled by its owner")):
        found = status(beatoven, task_id)
        assert (found["state"], found["error"], found["meta"]["message"]) == ("FAILURE", why, why)


@pytest.mark.parametrize(
    "path", ["/api/v1/tracks/{}/compose", "/api/v2/tracks/{}/compose", "/api/v1/tracks/compose/{}"]
)
@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
def test_composing_needs_no_body(beatoven: Api, ada: Tenant, world: World, path: str, body: bytes) -> None:
    track_id = create(beatoven, TWO)["uuid"]
    answer = beatoven.call("POST", path.format(track_id), body=body)
    assert answer.status == 200, answer.text
    params = world.services.jobs.get(ada.id, answer.json()["task_id"]).params
    track = world.services.tracks.get(ada.id, track_id)
    for name in ("genre", "duration_s", "sections"):
        assert params[name] == track.params[name]


def test_composing_again_is_another_piece_and_another_version(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    tasks = [compose(beatoven, track_id) for _ in range(2)]
    jobs = [world.services.jobs.get(ada.id, task_id) for task_id in tasks]
    assert jobs[0].params["seed"] != jobs[1].params["seed"]
    carry_out(world, ada.id, tasks[0])
    first = got(beatoven, f"/api/v2/tracks/{track_id}", ("version", "1"))
    assert (first["state"], first["version"], first["track"]["version"]) == ("SUCCESS", 1, 2)
    latest = got(beatoven, f"/api/v2/tracks/{track_id}")
    assert (latest["state"], latest["version"], latest["download_url"]) == ("PENDING", 2, None)
    carry_out(world, ada.id, tasks[1])
    urls = [got(beatoven, f"/api/v2/tracks/{track_id}", ("version", n))["download_url"] for n in ("0", "1", "2")]
    assert path(urls[0]) == path(urls[1]) != path(urls[2])


def test_a_composition_with_other_wishes(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, TWO)["uuid"]
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (FORM, {"genre": "indie", "duration_s": 60.0, "tempo": "medium"}),
        ({"genre": "ambient"}, {"genre": "ambient", "duration_s": 90.0}),
        ({"prompt": "make it slow, in D minor, with a flute and no drums"}, {"genre": "pop", "key": "D minor"}),
        ({"duration_ms": 45000}, {"duration_s": 45.0, "genre": "pop"}),
    ]
    for given, expected in cases:
        params = world.services.jobs.get(ada.id, compose(beatoven, track_id, given)).params
        full = {"genre": "cinematic", "duration_s": 60.0, "tempo": "medium", **params}
        assert {name: full[name] for name in expected} == expected
        assert (params["versions"], params["sections_audio"]) == (4, True)
    shorter = [(one["start_s"], one["length_s"]) for one in params["sections"]]
    assert shorter == [(0.0, 15.0), (15.0, 30.0)], "sections keep their shares"
    assert got(beatoven, f"/api/v2/tracks/{track_id}")["track"]["duration_ms"] == 45000
    assert world.services.tracks.get(ada.id, track_id).params["duration_s"] == 90.0, "the track itself stays"


def test_stems_are_made_when_they_are_asked_for(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, TWO)["uuid"]
    carry_out(world, ada.id, compose(beatoven, track_id))
    assert got(beatoven, f"/api/v2/tracks/{track_id}")["instrument_urls"] == []
    task_id = posted(beatoven, f"/api/v2/tracks/{track_id}/instrument_urls", {})["task_id"]
    assert status(beatoven, task_id)["state"] == "PENDING"
    again = posted(beatoven, f"/api/v2/tracks/{track_id}/instrument_urls", {"version": 1})["task_id"]
    assert again == task_id, "asked twice, made once"
    carry_out(world, ada.id, task_id)
    done = status(beatoven, task_id)
    assert done["state"] == "SUCCESS"
    assert [len(sections) for sections in done["meta"]] == [2, 2, 2, 2]
    stems = done["meta"][3][1]
    assert stems.keys() == PARTS
    assert path(stems["melody"]["track_url"]).endswith("/stem-3-1-melody.mp3")
    assert stems["melody"]["preview_url"] == ""
    found = got(beatoven, f"/api/v2/tracks/{track_id}")
    assert schemas.ComposedTrack.model_validate(found).model_dump() == found
    urls = found["instrument_urls"]
    assert path(urls[3][1]["melody"]["track_url"]) == path(stems["melody"]["track_url"])
    assert path(found["download_url"]).endswith("/track.mp3")
    assert len(found["section_options"]) == 4


def test_stems_are_of_the_music_that_was_composed(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    composed = world.services.jobs.get(ada.id, compose(beatoven, track_id, {"prompt": "slow and sad, with a cello"}))
    compose(beatoven, track_id)
    answer = beatoven.call(
        "POST", f"/api/v2/tracks/{track_id}/instrument_urls", query=[("version", "1")], body=b"{}"
    ).json()
    stems = world.services.jobs.get(ada.id, answer["task_id"]).params
    only_ours = {"section_stems", "sections_audio", "formats"}
    assert {k: v for k, v in stems.items() if k not in only_ours} == {
        k: v for k, v in composed.params.items() if k not in only_ours
    }


def test_stems_that_failed_are_made_anew(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    compose(beatoven, track_id)
    place = f"/api/v2/tracks/{track_id}/instrument_urls"
    first = posted(beatoven, place, {})["task_id"]
    world.services.pipeline.fail(ada.id, first, Failure(kind=FailureKind.TIMEOUT, message="too slow"))
    second = beatoven.call("POST", place).json()["task_id"]
    assert second != first


def test_a_track_that_was_never_composed(beatoven: Api) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    found = got(beatoven, f"/api/v2/tracks/{track_id}")
    told = {name: found[name] for name in ("state", "version", "download_url", "section_options", "instrument_urls")}
    assert told == {"state": None, "version": 0, "download_url": None, "section_options": [], "instrument_urls": []}


def test_the_options_are_the_documents(beatoven: Api) -> None:
    found = got(beatoven, "/api/v2/composition_params")
    assert list(found) == ["genre", "emotion", "tempo", "blockedParams"]
    assert " ".join(found["genre"]) == "indian pop ambient indie rnb cinematic hiphop electronic"
    assert " ".join(found["emotion"]) == (
        "sad calm motivational happy scary cheerful angry triumphant relaxing depressing dreamy inspirational energetic"
        " joyful tense fearful"
    )
    assert found["tempo"] == ["slow", "medium", "fast"]
    first, second, *rest = found["blockedParams"]
    moods = "tense angry scary fearful sad inspirational depressing motivational triumphant"
    assert first == {"genre": "rnb", "moods": moods.split(), "tempo": "slow"}
    assert second == {"genre": "rnb", "moods": ["inspirational", "motivational", "triumphant"], "tempo": "fast"}
    assert rest == [
        {"genre": "indie", "moods": ["energetic"], "tempo": "slow"},
        {"genre": "indie", "mood": ["energetic"], "tempo": "medium"},
        {"genre": "cinematic", "moods": ["energetic"], "tempo": "slow"},
        {"genre": "hiphop", "moods": ["energetic"], "tempo": "slow"},
    ]


def test_links_are_made_anew_but_lead_to_the_same_place(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    task_id = compose(beatoven, track_id)
    carry_out(world, ada.id, task_id)
    told = status(beatoven, task_id)["meta"]["download_url"]
    found = got(beatoven, f"/api/v2/tracks/{track_id}")["download_url"]
    assert told != found
    assert told[: told.find("?")] == found[: found.find("?")]


def test_a_key_makes_one_composition(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    place = f"/api/v2/tracks/{track_id}/compose"
    made = {posted(beatoven, place, {}, idempotency_key="k")["task_id"] for _ in range(2)}
    assert len(made) == 1
    assert len(world.services.jobs.list(ada.id, limit=10)) == 1
    assert world.services.tracks.get(ada.id, track_id).composed == 1


def test_nobody_is_called_back(beatoven: Api, ada: Tenant, world: World) -> None:
    task_id = compose(beatoven, create(beatoven, FORM)["uuid"])
    assert shape_of("beatoven")(carry_out(world, ada.id, task_id)) is None


def test_a_job_that_was_deleted_leaves_its_track_readable(beatoven: Api, ada: Tenant, world: World) -> None:
    track_id = create(beatoven, FORM)["uuid"]
    world.services.jobs.delete(ada.id, compose(beatoven, track_id))
    found = got(beatoven, f"/api/v2/tracks/{track_id}")
    assert (found["state"], found["download_url"]) == (None, None)
