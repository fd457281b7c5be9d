"""API Gateway in front of a Lambda handler: requests become payload 2.0 events, as in the cloud."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

REQUEST_ID = "JKJaXmPLvHcESHA="


@dataclass(frozen=True)
class Answer:
    """What the Lambda gave back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()
    """What `Set-Cookie` headers said; the gateway is given them apart."""

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def event(
    method: str,
    path: str,
    *,
    query: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, Any]:
    """An event of an HTTP API."""
    text, encoded = _body(body)
    passed = dict(headers or {})
    cookie = passed.pop("cookie", "")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "headers": {"host": "api.test", "x-forwarded-proto": "https", "x-forwarded-port": "443", **passed},
        **({"cookies": cookie.split("; ")} if cookie else {}),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abc123",
            "domainName": "api.test",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "t"},
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1767323045678,
        },
        "body": text,
        "isBase64Encoded": encoded,
    }


class Api:
    """A client of one Lambda handler; `key` goes into `Authorization`."""

    def __init__(self, handler: Callable[[dict[str, Any], Any], dict[str, Any]], key: str | None = None) -> None:
        self.handler, self.key = handler, key

    def with_key(self, key: str | None) -> "Api":
        return Api(self.handler, key)

    def get(self, path: str, *query: tuple[str, str], **headers: str) -> Answer:
        return self.call("GET", path, query=query, headers=headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, headers=headers)

    def post(self, path: str, given: object, **headers: str) -> Answer:
        return self._send("POST", path, given, headers)

    def patch(self, path: str, given: object, **headers: str) -> Answer:
        return self._send("PATCH", path, given, headers)

    def _send(self, method: str, path: str, given: object, headers: dict[str, str]) -> Answer:
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        return self.call(method, path, headers={"content-type": "application/json", **headers}, body=data)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        told = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.key is not None:
            told.setdefault("authorization", self.key)
        answer = self.handler(event(method, path, query=query, headers=told, body=body), None)
        raw = answer.get("body", "")
        data = base64.b64decode(raw) if answer["isBase64Encoded"] else raw.encode()
        return Answer(answer["statusCode"], answer.get("headers", {}), data, answer.get("cookies") or ())


def _body(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
