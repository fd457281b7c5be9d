"""boto3 clients, each made once for a process, and how their errors become ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from patchbay.domain.errors import Unavailable

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4}, connect_timeout=3, read_timeout=40, max_pool_connections=50
)
Checksums = Literal["when_supported", "when_required"]
_making = threading.Lock()
"""boto3 makes its session on first use, which two threads must not do at once (boto3 guide, "Clients")."""
_BUSY = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "SlowDown",
    "InternalError",
    "InternalServerError",
    "ServiceUnavailable",
    "503",
    "500",
}


@cache
def client(service: str, *, checksums: Checksums | None = None) -> Any:
    """The process's client of a service; `checksums`: when S3 requests carry one, in botocore's words."""
    config = _CONFIG.merge(Config(request_checksum_calculation=checksums))
    with _making:
        return boto3.client(service, config=config)  # type: ignore[call-overload]


@cache
def waiting_client(service: str) -> Any:
    """A client for calls that take up to a quarter of an hour, and must not be made twice: another caller decides that.

    Alive is what such a connection has to be kept, or the network forgets it (Lambda developer guide, "Invoke").
    """
    config = _CONFIG.merge(Config(retries={"total_max_attempts": 1}, read_timeout=900, tcp_keepalive=True))
    with _making:
        return boto3.client(service, config=config)  # type: ignore[call-overload]


@cache
def brief_client(service: str) -> Any:
    """A client for what is small and somebody waits for: it gives up within 16 s, before a request's Lambda has to."""
    config = _CONFIG.merge(Config(retries={"total_max_attempts": 2}, connect_timeout=2, read_timeout=5))
    with _making:
        return boto3.client(service, config=config)  # type: ignore[call-overload]


@cache
def signing_client(endpoint_url: str) -> Any:
    """An S3 client that makes presigned URLs and does nothing else.

    Version 4 signatures, because only those carry an expiry that every store enforces. With an endpoint the bucket is
    in the path, as a front door that serves more than objects needs it.
    """
    # Every region under its own name, the oldest one too: what stands before a bucket knows it by that.
    config = Config(
        signature_version="s3v4",
        s3={
            "addressing_style": "path" if endpoint_url else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
    )
    return boto3.client("s3", endpoint_url=endpoint_url or None, config=config)


def code_of(error: ClientError) -> str:
    """The error's code."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def errors(what: str) -> Iterator[None]:
    """Turn "busy" and "no answer" into `Unavailable`; everything else goes through as it is."""
    try:
        yield
    except ClientError as error:
        if code_of(error) in _BUSY:
            raise Unavailable(f"{what} is busy; try again") from error
        raise
    except (HTTPClientError, NoConnection) as error:
        raise Unavailable(f"{what} did not answer; try again") from error
