"""Adapters run against moto, in this process."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from patchbay.adapters.aws import clients


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    # As they are now: tests put others in their place.
    caches = clients.client, clients.brief_client, clients.signing_client, clients.waiting_client
    with mock_aws():
        for cached in caches:
            cached.cache_clear()
        yield
        for cached in caches:
            cached.cache_clear()


@pytest.fixture
def boto() -> Any:
    return boto3.client
