"""Answers as they leave a Lambda in the cloud: how large they are there."""

import json
from typing import Any

import pytest

from tests.fakes.gateway import Api, event
from tests.fakes.world import World

LAMBDA_BYTES = 6_291_556
"""Lambda quotas: largest response of a synchronous call."""
LINK_CHARS = 1600


def lengthen_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links from here on have the token of a role, as S3 signs them for a Lambda."""
    short = world.objects.presign_get

    def presign_get(key: str, *, expires_s: int, as_file: bool = False) -> str:
        link = short(key, expires_s=expires_s, as_file=as_file) + "&X-Amz-Security-Token="
        return link.ljust(LINK_CHARS, "x")

    monkeypatch.setattr(world.objects, "presign_get", presign_get)


def in_lambda(api: Api, path: str, *query: tuple[str, str]) -> tuple[Any, int]:
    """(answer, bytes of what the Lambda gives back) of a GET. Its runtime leaves text beyond ASCII as it is."""
    given = api.handler(event("GET", path, query=query, headers={"authorization": api.key or ""}), None)
    assert given["statusCode"] == 200, given["body"]
    return json.loads(given["body"]), len(json.dumps(given, ensure_ascii=False).encode())
