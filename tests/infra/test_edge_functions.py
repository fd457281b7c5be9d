"""What CloudFront's functions do with requests for the API, for objects and for the service."""

import json
from functools import cache
from typing import Any

import pytest

from functions.entrypoints.openapi import dialect
from functions.http.app import error_response
from functions.http.archive import MAX_LAMBDA_BYTES
from functions.http.errors import BodyTooLarge
from functions.http.limits import VIEWER_HEADER
from infra.constructs import edge_code
from infra.stacks.studio import SERVICE_ORIGIN
from patchbay.catalog.dialects import DIALECTS, download_paths, ingest_paths
from patchbay.catalog.front import OBJECTS, PUTS, UPLOAD_PARAMETER
from tests.support import edge

SMALL, LARGE = edge_code.LAMBDA_FORM_BYTES, edge_code.LAMBDA_FORM_BYTES + 1
FIVE_GIB = 5 * 1024**3
PATHS = [(path, entry.name) for entry in DIALECTS for path in entry.paths]


def sized(uri: str, size: int | None, method: str = "POST") -> dict[str, Any]:
    return edge.request(uri, method, headers={} if size is None else {"content-length": str(size)})


def one(function: str, event: dict[str, Any], service: str = SERVICE_ORIGIN) -> dict[str, Any]:
    (found,) = edge.run(function, [event], service)
    return found


@cache
def refusals() -> dict[str, dict[str, Any]]:
    """What each path's dialect is made to say of a body that is too large, by path."""
    found = edge.run("door", [sized(path, 6_000_001) for path, _ in PATHS])
    return {path: each["answer"] for (path, _), each in zip(PATHS, found, strict=True)}


@pytest.mark.parametrize("service", ["", SERVICE_ORIGIN])
@pytest.mark.parametrize("function", ["door", "object", "page", "socket", "service"])
def test_the_code_is_as_short_as_it_has_to_be(function: str, service: str) -> None:
    assert len(edge_code.code(function, service).encode()) <= edge_code.LARGEST_CODE_BYTES


@pytest.mark.parametrize(("path", "name"), PATHS)
def test_what_is_too_large_is_told_as_the_dialect_words_it(path: str, name: str) -> None:
    answer = refusals()[path]
    told = json.loads(answer["body"]["data"])
    spoken = dialect(name)
    message = "the body has 6000001 bytes; "
    for_message = next(value for value in _texts(told) if value.startswith(message))
    wanted = error_response(spoken, BodyTooLarge(for_message), edge.REQUEST_ID, path)
    body = json.loads(bytes(wanted.body))
    if "timestamp" in body:
        assert len(body.pop("timestamp")) == len(told.pop("timestamp"))
    assert told == body
    assert answer["statusCode"] == wanted.status_code
    assert answer["headers"]["content-type"]["value"] == wanted.headers["content-type"]
    assert answer["headers"]["x-request-id"]["value"] == edge.REQUEST_ID
    assert answer["headers"]["access-control-allow-origin"]["value"] == "*"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def test_without_a_service_files_are_refused_with_the_way_that_there_is() -> None:
    paths = sorted(ingest_paths())
    ways = {path: entry.large for entry in DIALECTS for path in entry.ingest}
    for path, found in zip(paths, edge.run("door", [sized(path, LARGE) for path in paths]), strict=True):
        assert found["answer"]["statusCode"] == 413
        text = found["answer"]["body"]["data"]
        assert f"the body has {LARGE} bytes; {SMALL} are taken here: " in text
        assert ways[path]
        assert ways[path] in text
    (fits,) = edge.run("door", [sized(paths[0], SMALL)])
    assert fits["answer"]["uri"] == paths[0]


def test_every_way_that_is_told_is_there() -> None:
    """A path that a message names is one of that dialect's, or of Patchbay's own."""
    for entry in DIALECTS:
        there = routes(entry.name) | routes("native")
        assert {word for word in entry.large.split() if word.startswith("/")} <= there


def routes(name: str) -> set[str]:
    spoken = dialect(name)
    return {base + getattr(route, "path", "") for base in spoken.bases for route in spoken.router.routes}


@pytest.mark.parametrize("path", sorted(ingest_paths()))
@pytest.mark.parametrize("end", ["", "/"])
def test_large_files_and_files_of_unknown_size_go_to_the_service(path: str, end: str) -> None:
    events = [sized(path + end, size) for size in (LARGE, FIVE_GIB, None, SMALL, 0)]
    found = edge.run("door", [*events, sized(path + end, LARGE, "GET"), sized(path + "/x", None)], SERVICE_ORIGIN)
    assert [each["chosen"] for each in found] == [SERVICE_ORIGIN] * 3 + [""] * 4
    for each in found[:3]:
        assert each["answer"]["headers"][VIEWER_HEADER]["value"] == edge.VIEWER
        assert each["answer"]["uri"] == path + end


def test_answers_that_are_files_come_from_the_service() -> None:
    paths = [path.replace("*", "0198c0de") for path in sorted(download_paths())]
    gets = edge.run("door", [edge.request(path, way) for path in paths for way in ("GET", "HEAD")], SERVICE_ORIGIN)
    assert [each["chosen"] for each in gets] == [SERVICE_ORIGIN] * 2 * len(paths)
    others = [*(edge.request(path, "POST") for path in paths), *(edge.request(f"{path}/x") for path in paths)]
    assert {each["chosen"] for each in edge.run("door", others, SERVICE_ORIGIN)} == {""}
    assert {each["chosen"] for each in edge.run("door", [edge.request(path) for path in paths])} == {""}


def test_more_than_any_form_has_is_refused_before_it_is_sent() -> None:
    found = one("door", sized("/upload", 16 * FIVE_GIB + 2 * edge_code.FORM_REST_BYTES))
    assert found["answer"]["statusCode"] == 413
    assert found["chosen"] == ""


def test_small_files_are_those_that_fit_into_a_lambdas_call() -> None:
    assert SMALL == MAX_LAMBDA_BYTES
    assert SMALL * 4 / 3 < edge_code.LAMBDA_JSON_BYTES < 6_291_456


def test_links_to_objects_go_to_the_bucket_as_they_were_signed() -> None:
    uri = f"{OBJECTS}/incoming/audio/t/a%20b"
    given = edge.request(uri, headers={"authorization": "Bearer key", "range": "bytes=0-1"}, query={"X-Amz-Date": "d"})
    for service in ("", SERVICE_ORIGIN):
        found = one("object", given, service)
        assert found["chosen"] == ""
        answer = found["answer"]
        assert answer["uri"] == "/incoming/audio/t/a%20b"
        assert answer["querystring"] == {"X-Amz-Date": {"value": "d"}}
        assert answer["headers"] == {"range": {"value": "bytes=0-1"}}, "S3 takes one sign of who asks"
        assert answer["cookies"] == {}


def test_objects_without_a_length_go_to_the_service_where_their_link_has_an_upload() -> None:
    uri, named = f"{OBJECTS}/incoming/audio/t/a", {UPLOAD_PARAMETER: "u"}
    events = [
        edge.request(uri, "PUT", query=named),
        edge.request(uri, "PUT", query=named, headers={"content-length": "5"}),
        edge.request(uri, "PUT"),
        edge.request(uri, "GET", query=named),
        edge.request(uri, "OPTIONS", query=named),
    ]
    found = edge.run("object", events, SERVICE_ORIGIN)
    assert [each["chosen"] for each in found] == [SERVICE_ORIGIN, "", "", "", ""]
    assert found[0]["answer"]["uri"] == f"{PUTS}/incoming/audio/t/a"
    assert found[0]["answer"]["headers"][VIEWER_HEADER]["value"] == edge.VIEWER
    assert {each["chosen"] for each in edge.run("object", events)} == {""}


def test_the_service_is_told_who_asks() -> None:
    answer = one("service", edge.request("/ingest/ready", headers={VIEWER_HEADER: "forged"}))["answer"]
    assert answer["headers"][VIEWER_HEADER]["value"] == edge.VIEWER
