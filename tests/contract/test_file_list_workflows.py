"""Workflows that take a list of files are ordered by routes of their own: nobody is offered one he could not order."""

from patchbay.catalog import workflows
from tests.fakes.gateway import Api

LISTS = {slug for slug, found in workflows.workflows().items() if found.input == "files"}


def test_there_are_such() -> None:
    assert {"render"} <= LISTS < set(workflows.workflows())


def test_they_are_on_no_list(native: Api, musicai: Api) -> None:
    offered = {found["slug"] for found in native.get("/patchbay/v1/workflows").json()["workflows"]}
    assert offered == set(workflows.workflows()) - LISTS
    assert not LISTS & {found["slug"] for found in musicai.get("/v1/workflow").json()["workflows"]}


def test_an_order_of_one_says_what_it_lacks(native: Api) -> None:
    answer = native.post("/patchbay/v1/jobs", {"workflow": "render", "params": {}})
    assert answer.status in {400, 422}, answer.text
    assert "works on files" in answer.text
