"""What the Music.ai API says when something is wrong: the status, a code, a sentence, and the field at fault."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dialects.musicai.routes import DIALECT
from functions.http import app
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

URL = "https://example.com/a.wav"
GOOD: dict[str, Any] = {"name": "n", "workflow": "stem-isolation-4", "params": {"inputUrl": URL}}
NO_ID = "0198c0de-0000-7000-8000-000000000000"


def told(answer: Answer, status: int, code: str, field: str | None = None) -> str:
    """Check an error's form; returns its message."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"code", "title", "message"} | ({"field"} if field else set()), body
    assert (body["code"], body.get("field")) == (code, field)
    assert body["message"]
    return str(body["message"])


WRONG_SHAPE: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name"),
    ({"name": 7}, "name"),
    ({"name": "x" * 1025}, "name"),
    ({"workflow": None}, "workflow"),
    ({"workflow": ""}, "workflow"),
    ({"params": None}, "params"),
    ({"params": []}, "params"),
    ({"params": "https://example.com"}, "params"),
    ({"metadata": "x"}, "metadata"),
    ({"batchName": 3}, "batchName"),
    ({"copyResultsTo": ["https://example.com"]}, "copyResultsTo"),
    ({"copyResultsTo": {"vocals": 3}}, "copyResultsTo.vocals"),
]
BAD_VALUES: list[tuple[dict[str, Any], str, str]] = [
    ({"workflow": "no-such"}, "workflow", "there is no workflow 'no-such'"),
    ({"params": {}}, "params.inputUrl", "no input file is named"),
    ({"params": {"inputUrl": ""}}, "params.inputUrl", "no input file is named"),
    ({"params": {"inputUrl": 5}}, "params.inputUrl", "must be a URL"),
    ({"params": {"input_url": "ftp://example.com/a"}}, "params.input_url", "only http and https"),
    ({"params": {"inputUrl": "http://127.0.0.1/a"}}, "params.inputUrl", "not a public address"),
    ({"params": {"inputUrl": "http://[::1/a"}}, "params.inputUrl", ""),
    ({"params": {"inputUrl": URL, "sampleFormat": "wav8"}}, "params.sampleFormat", "'sampleFormat'"),
    ({"params": {"inputUrl": URL, "sample_format": 1}}, "params.sample_format", "'sample_format'"),
    ({"params": {"inputUrl": URL, "noSuch": 1}}, "params.noSuch", "has no parameter 'noSuch'"),
    ({"params": {"inputUrl": URL, "no such": 1}}, "params.no such", "has no parameter 'no such'"),
    ({"params": {"inputUrl": URL, "input_url": URL}}, "params.input_url", "the same parameter"),
    ({"params": {"inputUrl": URL, "model": "no-such"}}, "params.model", "there is no model 'no-such'"),
    ({"params": {"inputUrl": URL, "model": "htdemucs"}}, "params.model", "research only"),
    ({"copyResultsTo": {"kazoo": URL}}, "copyResultsTo.kazoo", "there is no output 'kazoo'"),
    ({"copyResultsTo": {"vocals": "http://10.0.0.1/"}}, "copyResultsTo.vocals", "not a public address"),
    ({"metadata": {"x": "y" * 100_000}}, "metadata", "16000 bytes"),
]


@pytest.mark.parametrize("base", ["/v1", "/api"])
@pytest.mark.parametrize(("changes", "field"), WRONG_SHAPE)
def test_a_field_of_the_wrong_shape(musicai: Api, base: str, changes: dict[str, Any], field: str) -> None:
    message = told(musicai.post(f"{base}/job", {**GOOD, **changes}), 422, "BAD_INPUT", field)
    assert message.startswith(f"{field}: ")


@pytest.mark.parametrize("missing", ["name", "workflow", "params"])
def test_a_missing_field(musicai: Api, missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    assert told(musicai.post("/v1/job", body), 422, "BAD_INPUT", missing) == f"{missing}: field required"


@pytest.mark.parametrize("base", ["/v1", "/api"])
@pytest.mark.parametrize(("changes", "field", "words"), BAD_VALUES)
def test_a_value_that_cannot_be_done(
    musicai: Api, world: World, base: str, changes: dict[str, Any], field: str, words: str
) -> None:
    assert words in told(musicai.post(f"{base}/job", {**GOOD, **changes}), 400, "BAD_INPUT", field)
    assert not world.executions.started, "nothing was begun"


BODIES = [
    b"{",
    b"nonsense",
    b'{"name": "n",}',
    b"\xff\xfe",
    b'{"name": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
    b"[" * 40 + b"]" * 40,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_json_of_ours(musicai: Api, body: bytes) -> None:
    assert told(musicai.post("/v1/job", body), 400, "BAD_INPUT").startswith("the body is ")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999"])
def test_a_number_that_is_none(musicai: Api, number: bytes) -> None:
    assert "number" in told(musicai.post("/v1/job", b'{"a": ' + number + b"}"), 400, "BAD_INPUT", "a")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"text"', b"3"])
def test_a_body_that_is_no_object(musicai: Api, body: bytes) -> None:
    told(musicai.post("/v1/job", body), 422, "BAD_INPUT", "body")


def test_a_body_that_is_too_large(musicai: Api) -> None:
    limit = DIALECT.limits.max_body_bytes
    body = b'{"name": "' + b"x" * limit + b'"}'
    assert str(limit) in told(musicai.post("/v1/job", body), 413, "BAD_INPUT")
    assert str(limit) in told(musicai.post("/v1/job", b"{}", content_length=str(limit + 1)), 413, "BAD_INPUT")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (("status", "DONE"), "status"),
        (("status", "QUEUED,DONE"), "status"),
        (("page", "1000"), "page"),
    ],
)
def test_a_filter_that_makes_no_sense(musicai: Api, query: tuple[str, str], field: str) -> None:
    told(musicai.get("/v1/job", query, ("size", "200")), 400, "BAD_INPUT", field)


@pytest.mark.parametrize(
    ("name", "value"), [("page", "-1"), ("page", "x"), ("size", "0"), ("size", "1001"), ("size", "1e3"), ("page", "")]
)
def test_a_page_that_is_none(musicai: Api, name: str, value: str) -> None:
    for path in ("/v1/job", "/v1/workflow"):
        told(musicai.get(path, (name, value)), 422, "BAD_INPUT", name)


@pytest.mark.parametrize("name", ["status", "workflow", "batchName"])
def test_a_filter_that_is_too_much(musicai: Api, name: str) -> None:
    told(musicai.get("/v1/job", (name, "x" * 3000)), 422, "BAD_INPUT", f"{name}.0")
    told(musicai.call("GET", "/v1/job", query=[(name, "x")] * 101), 422, "BAD_INPUT", name)


ROUTES = [
    ("GET", "/upload"),
    ("GET", "/job"),
    ("POST", "/job"),
    ("GET", f"/job/{NO_ID}"),
    ("GET", f"/job/{NO_ID}/status"),
    ("DELETE", f"/job/{NO_ID}"),
    ("GET", "/workflow"),
    ("GET", "/workflow/stem-isolation-4"),
    ("GET", "/application"),
]


def test_the_table_of_routes_is_whole() -> None:
    known = {(method, route.path) for route in DIALECT.router.routes for method in route.methods}  # type: ignore[attr-defined]
    assert len(known) == len(ROUTES)


@pytest.mark.parametrize("base", ["/v1", "/api"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key(musicai: Api, ada: Tenant, world: World, base: str, method: str, path: str) -> None:
    message = ""
    bad_keys = ["", "pb_wrong", "Bearer ", "Bearer", f"Basic {ada.secret}", ada.secret[:-1], "x" * 10_000, "ключ"]
    for key in [None, *bad_keys]:
        # Without a key the body is not even looked at.
        answer = musicai.with_key(key).call(method, base + path, body=b"{nonsense")
        message = message or told(answer, 401, "UNAUTHORIZED")
        assert told(answer, 401, "UNAUTHORIZED") == message, "the same words whatever is wrong with the key"
    key_id = world.services.accounts.keys(ada.id)[0].id
    world.services.accounts.revoke_key(ada.id, key_id)
    told(musicai.call(method, base + path), 401, "UNAUTHORIZED")


def test_another_tenants_job_is_not_there(musicai: Api, bob: Tenant, ada: Tenant, world: World) -> None:
    job = world.order(ada)
    theirs = musicai.with_key(bob.secret)
    absent = f"0198c0de-0000-7000-8000-{job.id[24:]}"
    for method, path in (("GET", "/v1/job/{}"), ("GET", "/v1/job/{}/status"), ("DELETE", "/v1/job/{}")):
        real = told(theirs.call(method, path.format(job.id)), 404, "NOT_FOUND")
        none = told(theirs.call(method, path.format(absent)), 404, "NOT_FOUND")
        assert real.replace(job.id, "") == none.replace(absent, ""), "the two cannot be told apart"
    assert theirs.get("/v1/job").json() == []
    assert musicai.get(f"/v1/job/{job.id}").status == 200


def test_another_tenants_upload_is_a_url_like_any_other(musicai: Api, bob: Tenant, ada: Tenant, world: World) -> None:
    asset = world.upload(ada)
    url = world.services.assets.download_url(asset)
    body = {**GOOD, "params": {"inputUrl": url}}
    job_id = musicai.with_key(bob.secret).post("/v1/job", body).json()["id"]
    job = world.services.jobs.get(bob.id, job_id)
    assert job.input_asset_id != asset.id
    assert job.input_url == url


@pytest.mark.parametrize(
    "path", ["/job", "/", "/v1", "/v1x/job", "/v2/job", "/v1/nothing", "/v1/job/a/b", "/v1/jobs", "/api/v1/job"]
)
def test_an_unknown_path(musicai: Api, path: str) -> None:
    for api in (musicai, musicai.with_key(None)):
        told(api.get(path), 404, "NOT_FOUND")
        told(api.post(path, {}), 404, "NOT_FOUND")


@pytest.mark.parametrize("name", ["x", "../x", "%00", "a b", "é", "0198c0de", NO_ID.upper(), "x" * 3000])
def test_a_job_id_that_is_none(musicai: Api, name: str) -> None:
    told(musicai.get(f"/v1/job/{name}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("host", ["[::1]:8484", "a:b:c", "a:port", "", "x" * 5000])
def test_a_host_that_is_none(musicai: Api, host: str) -> None:
    assert musicai.get("/v1/application", host=host, x_forwarded_port="nonsense").status == 200


def test_a_method_that_a_path_does_not_take(musicai: Api) -> None:
    answer = musicai.call("PATCH", "/v1/upload", body=b"{}")
    told(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET"


def test_the_store_is_down(musicai: Api, world: World) -> None:
    world.records.down = True
    told(musicai.get("/v1/job"), 503, "INTERNAL_ERROR")


def test_the_state_machine_is_down_but_the_order_stands(musicai: Api, world: World) -> None:
    world.executions.down = True
    assert musicai.post("/v1/job", GOOD).status == 200


def test_a_key_may_be_held_to_reading(musicai: Api, ada: Tenant, world: World) -> None:
    job = world.order(ada)
    _, secret = world.services.accounts.create_key(ada.application, scopes=["read"])
    reader = musicai.with_key(secret)
    assert reader.get(f"/v1/job/{job.id}").status == 200
    for answer in (reader.get("/v1/upload"), reader.post("/v1/job", GOOD), reader.delete(f"/v1/job/{job.id}")):
        assert "may only read" in told(answer, 403, "FORBIDDEN")
    assert len(world.services.jobs.list(ada.id, limit=10)) == 1


def test_a_fault_of_ours_leaks_nothing(musicai: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.records, "query", lambda *args, **more: 1 / 0)
    message = told(musicai.get("/v1/job"), 500, "INTERNAL_ERROR")
    assert "division" not in message
    assert "JKJaXmPLvHcESHA=" in message, "the request id, by which we find it in the log"


def test_headers_of_every_answer(musicai: Api) -> None:
    for answer in (
        musicai.get("/v1/job"),
        musicai.get("/v1/nothing"),
        musicai.get("/nothing"),
        musicai.post("/v1/job", 1),
    ):
        assert answer.headers["x-request-id"] == "JKJaXmPLvHcESHA="
        for name, value in app.SECURITY_HEADERS.items():
            assert answer.headers[name] == value


def test_a_browsers_preflight(musicai: Api) -> None:
    asked = {"origin": "https://studio.example", "access-control-request-method": "POST"}
    answer = musicai.with_key(None).call("OPTIONS", "/v1/job", headers=asked)
    assert answer.status == 204
    assert "authorization" in answer.headers["access-control-allow-headers"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["inputUrl", "input_url", "model", "sampleFormat", "format", "stems"]) | st.text(max_size=10)
values = st.sampled_from([URL, "wav24", "mp3", 4, "patchbay-classic"]) | json_values
slugs = (
    st.sampled_from(["stem-isolation-4", "audio-encoder", "stem-isolation-encoded", "music-ai/htdemucs"]) | st.text()
)
orders = st.fixed_dictionaries(
    {
        "name": st.text() | json_values,
        "workflow": slugs | json_values,
        "params": st.dictionaries(names, values, max_size=5) | json_values,
    },
    optional={
        "metadata": json_values,
        "batchName": st.text() | json_values,
        "copyResultsTo": st.dictionaries(st.sampled_from(["vocals", "audio"]) | st.text(), values) | json_values,
    },
)
bodies = orders.map(lambda order: json.dumps(order).encode()) | json_values.map(lambda v: json.dumps(v).encode())


@given(body=bodies | st.binary(max_size=60))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_it(musicai: Api, body: bytes) -> None:
    answer = musicai.post("/v1/job", body)
    if answer.status == 200:
        assert musicai.get(f"/api/job/{answer.json()['id']}").status == 200
        return
    assert answer.status in {400, 422}, answer.text
    assert {"code", "title", "message"} <= answer.json().keys()
    assert answer.json()["code"] == "BAD_INPUT"


@given(query=st.lists(st.tuples(st.sampled_from(["status", "workflow", "batchName", "page", "size", "x"]), st.text())))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_breaks_it(musicai: Api, query: list[tuple[str, str]]) -> None:
    for path in ("/v1/job", "/v1/workflow"):
        assert musicai.call("GET", path, query=query).status in {200, 400, 422}


@given(path=st.text(max_size=60))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_breaks_it(musicai: Api, path: str) -> None:
    for prefix in ("/v1/job/", "/v1/workflow/", "/v1/", ""):
        assert musicai.get(prefix + path).status in {200, 404, 405}
