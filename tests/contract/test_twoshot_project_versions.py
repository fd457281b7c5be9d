"""Going back to what a project was, and changing only what one has seen, on TwoShot's wire."""

from typing import Any

import pytest

from functions.dialects.twoshot.schemas import projects as schemas
from patchbay.core.projects import MOST_EARLIER
from tests.fakes.gateway import Api
from tests.fakes.world import World
from tests.support.twoshot import bearer, register, taken, told
from tests.support.twoshot_projects import DOCUMENT, SMALL, put


@pytest.fixture
def project_id(twoshot: Api) -> str:
    return str(taken(twoshot.post("/project", DOCUMENT), 201)["id"])


def versions(api: Api, project_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = taken(api.get(f"/project/{project_id}/version"))
    return found


def test_what_it_was_is_listed_shown_and_restored(twoshot: Api, project_id: str, world: World) -> None:
    first = taken(twoshot.get(f"/project/{project_id}"))
    world.clock.advance(minutes=1)
    put(twoshot, project_id, {"public": True})
    second = taken(put(twoshot, project_id, {**SMALL, "version": "2"}))
    answer = twoshot.get(f"/project/{project_id}/version")
    found = taken(answer)
    assert answer.headers["etag"] == '"3"'
    assert [schemas.SavedVersion.model_validate(each).model_dump() for each in found] == found
    told_of = [(each["revision"], each["current"], each["name"], each["version"], each["tempo"]) for each in found]
    assert told_of == [(3, True, "My Beat", "2", 140.0), (1, False, "My New Track", "1.0.0", 120.0)]
    assert found[0]["saved"] > found[1]["saved"]
    old = taken(twoshot.get(f"/project/{project_id}/version/1"))
    assert (old["data"], old["name"], old["revision"]) == (first["data"], first["name"], 1)
    assert taken(twoshot.get(f"/project/{project_id}/version/3")) == {**second, "updated": second["updated"]}
    answer = twoshot.post(f"/project/{project_id}/version/1/restore", b"")
    restored = taken(answer)
    assert answer.headers["etag"] == '"4"'
    assert (restored["data"], restored["name"], restored["version"]) == (first["data"], "My New Track", "1.0.0")
    assert restored["public"] is True, "which is no matter of the document"
    assert taken(twoshot.get(f"/project/{project_id}")) == restored
    assert [each["revision"] for each in versions(twoshot, project_id)] == [4, 3, 1]


def test_the_last_fifty_are_kept(twoshot: Api, project_id: str) -> None:
    for n in range(MOST_EARLIER + 3):
        put(twoshot, project_id, {"tempo": 60 + n})
    found = versions(twoshot, project_id)
    assert [each["tempo"] for each in found] == [float(60 + n) for n in range(MOST_EARLIER + 2, 1, -1)]
    assert len(found) == 51
    for n in (1, 3):
        told(twoshot.get(f"/project/{project_id}/version/{n}"), 404, "NOT_FOUND")
        told(twoshot.post(f"/project/{project_id}/version/{n}/restore", b""), 404, "NOT_FOUND")


def test_they_are_the_owners_alone(twoshot: Api, project_id: str) -> None:
    put(twoshot, project_id, {**SMALL, "public": True})
    ben = bearer(twoshot, register(twoshot, "ben"))
    assert ben.get(f"/project/{project_id}").status == 200
    told(ben.get(f"/project/{project_id}/version"), 404, "NOT_FOUND")
    told(ben.get(f"/project/{project_id}/version/1"), 404, "NOT_FOUND")
    told(ben.post(f"/project/{project_id}/version/1/restore", b""), 404, "NOT_FOUND")


@pytest.mark.parametrize("n", ["0", "x", "-1", str(2**53), "1.5"])
def test_a_version_has_a_number(twoshot: Api, project_id: str, n: str) -> None:
    told(twoshot.get(f"/project/{project_id}/version/{n}"), 400, "VALIDATION_ERROR", "revision")


class TestIfMatch:
    def test_what_has_changed_since_is_left_as_it_is(self, twoshot: Api, project_id: str) -> None:
        seen = twoshot.get(f"/project/{project_id}").headers["etag"]
        changed = taken(put(twoshot, project_id, SMALL, if_match=seen))
        for answer in (
            put(twoshot, project_id, {"tempo": 90}, if_match=seen),
            put(twoshot, project_id, {"public": True}, if_match=seen),
            twoshot.delete(f"/project/{project_id}", if_match=seen),
            twoshot.post(f"/project/{project_id}/version/1/restore", b"", if_match=seen),
        ):
            assert "revision 2" in told(answer, 412, "PRECONDITION_FAILED", "If-Match")
        assert taken(twoshot.get(f"/project/{project_id}")) == changed

    @pytest.mark.parametrize("tag", ['"1"', '"7", "1"', 'W/"1"', "*", ' "1" ,', '"1","x"'])
    def test_one_that_fits(self, twoshot: Api, project_id: str, tag: str) -> None:
        assert taken(put(twoshot, project_id, {"tempo": 90}, if_match=tag))["revision"] == 2

    @pytest.mark.parametrize("tag", ['"2"', '"01"', '"1.0"', '"x"', '""', '"2", "3"', f'"{"9" * 5000}"'])
    def test_one_that_does_not(self, twoshot: Api, project_id: str, tag: str) -> None:
        told(put(twoshot, project_id, {"tempo": 90}, if_match=tag), 412, "PRECONDITION_FAILED", "If-Match")

    @pytest.mark.parametrize("tag", ["", "1", "'1'", '"1', '"1" "2"', "x,y", '"1"; "2"', ","])
    def test_one_that_is_none(self, twoshot: Api, project_id: str, tag: str) -> None:
        told(put(twoshot, project_id, {"tempo": 90}, if_match=tag), 400, "VALIDATION_ERROR", "If-Match")
        assert taken(twoshot.get(f"/project/{project_id}"))["revision"] == 1

    def test_without_it_the_last_one_wins(self, twoshot: Api, project_id: str) -> None:
        for tempo in (90, 91):
            taken(put(twoshot, project_id, {"tempo": tempo}))
        assert [each["tempo"] for each in versions(twoshot, project_id)] == [91.0, 90.0, 120.0]

    def test_a_page_may_read_and_send_it(self, twoshot: Api, project_id: str) -> None:
        answer = twoshot.get(f"/project/{project_id}")
        assert "etag" in answer.headers["access-control-expose-headers"]
        asked = {"origin": "https://daw.example", "access-control-request-method": "PUT"}
        allowed = twoshot.call("OPTIONS", f"/project/{project_id}", headers=asked).headers
        assert "if-match" in allowed["access-control-allow-headers"]
