"""What the committed OpenAPI document of the TwoShot API allows, and what it does not: answers in form, no fault."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from schemathesis import Case, GenerationMode

from functions.dialects.twoshot.routes import DIALECT
from functions.entrypoints.openapi import place
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample
from tests.support.twoshot import taken
from tests.support.twoshot_projects import DOCUMENT as PROJECT
from tests.support.videos import synced_video

pytestmark = pytest.mark.slow

DOCUMENT = schemathesis.openapi.from_dict(json.loads(place("twoshot").read_text(encoding="utf-8")))
OPERATIONS: list[Any] = [found.ok() for found in DOCUMENT.get_all_operations()]  # type: ignore[union-attr]
MODELS = {
    (method, route.path): TypeAdapter(route.response_model)
    for route in DIALECT.router.routes
    if isinstance(route, APIRoute) and route.response_model
    for method in route.methods or ()
}
REFUSALS = {400, 401, 403, 404, 409, 412, 413}


@pytest.fixture
def there(twoshot: Api, ada: Tenant, world: World) -> dict[str, str]:
    """Parameters of things that are there."""
    folder = taken(twoshot.post("/sample/folder", {"name": "f"}), 201)["id"]
    sample = library_sample(world, ada, folder_number=folder, licence_id=1)
    bob = world.services.people.by_id(world.tenant("bob@example.org").id).number
    world.index_samples()
    made = taken(twoshot.post("/generation", {"modelId": 103}))["jobId"]
    models = {"model_id": 201, "tag": "loud", "job_id": made, "video_id": synced_video(world, ada).id}
    project = taken(twoshot.post("/project", PROJECT), 201)["id"]
    ids = {
        **models,
        "project_id": project,
        "revision": 1,
        "sample_id": sample.number,
        "folder_id": folder,
        "profile_id": bob,
        "user_id": bob,
        "licence_id": 1,
    }
    return {name: str(value) for name, value in {**ids, "audio_id": sample.asset_id}.items()}


def ask(api: Api, case: Case[Any]) -> Answer:
    """Send a case as its client would, but with a key that is good."""
    asked: dict[str, Any] = case.as_transport_kwargs(base_url="https://x")
    ready = requests.Request(**{**asked, "cookies": None}).prepare()
    url = urlsplit(ready.url or "")
    kept = {str(name).lower(): str(value) for name, value in ready.headers.items()}
    headers = {name: value for name, value in kept.items() if name in {"content-type", "accept"}}
    body = ready.body.encode() if isinstance(ready.body, str) else ready.body or b""
    assert isinstance(body, bytes)
    query = parse_qsl(str(url.query), keep_blank_values=True)
    return api.call(case.method, str(url.path) or "/", query=query, headers=headers, body=body)


def wrong_is_possible(operation: Any) -> bool:
    """Of a route that takes nothing but a text in its path, with a key or without, every request is right."""
    numbers = {param.name for param in operation.path_parameters} - {"audio_id", "job_id", "video_id", "project_id"}
    needs_key = operation.path not in DIALECT.optional | DIALECT.public
    return bool(needs_key or operation.body or operation.query or numbers)


CASES = [
    *((operation, GenerationMode.POSITIVE) for operation in OPERATIONS),
    *((operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if wrong_is_possible(operation)),
]


@pytest.mark.parametrize(("operation", "mode"), CASES, ids=[f"{each.label} {mode.value}" for each, mode in CASES])
def test_every_answer_is_in_form(twoshot: Api, there: dict[str, str], operation: Any, mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def run(case: Case[Any], known: bool) -> None:
        if known:
            case.path_parameters.update({name: there[name] for name in case.path_parameters if name in there})
        check(operation, ask(twoshot, case))

    run()


def check(operation: Any, answer: Answer) -> None:
    method, path = operation.method.upper(), operation.path
    if answer.status in {200, 201} and (method, path) in MODELS:
        found = answer.json()
        model = MODELS[method, path]
        assert model.dump_python(model.validate_python(found), mode="json", exclude_unset=True) == found
        assert str(answer.status) in operation.definition.raw["responses"]
    elif answer.status not in {200, 302}:
        assert answer.status in REFUSALS, answer.text
        DIALECT.error_model.model_validate(answer.json())
        assert answer.headers["content-type"] == "application/json"
