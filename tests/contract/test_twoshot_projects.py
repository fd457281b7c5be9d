"""Projects on TwoShot's wire: the document's eight endpoints but the renders."""

import re
from typing import Any

import pytest

from functions.dialects.twoshot.schemas import projects as schemas
from functions.http.sizes import MAX_ANSWER_BYTES, answer_bytes
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample
from tests.support.twoshot import NO_ID, TIME, bearer, register, taken, told
from tests.support.twoshot_projects import DOCUMENT, DRUMS, KICK, SMALL, clip, put


@pytest.fixture
def ben(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ben"))


@pytest.fixture
def project_id(twoshot: Api) -> str:
    return make(twoshot)


def make(api: Api, **more: Any) -> str:
    return str(taken(api.post("/project", {**DOCUMENT, **more}), 201)["id"])


def names(api: Api, *query: tuple[str, str]) -> list[str]:
    return [each["name"] for each in taken(api.get("/project", *query))]


def test_the_documents_project_comes_back_as_it_was_sent(twoshot: Api) -> None:
    made = twoshot.post("/project", DOCUMENT)
    assert taken(made, 201).keys() == {"id"}
    answer = twoshot.get(f"/project/{made.json()['id']}")
    found = taken(answer)
    assert made.headers["etag"] == answer.headers["etag"] == '"1"'
    assert schemas.Project.model_validate(found).model_dump(mode="json") == found
    assert {"id", "owner", "public", "name", "version", "created", "updated", "data"} <= found.keys()
    assert (found["name"], found["version"], found["public"]) == ("My New Track", "1.0.0", False)
    for when in (found["created"], found["updated"]):
        assert re.fullmatch(TIME, when)
    assert {"id", "userName", "verified", "featured", "displayPicture", "followed"} == found["owner"].keys()
    expected = {name: DOCUMENT[name] for name in ("tempo", "grid", "snapToGrid", "playHead", "soloTarget")}
    kick = {**KICK, "preservePitch": True}
    assert found["data"] == {**expected, "tracks": [{**DRUMS, "clips": [kick]}]}


def test_the_least_that_a_project_needs(twoshot: Api) -> None:
    found = taken(twoshot.get(f"/project/{taken(twoshot.post('/project', SMALL), 201)['id']}"))
    assert found["data"] == {
        "tempo": 140.0,
        "grid": 0.25,
        "snapToGrid": True,
        "playHead": {"start": 0.0, "end": None},
        "soloTarget": None,
        "tracks": [],
    }
    assert (found["version"], found["duration"]) == ("", 0.0)
    least = {"source": {"sampleId": 7}}
    clips = taken(twoshot.get(f"/project/{make(twoshot, tracks=[{'clips': [least, least]}])}"))["data"]["tracks"][0]
    ids = [each.pop("id") for each in clips["clips"]]
    assert len(set(ids)) == 2
    told_clip = {**KICK, "name": "", "color": None, "volume": 1.0, "speed": 1.0, "cutEnd": None, "preservePitch": True}
    assert clips["clips"] == [{**{k: v for k, v in told_clip.items() if k != "id"}, **least}] * 2


def test_what_an_answer_holds_can_be_sent_again(twoshot: Api, project_id: str) -> None:
    """A client that saves what it was given sends the document in `data`, with all that stands beside it."""
    found = taken(twoshot.get(f"/project/{project_id}"))
    found["data"]["tempo"] = 99.0
    saved = taken(put(twoshot, project_id, found))
    assert (saved["data"], saved["revision"]) == (found["data"], 2)
    again = taken(twoshot.post("/project", found), 201)["id"]
    assert again != project_id
    assert taken(twoshot.get(f"/project/{again}"))["data"] == found["data"]


def test_saving(twoshot: Api, project_id: str, world: World) -> None:
    world.clock.advance(seconds=9)
    answer = put(twoshot, project_id, {**SMALL, "version": "2.0.0-β"})
    found = taken(answer)
    assert (answer.headers["etag"], found["revision"]) == ('"2"', 2)
    assert (found["name"], found["version"], found["data"]["tempo"], found["data"]["tracks"]) == (
        "My Beat",
        "2.0.0-β",
        140.0,
        [],
    )
    assert found["data"]["playHead"] == {"start": 0.0, "end": None}, "a whole document takes the other's place"
    assert found["created"] < found["updated"]
    assert taken(twoshot.get(f"/project/{project_id}")) == found
    same = put(twoshot, project_id, {**SMALL, "version": "2.0.0-β"})
    assert (taken(same), same.headers["etag"]) == (found, '"2"'), "what changes nothing is no revision"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"tempo": 90}, {"tempo": 90.0}),
        ({"grid": 1}, {"grid": 1.0}),
        ({"snapToGrid": False}, {"snapToGrid": False}),
        ({"playHead": {"start": 4}}, {"playHead": {"start": 4.0, "end": None}}),
        ({"soloTarget": {"track": DRUMS["id"]}}, {"soloTarget": {"track": DRUMS["id"]}}),
        ({"soloTarget": {"clip": KICK["id"]}}, {"soloTarget": {"clip": KICK["id"]}}),
        ({"tracks": []}, {"tracks": []}),
        ({"data": {"tempo": 90}}, {"tempo": 90.0}),
    ],
)
def test_less_than_a_document_changes_what_it_names(
    twoshot: Api, project_id: str, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = taken(twoshot.get(f"/project/{project_id}"))
    after = taken(put(twoshot, project_id, change))
    assert after["data"] == {**before["data"], **expected}
    assert (after["name"], after["version"], after["public"]) == (before["name"], before["version"], False)
    assert taken(put(twoshot, project_id, {"name": "Other"}))["data"] == after["data"]
    assert taken(put(twoshot, project_id, {"version": "x"}))["name"] == "Other"


def test_sharing(twoshot: Api, ben: Api, project_id: str) -> None:
    anybody = twoshot.with_key(None)
    for api in (ben, anybody):
        told(api.get(f"/project/{project_id}"), 404, "NOT_FOUND")
    shared = put(twoshot, project_id, {"public": True})
    assert (taken(shared)["public"], shared.headers["etag"]) == (True, '"2"')
    for api in (twoshot, ben, anybody):
        assert taken(api.get(f"/project/{project_id}"))["data"] == shared.json()["data"]
    for answer in (put(ben, project_id, {"public": False}), ben.delete(f"/project/{project_id}")):
        told(answer, 404, "NOT_FOUND")
    assert taken(put(twoshot, project_id, SMALL))["public"] is True, "a document says nothing of it"
    assert taken(put(twoshot, project_id, {"public": False}))["public"] is False
    told(anybody.get(f"/project/{project_id}"), 404, "NOT_FOUND")


def test_an_owner_is_told_as_he_is_to_who_asks(twoshot: Api, ben: Api, project_id: str) -> None:
    put(twoshot, project_id, {"public": True})
    me = taken(twoshot.get("/user"))["id"]
    assert taken(ben.get(f"/project/{project_id}"))["owner"]["followed"] is False
    taken(ben.post(f"/user/{me}/follow", b""))
    found = taken(ben.get(f"/project/{project_id}"))["owner"]
    assert (found["id"], found["followed"]) == (me, True)


def test_removing(twoshot: Api, project_id: str, world: World) -> None:
    put(twoshot, project_id, SMALL)
    world.index_samples()
    assert taken(twoshot.delete(f"/project/{project_id}")) == {"id": project_id}
    for answer in (
        twoshot.get(f"/project/{project_id}"),
        twoshot.delete(f"/project/{project_id}"),
        put(twoshot, project_id, SMALL),
        twoshot.get(f"/project/{project_id}/version"),
        twoshot.post(f"/project/{project_id}/clone", b""),
    ):
        told(answer, 404, "NOT_FOUND")
    assert names(twoshot) == []
    world.index_samples()
    assert names(twoshot) == []
    assert not world.objects.stored


def test_copies(twoshot: Api, ben: Api, project_id: str, world: World) -> None:
    told(ben.post(f"/project/{project_id}/clone", b""), 404, "NOT_FOUND")
    put(twoshot, project_id, {"public": True})
    for api in (twoshot, ben):
        answer = api.post(f"/project/{project_id}/clone", b"")
        copy = taken(answer, 201)
        assert schemas.Project.model_validate(copy).model_dump(mode="json") == copy
        assert (copy["id"] != project_id, copy["public"], copy["revision"]) == (True, False, 1)
        assert (copy["name"], copy["version"]) == ("My New Track", "1.0.0")
        assert copy["data"] == taken(twoshot.get(f"/project/{project_id}"))["data"]
        assert copy["owner"]["id"] == taken(api.get("/user"))["id"]
        assert answer.headers["etag"] == '"1"'
    told(twoshot.get(f"/project/{copy['id']}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/project", "/project/{}/clone", "/project/{}/version/1/restore"])
def test_what_is_asked_twice_is_done_once(twoshot: Api, project_id: str, world: World, path: str) -> None:
    put(twoshot, project_id, SMALL)
    body: Any = DOCUMENT if path == "/project" else b""
    answers = [twoshot.post(path.format(project_id), body, idempotency_key="k") for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert answers[0].headers["etag"] == answers[1].headers["etag"]
    assert answers[1].headers["idempotent-replayed"] == "true"
    world.index_samples()
    assert len(names(twoshot)) == (1 if "restore" in path else 2)


class TestLists:
    @pytest.fixture(autouse=True)
    def library(self, twoshot: Api, ben: Api, world: World) -> None:
        """Ada's: a private one, and public ones of 100, 110, ... 150; Ben's: a private and a public one."""
        make(twoshot, name="Ada Secret", tempo=100)
        for n, name in enumerate(("Epic House", "Epic Techno", "Deep House", "Ambient", "Dub", "Épique")):
            lasts = {"tracks": [{"clips": [clip(speed=1, cutEnd=10.0 * (n + 1))]}]}
            make(twoshot, name=name, tempo=100 + 10 * n, public=True, **lasts)
        make(ben, name="Ben Secret", tempo=100)
        make(ben, name="House of Ben", tempo=128.5, public=True)
        world.index_samples()

    def test_anybody_sees_the_public_ones(self, twoshot: Api) -> None:
        open_ones = ["House of Ben", "Épique", "Dub", "Ambient", "Deep House", "Epic Techno", "Epic House"]
        assert names(twoshot.with_key(None)) == open_ones
        assert names(twoshot) == [*open_ones, "Ada Secret"]
        assert names(twoshot, ("public", "true")) == open_ones
        assert names(twoshot, ("public", "false")) == [*open_ones, "Ada Secret"]

    def test_a_list_has_the_form_of_the_document(self, twoshot: Api) -> None:
        (found,) = taken(twoshot.get("/project", ("name", "epic house")))
        assert schemas.ListedProject.model_validate(found).model_dump(mode="json") == found
        assert found == taken(twoshot.get(f"/project/{found['id']}"))

    def test_of_one_owner(self, twoshot: Api, ben: Api) -> None:
        me, him = (str(taken(api.get("/user"))["id"]) for api in (twoshot, ben))
        assert names(ben, ("owner_id", him)) == ["House of Ben", "Ben Secret"]
        assert names(twoshot, ("owner_id", him)) == ["House of Ben"]
        assert names(twoshot.with_key(None), ("owner_id", him)) == ["House of Ben"]
        assert len(names(twoshot, ("owner_id", me))) == 7
        assert names(twoshot, ("owner_id", me), ("public", "true"), ("name", "epic")) == ["Epic Techno", "Epic House"]
        assert names(twoshot, ("owner_id", "999999999999")) == []

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"name": "house"}, ["House of Ben", "Deep House", "Epic House"]),
            ({"name": "HOUSE ep"}, ["Epic House"]),
            ({"name": "epi"}, ["Épique", "Epic Techno", "Epic House"]),
            ({"name": "trance"}, []),
            ({"minTempo": "120", "maxTempo": "140"}, ["House of Ben", "Dub", "Ambient", "Deep House"]),
            ({"minTempo": "128.5", "maxTempo": "128.5"}, ["House of Ben"]),
            ({"maxTempo": "110"}, ["Epic Techno", "Epic House"]),
            ({"minDuration": "40"}, ["Épique", "Dub", "Ambient"]),
            ({"minDuration": "20", "maxDuration": "30"}, ["Deep House", "Epic Techno"]),
            ({"maxDuration": "9"}, ["House of Ben"]),
            ({"minTempo": "120", "minDuration": "50", "name": "dub"}, ["Dub"]),
            ({"limit": "2"}, ["House of Ben", "Épique"]),
            ({"limit": "2", "offset": "3"}, ["Ambient", "Deep House"]),
            ({"offset": "7"}, []),
        ],
    )
    def test_every_filter(self, twoshot: Api, query: dict[str, str], expected: list[str]) -> None:
        assert names(twoshot.with_key(None), *query.items()) == expected

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"limit": "0"}, "limit"),
            ({"limit": "11"}, "limit"),
            ({"limit": "x"}, "limit"),
            ({"offset": "-1"}, "offset"),
            ({"offset": "1000000"}, "offset"),
            ({"owner_id": "0"}, "owner_id"),
            ({"owner_id": "ada"}, "owner_id"),
            ({"public": "perhaps"}, "public"),
            ({"name": "x" * 201}, "name"),
            ({"name": "a b c d e f g h i j k l m n o p q"}, "name"),
            ({"minTempo": "nan"}, "minTempo"),
            ({"maxTempo": "inf"}, "maxTempo"),
            ({"minTempo": "140", "maxTempo": "120"}, "minTempo"),
            ({"minDuration": "-1"}, "minDuration"),
            ({"minDuration": "2", "maxDuration": "1"}, "minDuration"),
        ],
    )
    def test_a_filter_that_is_none(self, twoshot: Api, query: dict[str, str], field: str) -> None:
        told(twoshot.get("/project", *query.items()), 400, "VALIDATION_ERROR", field)

    def test_ten_at_most(self, twoshot: Api, world: World) -> None:
        for _ in range(5):
            make(twoshot)
        world.index_samples()
        assert len(names(twoshot)) == 10
        assert len(names(twoshot, ("offset", "10"))) == 3

    def test_a_change_shows(self, twoshot: Api, world: World) -> None:
        (found,) = taken(twoshot.get("/project", ("name", "dub")))
        put(twoshot, found["id"], {"name": "Dubstep", "public": False, "tempo": 70})
        assert names(twoshot.with_key(None), ("name", "dub")) == [], "at once, whatever the index still says"
        world.index_samples()
        assert names(twoshot, ("name", "dubstep"), ("maxTempo", "71")) == ["Dubstep"]

    def test_a_list_that_is_too_large_leaves_tracks_out(self, twoshot: Api, world: World) -> None:
        clips = [clip(id=str(n), name="x" * 190) for n in range(4000)]
        for n in range(3):
            make(twoshot, name=f"Huge {n}", tracks=[{**DRUMS, "clips": clips}])
        world.index_samples()
        answer = twoshot.get("/project", ("name", "huge"))
        found = taken(answer)
        assert answer_bytes(found) < MAX_ANSWER_BYTES
        assert [each["data"]["tracks"] is None for each in found] == [False, False, True]
        assert found[2]["data"] == {"tempo": 120.0, "tracks": None}
        assert len(taken(twoshot.get(f"/project/{found[2]['id']}"))["data"]["tracks"][0]["clips"]) == 4000


def test_the_length_of_a_project(twoshot: Api, ada: Tenant, world: World) -> None:
    """In beats and seconds of sources that are known: 4 s from beat 4 at 120 bpm; without an end, to the source's."""

    def lasts(**more: Any) -> float:
        made = make(twoshot, tracks=[{"clips": [clip(position=4, cutStart=1, **more)]}])
        return float(taken(twoshot.get(f"/project/{made}"))["duration"])

    sample = library_sample(world, ada, duration_s=9.0, bpm=60.0)
    source = {"sampleId": sample.number}
    assert lasts(source=source, speed=1, cutEnd=5) == 2 + 4
    assert lasts(source=source, speed=0.5, cutEnd=5) == 2 + 8
    assert lasts(source=source, speed=1, cutEnd=None) == 2 + 8
    assert lasts(source=source, speed="tempo-sync", cutEnd=None) == 2 + 4
    assert lasts(source={"audioId": sample.asset_id}, speed="tempo-sync", cutEnd=5) == 2 + 2
    assert lasts(source={"sampleId": 999_999_999}, speed=1, cutEnd=None) == 0, "nobody knows"


@pytest.mark.parametrize("project_id", ["x", NO_ID, "550e8400-e29b-41d4-a716-446655440000"])
def test_a_project_that_is_not_there(twoshot: Api, project_id: str) -> None:
    path = f"/project/{project_id}"
    for answer in (
        twoshot.get(path),
        twoshot.with_key(None).get(path),
        put(twoshot, project_id, SMALL),
        twoshot.delete(path),
        twoshot.post(path + "/clone", b""),
        twoshot.get(path + "/version"),
        twoshot.get(path + "/version/1"),
        twoshot.post(path + "/version/1/restore", b""),
    ):
        told(answer, 404, "NOT_FOUND")


def test_who_has_no_key_changes_nothing(twoshot: Api, project_id: str) -> None:
    put(twoshot, project_id, {"public": True})
    anybody = twoshot.with_key(None)
    for answer in (
        anybody.post("/project", SMALL),
        put(anybody, project_id, SMALL),
        anybody.delete(f"/project/{project_id}"),
        anybody.post(f"/project/{project_id}/clone", b""),
        anybody.get(f"/project/{project_id}/version"),
    ):
        told(answer, 401, "UNAUTHORIZED")
