"""Models on TwoShot's wire: found, liked, tagged."""

from typing import Any

import pytest

from functions.dialects.twoshot.schemas import models as schemas
from tests.fakes.gateway import Api
from tests.fakes.world import World
from tests.support.twoshot import bearer, register, taken, told

DOCUMENTED = {
    "id", "name", "description", "category", "tags", "inputTypes", "outputTypes", "maxDuration", "pricing",
    "parameters", "liked", "likes",
}  # fmt: skip


@pytest.fixture
def ben(twoshot: Api) -> Api:
    return bearer(twoshot, register(twoshot, "ben"))


def ids(api: Api, *query: tuple[str, str]) -> list[int]:
    return [each["id"] for each in taken(api.get("/model", *query))]


def model(api: Api, number: int = 101) -> Any:
    found = taken(api.get(f"/model/{number}"))
    assert schemas.Model.model_validate(found).model_dump(exclude_unset=True) == found
    return found


def test_the_documents_form(twoshot: Api) -> None:
    listed = taken(twoshot.with_key(None).get("/model", ("category", "music_generation")))
    assert all(each.keys() >= DOCUMENTED for each in listed)
    first = listed[0]
    assert (first["id"], first["category"], first["outputTypes"]) == (101, "music_generation", ["audio"])
    assert first["pricing"] == {"free": False, "credits": 5}
    assert first["inputTypes"] == ["text", "number", "choice"]
    prompt, duration = first["parameters"][:2]
    assert (prompt["name"], prompt["type"], prompt["required"]) == ("prompt", "text", True)
    assert (duration["name"], duration["min"], duration["max"], duration["default"]) == ("duration", 5, 900, 30)
    assert "options" not in duration
    assert first == model(twoshot.with_key(None))


def test_pages_filters_and_words(twoshot: Api) -> None:
    every = ids(twoshot)
    assert every == [101, 102, 103, 201, 202, 211, 212]
    assert ids(twoshot, ("limit", "2"), ("offset", "1")) == every[1:3]
    assert ids(twoshot, ("q", "vocals accomp")) == [202]
    assert ids(twoshot, ("tag", "loops")) == [103]
    assert ids(twoshot, ("category", "nothing of ours")) == []


@pytest.mark.parametrize("sort", ["latest", "oldest", "popular", "random", "recently_used"])
@pytest.mark.parametrize("known", [True, False])
def test_every_sort_answers_everybody(twoshot: Api, sort: str, known: bool) -> None:
    asker = twoshot if known else twoshot.with_key(None)
    assert sorted(ids(asker, ("sort", sort))) == sorted(ids(asker))


def test_sorted_by_what_people_do(twoshot: Api, ben: Api) -> None:
    taken(ben.post("/model/212/like", b""))
    assert ids(twoshot, ("sort", "popular"))[0] == 212
    order = {"modelId": 103, "inputs": []}
    taken(twoshot.post("/generation", order))
    assert ids(twoshot, ("sort", "popular"))[:2] == [212, 103]
    assert ids(twoshot, ("sort", "recently_used"))[0] == 103
    assert ids(ben, ("sort", "recently_used"))[0] == 101


def test_likes(twoshot: Api, ben: Api) -> None:
    for _ in range(2):
        assert taken(twoshot.post("/model/101/like", b"")) == {"liked": True, "likes": 1}
    assert taken(ben.post("/model/101/like", b"")) == {"liked": True, "likes": 2}
    assert (model(ben)["liked"], model(ben)["likes"]) == (True, 2)
    assert model(twoshot.with_key(None))["liked"] is False
    for _ in range(2):
        assert taken(ben.delete("/model/101/like")) == {"liked": False, "likes": 1}


def test_tags(twoshot: Api, ben: Api) -> None:
    assert taken(twoshot.post("/model/102/tag/My%20Choice", b""))["tags"][-1] == "my choice"
    assert "my choice" in model(twoshot, 102)["tags"]
    assert "my choice" not in model(ben, 102)["tags"]
    assert {"tag": "my choice", "count": 1} in taken(twoshot.get("/model/tag", ("limit", "100")))
    assert taken(ben.get("/model/tag", ("limit", "1"))) == [{"tag": "stems", "count": 5}]
    assert ids(twoshot, ("tag", "my choice")) == [102]
    assert "my choice" not in taken(twoshot.delete("/model/102/tag/my%20choice"))["tags"]
    told(twoshot.post(f"/model/102/tag/{'x' * 41}", b""), 400, "VALIDATION_ERROR", "tag")


def test_presets_can_be_sent_as_they_are(twoshot: Api, world: World) -> None:
    found = taken(twoshot.with_key(None).get("/model/preset", ("limit", "100")))
    assert len(found) == 7
    for each in found:
        assert schemas.Preset.model_validate(each).model_dump() == each
        taken(twoshot.post("/generation", {"modelId": each["modelId"], "inputs": each["inputs"]}))
        by_name = {given["name"]: given["value"] for given in each["inputs"]}
        taken(twoshot.post("/generation", {"modelId": each["modelId"], "inputs": by_name}))
    only = taken(twoshot.get("/model/preset", ("modelId", "103")))
    assert {each["modelId"] for each in only} == {103}
    assert taken(twoshot.get("/model/preset", ("limit", "2"), ("offset", "6"))) == found[6:]


@pytest.mark.parametrize("number", [111, 999, 2**53 - 1])
def test_a_model_that_is_not_here(twoshot: Api, number: int) -> None:
    for answer in (
        twoshot.get(f"/model/{number}"),
        twoshot.post(f"/model/{number}/like", b""),
        twoshot.delete(f"/model/{number}/like"),
        twoshot.post(f"/model/{number}/tag/x", b""),
        twoshot.delete(f"/model/{number}/tag/x"),
    ):
        told(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (("sort", "best"), "sort"),
        (("limit", "0"), "limit"),
        (("limit", "101"), "limit"),
        (("offset", "-1"), "offset"),
        (("q", "x" * 201), "q"),
    ],
)
def test_wrong_queries(twoshot: Api, query: tuple[str, str], field: str) -> None:
    told(twoshot.get("/model", query), 400, "VALIDATION_ERROR", field)


def test_marks_need_somebody(twoshot: Api) -> None:
    nobody = twoshot.with_key(None)
    for method, path in (("POST", "/model/101/like"), ("DELETE", "/model/101/like"), ("POST", "/model/101/tag/x")):
        told(nobody.call(method, path), 401, "UNAUTHORIZED")
