"""What the AudioShake APIs say when something is wrong: the status, a code, a sentence, and the field at fault."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dialects.audioshake.routes import DIALECT
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.audioshake import posted, send, told

NO_ID = "0198c0de-0000-7000-8000-000000000000"
URL = "https://example.com/a.wav"
JOB: dict[str, Any] = {"metadata": {"name": "vocals", "format": "wav"}, "assetId": NO_ID}
TASK: dict[str, Any] = {"url": URL, "targets": [{"model": "vocals", "formats": ["wav"]}]}

WRONG_JOBS: list[tuple[dict[str, Any], int, str, str]] = [
    ({"metadata": None}, 422, "metadata", ""),
    ({"metadata": {"format": "wav"}}, 422, "metadata.name", "required"),
    ({"metadata": {"name": "vocals", "format": 1}}, 422, "metadata.format", ""),
    ({"metadata": {"name": 5, "format": "wav"}}, 422, "metadata.name", ""),
    ({"metadata": {"name": "vocals", "format": "wav", "residual": "yes"}}, 422, "metadata.residual", ""),
    ({"assetId": 7}, 422, "assetId", ""),
    ({"assetId": ""}, 422, "assetId", ""),
    ({"callbackUrl": 1}, 422, "callbackUrl", ""),
    ({"callbackUrl": "http://127.0.0.1/"}, 400, "callbackUrl", "not a public address"),
    ({"callbackUrl": "ftp://example.com/"}, 400, "callbackUrl", "only http and https"),
    ({"metadata": {"name": "kazoo", "format": "wav"}}, 400, "metadata.name", "is not known; served here: vocals"),
    ({"metadata": {"name": "dialogue", "format": "wav"}}, 400, "metadata.name", "is not served here; served here:"),
    ({"metadata": {"name": "guitar", "format": "wav"}}, 400, "metadata.name", "is not served here"),
    ({"metadata": {"name": "vocals", "format": "aiff"}}, 400, "metadata.format", "it has: wav, flac"),
    ({"metadata": {"name": "vocals", "format": "json"}}, 400, "metadata.format", "no format 'json'"),
    ({"metadata": {"name": "vocals", "format": "wav", "variant": "x"}}, 400, "metadata.variant", "high_quality"),
    ({"metadata": {"name": "vocals", "format": "wav", "x": "y" * 20_000}}, 400, "metadata", "16000 bytes"),
]
WRONG_TASKS: list[tuple[dict[str, Any], int, str, str]] = [
    ({"targets": []}, 422, "targets", ""),
    ({"targets": TASK["targets"] * 21}, 422, "targets", ""),
    ({"targets": None}, 422, "targets", ""),
    ({"targets": ["vocals"]}, 422, "targets.0", ""),
    ({"targets": [*TASK["targets"], {"formats": ["wav"]}]}, 422, "targets.1.model", "required"),
    ({"targets": [{"model": "vocals", "formats": []}]}, 422, "targets.0.formats", ""),
    ({"targets": [{"model": "vocals", "formats": "wav"}]}, 422, "targets.0.formats", ""),
    ({"targets": [{"model": "vocals", "formats": ["wav", 1]}]}, 422, "targets.0.formats.1", ""),
    ({"targets": [{"model": "vocals", "formats": ["wav"], "residual": 1}]}, 422, "targets.0.residual", ""),
    ({"metadata": {"a": 1}}, 422, "metadata", ""),
    ({"metadata": "x" * 4097}, 422, "metadata", ""),
    ({"url": None}, 400, "assetId", "by assetId or url"),
    ({"assetId": NO_ID}, 400, "url", "not both"),
    ({"url": ""}, 400, "assetId", "by assetId or url"),
    ({"url": "", "assetId": ""}, 400, "assetId", "by assetId or url"),
    ({"url": "file:///etc/passwd"}, 400, "url", "only http and https"),
    ({"url": "http://169.254.169.254/latest"}, 400, "url", "not a public address"),
    ({"callbackUrl": "http://10.0.0.1/"}, 400, "callbackUrl", "not a public address"),
    ({"targets": [*TASK["targets"], {"model": "wind", "formats": ["wav"]}]}, 400, "targets.1.model", "served here: vo"),
    ({"targets": [{"model": "x", "formats": ["wav"]}]}, 400, "targets.0.model", "is not known"),
    ({"targets": [{"model": "bass", "formats": ["wav", "mp4"]}]}, 400, "targets.0.formats", "'mp4'"),
    ({"targets": [{"model": "bass", "formats": ["wav", "wav"]}]}, 400, "targets.0.formats", "twice"),
    ({"targets": [{"model": "bass", "formats": ["wav"], "variant": "v"}]}, 400, "targets.0.variant", "high_quality"),
    ({"targets": [{"model": "bass", "formats": ["wav"], "x": "y" * 20_000}]}, 400, "targets.0", "16000 bytes"),
]
CODES = {400: "BAD_REQUEST", 422: "INVALID_FIELDS"}


def nothing_made(world: World, tenant: Tenant) -> None:
    assert world.services.jobs.list(tenant.id, limit=10) == []
    assert world.services.groups.list(tenant.id, limit=10) == []
    assert world.executions.started == []


@pytest.mark.parametrize(("changes", "status", "field", "words"), WRONG_JOBS)
def test_a_job_that_cannot_be_done(
    audioshake: Api, ada: Tenant, world: World, changes: dict[str, Any], status: int, field: str, words: str
) -> None:
    body = {**JOB, "assetId": send(audioshake, "/upload").json()["id"], **changes}
    assert words in told(audioshake.post("/job", body), status, CODES[status], field)
    nothing_made(world, ada)


@pytest.mark.parametrize(("changes", "status", "field", "words"), WRONG_TASKS)
def test_a_task_that_cannot_be_done(
    audioshake: Api, ada: Tenant, world: World, changes: dict[str, Any], status: int, field: str, words: str
) -> None:
    assert words in told(audioshake.post("/tasks", {**TASK, **changes}), status, CODES[status], field)
    nothing_made(world, ada)
    assert world.services.assets.list(ada.id, limit=10) == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "x"}, 422, "required"),
        ({"link": ""}, 422, ""),
        ({"link": "nonsense"}, 400, "only http and https"),
        ({"link": "http://localhost/a.mp3"}, 400, "not a public address"),
    ],
)
def test_a_link_that_cannot_be_fetched(
    audioshake: Api, ada: Tenant, world: World, body: dict[str, Any], status: int, words: str
) -> None:
    for path in ("/upload/link", "/upload/audio-link"):
        assert words in told(audioshake.post(path, body), status, CODES[status], "link")
    assert world.services.assets.list(ada.id, limit=10) == []


@pytest.mark.parametrize("path", ["/upload", "/assets"])
def test_a_form_that_is_none(audioshake: Api, ada: Tenant, world: World, path: str) -> None:
    told(audioshake.post(path, {"url": URL}), 400, "BAD_REQUEST", "file")
    told(send(audioshake, path, b""), 400, "BAD_REQUEST", "file")
    broken = b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nRIFF"
    told(audioshake.post(path, broken, content_type="multipart/form-data; boundary=b"), 400, "BAD_REQUEST")
    assert world.services.assets.list(ada.id, limit=10) == []
    assert not world.objects.stored


@pytest.mark.parametrize(
    ("older", "status", "field"),
    [
        ({"stemName": 5}, 422, "stemMetadata.stemName"),
        ({"stemName": ""}, 422, "stemMetadata.stemName"),
        ({"format": "wav"}, 422, "stemMetadata.name"),
        ("vocals", 422, "stemMetadata"),
        ({"stemName": "dialogue_48"}, 400, "metadata.name"),
    ],
)
def test_an_older_order_that_cannot_be_done(
    audioshake: Api, ada: Tenant, world: World, older: Any, status: int, field: str
) -> None:
    body = {"stemMetadata": older, "assetId": send(audioshake, "/upload").json()["id"]}
    told(audioshake.post("/job", body), status, CODES[status], field)
    nothing_made(world, ada)


def test_a_rejected_file_takes_no_orders(audioshake: Api, ada: Tenant, world: World) -> None:
    asset = world.upload(ada, b"no audio")
    world.services.assets.inspect(ada.id, asset.id)
    for path, body in (("/job", {**JOB, "assetId": asset.id}), ("/tasks", {**TASK, "url": None, "assetId": asset.id})):
        assert "no audio file" in told(audioshake.post(path, body), 400, "BAD_REQUEST", "assetId")
    nothing_made(world, ada)


def test_what_is_another_tenants_is_not_there(audioshake: Api, ada: Tenant, bob: Tenant, world: World) -> None:
    asset = send(audioshake, "/upload").json()["id"]
    job = posted(audioshake, "/job", {**JOB, "assetId": asset})["job"]["id"]
    task = posted(audioshake, "/tasks", TASK)["id"]
    theirs = audioshake.with_key(f"Bearer {bob.secret}")
    for path, real in (("/job/{}", job), ("/tasks/{}", task), ("/assets/{}", asset)):
        absent = NO_ID[:24] + real[24:]
        seen, none = (told(theirs.get(path.format(name)), 404, "NOT_FOUND") for name in (real, absent))
        assert seen.replace(real, "") == none.replace(absent, ""), "the two cannot be told apart"
        assert audioshake.get(path.format(real)).status == 200
    for path, body in (("/job", JOB), ("/tasks", {"targets": TASK["targets"]})):
        seen, none = (
            told(theirs.post(path, {**body, "assetId": name}), 404, "NOT_FOUND", "assetId") for name in (asset, NO_ID)
        )
        assert seen.replace(asset, "") == none.replace(NO_ID, "")
    assert theirs.get("/job").json() == {"jobs": []}
    assert theirs.get("/tasks").json() == theirs.get("/assets").json() == []
    nothing_made_by = world.services.jobs.list(bob.id, limit=10)
    assert nothing_made_by == []


def test_ids_of_one_kind_are_none_of_another(audioshake: Api, ada: Tenant) -> None:
    asset = send(audioshake, "/upload").json()["id"]
    task = posted(audioshake, "/tasks", {"assetId": asset, "targets": TASK["targets"]})
    for path in (
        f"/tasks/{asset}",
        f"/tasks/{task['targets'][0]['id']}",
        f"/job/{task['id']}",
        f"/assets/{task['id']}",
    ):
        told(audioshake.get(path), 404, "NOT_FOUND")
    assert "there is no task" in told(audioshake.get(f"/tasks/{NO_ID}"), 404, "NOT_FOUND")
    assert audioshake.get(f"/job/{task['targets'][0]['id']}").status == 200, "a target is a job"


ROUTES = [
    ("POST", "/upload"),
    ("POST", "/upload/link"),
    ("POST", "/upload/audio-link"),
    ("POST", "/job"),
    ("GET", "/job"),
    ("GET", f"/job/{NO_ID}"),
    ("GET", "/usage"),
    ("POST", "/assets"),
    ("GET", "/assets"),
    ("GET", f"/assets/{NO_ID}"),
    ("POST", "/tasks"),
    ("GET", "/tasks"),
    ("GET", "/tasks/statistics"),
    ("GET", f"/tasks/{NO_ID}"),
]


def test_the_table_of_routes_is_whole() -> None:
    known = {(method, route.path) for route in DIALECT.router.routes for method in route.methods}  # type: ignore[attr-defined]
    assert len(known) == len(ROUTES)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key(audioshake: Api, ada: Tenant, method: str, path: str, slash: str) -> None:
    messages = set()
    for key in (None, "", "Bearer", "Bearer x", f"Basic {ada.secret}", ada.secret, f"Bearer {ada.secret[:-1]}"):
        answer = audioshake.with_key(key).call(method, path + slash, body=b"{nonsense")
        messages.add(told(answer, 401, "UNAUTHORIZED"))
    wrong = audioshake.with_key(None).call(method, path + slash, headers={"x-api-key": "pb_x"}, body=b"{nonsense")
    assert {told(wrong, 401, "UNAUTHORIZED")} == messages, "the same words whatever is wrong with the key"
    assert len(messages) == 1


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] == "GET"])
def test_both_headers_are_taken(audioshake: Api, ada: Tenant, method: str, path: str) -> None:
    bare = audioshake.with_key(None)
    by_key = bare.call(method, path, headers={"x-api-key": ada.secret})
    by_bearer = bare.call(method, path, headers={"authorization": f"bearer {ada.secret}"})
    assert by_key.status == by_bearer.status != 401


def test_a_key_may_be_held_to_reading(audioshake: Api, ada: Tenant, world: World) -> None:
    _, secret = world.services.accounts.create_key(ada.application, scopes=["read"])
    reader = audioshake.with_key(f"Bearer {secret}")
    for method, path in ROUTES:
        answer = reader.call(method, path, body=b"{}")
        assert (answer.status == 403) == (method == "POST"), path
    assert not world.objects.stored


@pytest.mark.parametrize(
    "path", ["/", "/jobs", "/job/a/b", "/task", "/tasks/x/y", "/upload/links", "/v1/job", "/usage/x"]
)
def test_an_unknown_path(audioshake: Api, path: str) -> None:
    for api in (audioshake, audioshake.with_key(None)):
        told(api.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/upload", "POST"), ("DELETE", f"/job/{NO_ID}", "GET, HEAD"), ("PUT", "/job", "GET, HEAD, POST")],
)
def test_a_method_that_a_path_does_not_take(audioshake: Api, method: str, path: str, allow: str) -> None:
    answer = audioshake.call(method, path)
    assert f"takes {allow}, not {method}" in told(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize("name", ["x", "../x", "%00", "a b", "é", NO_ID.upper(), "x" * 3000])
def test_an_id_that_is_none(audioshake: Api, name: str) -> None:
    for noun in ("job", "tasks", "assets"):
        told(audioshake.get(f"/{noun}/{name}"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("name", "value"), [("skip", "-1"), ("skip", "x"), ("skip", "10001"), ("take", "0"), ("take", "101"), ("take", "")]
)
def test_a_page_that_is_none(audioshake: Api, name: str, value: str) -> None:
    for path in ("/job", "/tasks", "/assets"):
        told(audioshake.get(path, (name, value)), 422, "INVALID_FIELDS", name)


def test_bodies_that_are_no_json(audioshake: Api) -> None:
    for path in ("/job", "/tasks", "/upload/link"):
        told(audioshake.post(path, b"{"), 400, "BAD_REQUEST")
        told(audioshake.post(path, b"[]"), 422, "INVALID_FIELDS", "body")
        told(audioshake.post(path, b"{}", content_length=str(DIALECT.limits.max_body_bytes + 1)), 413, "TOO_LARGE")


def test_the_store_is_down(audioshake: Api, world: World) -> None:
    world.records.down = True
    for method, path in ROUTES:
        told(audioshake.call(method, path, body=b"{}"), 503, "UNAVAILABLE")


def test_a_fault_of_ours_leaks_nothing(audioshake: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.records, "query", lambda *args, **more: 1 / 0)
    message = told(audioshake.get("/tasks"), 500, "INTERNAL_ERROR")
    assert "division" not in message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
models = st.sampled_from(["vocals", "instrumental", "drums", "guitar", "transcription"]) | st.text(max_size=8)
formats = st.sampled_from(["wav", "mp3", "json"]) | st.text(max_size=4)
urls = st.sampled_from([URL, "", "http://10.0.0.1/", None]) | json_values
works = {"residual": st.booleans() | json_values, "variant": st.sampled_from(["high_quality", None]) | json_values}
targets = st.fixed_dictionaries({"model": models, "formats": st.lists(formats, max_size=3)}, optional=works)
task_bodies = st.fixed_dictionaries(
    {"targets": st.lists(targets, max_size=4) | json_values},
    optional={"url": urls, "assetId": json_values, "metadata": json_values, "callbackUrl": urls},
)
job_bodies = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": models, "format": formats}, optional=works) | json_values},
    optional={"callbackUrl": urls},
)


@given(body=task_bodies | json_values)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_task_breaks_it(audioshake: Api, body: Any) -> None:
    answer = audioshake.call("POST", "/tasks", body=json.dumps(body).encode())
    if answer.status == 200:
        made = answer.json()
        assert audioshake.get(f"/tasks/{made['id']}").json() == made
        sent = [{"residual": False, **target} for target in body["targets"]]
        assert [{"residual": False, **t, **s} for t, s in zip(made["targets"], sent, strict=True)] == [
            {"residual": False, **t} for t in made["targets"]
        ]
        return
    assert answer.status in {400, 404, 422}, answer.text
    assert answer.json()["statusCode"] == answer.status


@given(body=job_bodies)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_job_breaks_it(audioshake: Api, ada: Tenant, world: World, body: dict[str, Any]) -> None:
    asset = world.upload(ada)
    answer = audioshake.call("POST", "/job", body=json.dumps({**body, "assetId": asset.id}).encode())
    if answer.status == 200:
        job = answer.json()["job"]
        assert job["metadata"] == body["metadata"], "word for word"
        assert audioshake.get(f"/job/{job['id']}").status == 200
        return
    assert answer.status in {400, 422}, answer.text
