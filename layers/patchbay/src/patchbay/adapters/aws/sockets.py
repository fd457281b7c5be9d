"""Open sockets of an API Gateway WebSocket API."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.domain.errors import NotFound, Unavailable

_GONE = {"GoneException", "410", "BadRequestException"}
"""The last is the answer to what is no connection's id. `ForbiddenException` is none: our rights are wrong then."""
_BUSY = {"LimitExceededException", "429"}


@dataclass(frozen=True, slots=True)
class WebSocketApi:
    """The wire port."""

    endpoint: str

    def send(self, connection_id: str, data: bytes) -> None:
        """See `SocketWire`."""
        try:
            with clients.errors("the socket"):
                _client(self.endpoint).post_to_connection(ConnectionId=connection_id, Data=data)
        except ClientError as error:
            if clients.code_of(error) in _GONE:
                raise NotFound("the socket is closed") from None
            if clients.code_of(error) in _BUSY:
                raise Unavailable("the socket is busy; try again") from None
            raise


@cache
def _client(endpoint: str) -> Any:
    config = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=2, read_timeout=5)
    return boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=config)
