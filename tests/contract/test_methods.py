"""Which methods a path takes: every dialect says so itself, and says it of every one of its paths."""

import importlib
import re

import pytest
from fastapi.routing import APIRoute

from functions.http.dialect import Dialect
from functions.http.handler import lambda_handler
from patchbay.catalog.dialects import DIALECTS
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def paths(dialect: Dialect) -> set[str]:
    routes = [route for route in dialect.router.routes if isinstance(route, APIRoute)]
    return {base + re.sub(r"\{.*?\}", "x", route.path) for base in dialect.bases for route in routes}


@pytest.mark.parametrize("name", [entry.name for entry in DIALECTS])
def test_what_can_be_got_can_be_asked_for_its_head(world: World, ada: Tenant, loop: None, name: str) -> None:
    """But for what makes something when it is got."""
    dialect: Dialect = importlib.import_module(f"functions.dialects.{name}.routes").DIALECT
    api = Api(lambda_handler(dialect), f"Bearer {ada.secret}")
    for route in dialect.router.routes:
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()):
            continue
        path = dialect.bases[0] + re.sub(r"\{.*?\}", "x", route.path)
        got, head = api.get(path), api.call("HEAD", path)
        assert head.body == b""
        if route.path in dialect.writing:
            assert (head.status, "HEAD" in head.headers["allow"].split(", ")) == (405, False), path
        else:
            assert (head.status, head.headers.keys()) == (got.status, got.headers.keys()), path


@pytest.mark.parametrize("name", [entry.name for entry in DIALECTS])
def test_a_405_names_every_method_that_is_not_one(world: World, loop: None, name: str) -> None:
    dialect: Dialect = importlib.import_module(f"functions.dialects.{name}.routes").DIALECT
    api = Api(lambda_handler(dialect))
    for path in sorted(paths(dialect)):
        answers = {method: api.call(method, path) for method in METHODS}
        refused = {method: answer for method, answer in answers.items() if answer.status == 405}
        taken = ", ".join(sorted(answers.keys() - refused.keys()))
        assert taken
        assert "TRACE" in refused
        assert {answer.headers["allow"] for answer in refused.values()} == {taken}, path
        assert f"takes {taken}, not TRACE" in refused["TRACE"].text
