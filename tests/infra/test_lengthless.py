"""The way of a file without a length: from the link that is given out, past the edge, into the store."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import pytest
from moto import mock_aws
from starlette.types import Message

from functions.http import puts
from infra.stacks.studio import SERVICE_ORIGIN
from patchbay import bootstrap
from patchbay.adapters.aws import clients, links
from patchbay.bootstrap import Services
from patchbay.domain.assets import incoming_key
from patchbay.domain.ids import new_id
from patchbay.settings import from_env
from tests.support import edge
from tests.support.templates import table_definition

BLOCKS = [b"one, ", b"two, ", b"three"]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    told = {"PUBLIC_URL": "https://music.example.org", "FRONT_OBJECTS": "true", "INGEST_MAX": "1"}
    made = Services(
        from_env(
            {"PATCHBAY_TABLE": "t", "PATCHBAY_MEDIA_BUCKET": "media", **{f"PATCHBAY_{k}": v for k, v in told.items()}}
        )
    )
    with mock_aws():
        for each in (clients.client, clients.signing_client, links._session):
            each.cache_clear()
        boto3.client("s3").create_bucket(Bucket="media")
        boto3.client("dynamodb").create_table(TableName="t", **table_definition())
        monkeypatch.setattr(bootstrap, "services", lambda: made)
        yield made
    for each in (clients.client, clients.signing_client, links._session):
        each.cache_clear()


def past_the_edge(url: str) -> dict[str, Any]:
    """The request as it comes to the service, or wherever it is sent."""
    parts = urlsplit(url)
    assert parts.netloc == "music.example.org"
    (found,) = edge.run(
        "object", [edge.request(parts.path, "PUT", query=dict(parse_qsl(parts.query)))], service=SERVICE_ORIGIN
    )
    assert found["chosen"] == SERVICE_ORIGIN
    passed: dict[str, Any] = found["answer"]
    return passed


async def answered(passed: dict[str, Any]) -> list[Message]:
    """What the service makes of it."""
    query = {name: told["value"] for name, told in passed["querystring"].items()}
    scope = {
        "type": "http",
        "method": passed["method"],
        "path": passed["uri"],
        "raw_path": passed["uri"].encode(),
        "query_string": urlencode(query).encode(),
        "headers": [],
    }
    waiting, sent = list(BLOCKS), list[Message]()

    async def receive() -> Message:
        block = waiting.pop(0)
        return {"type": "http.request", "body": block, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    await puts.app(scope, receive, send)
    return sent


async def test_a_link_that_is_given_out_takes_a_body_without_a_length(services: Services) -> None:
    key = incoming_key(new_id(), new_id())
    passed = past_the_edge(services.objects.presign_put(key, expires_s=900))
    began, *_ = await answered(passed)
    assert began["status"] == 200
    assert services.objects.read_range(key, 0, 100) == b"".join(BLOCKS)
