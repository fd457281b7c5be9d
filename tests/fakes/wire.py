"""Open sockets, in lists."""

import json
from typing import Any

from patchbay.domain.errors import NotFound


class FakeWire:
    """`sent`: (connection, message) of all that was sent. `gone`: connections that are closed at the other end."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.gone: set[str] = set()

    def send(self, connection_id: str, data: bytes) -> None:
        if connection_id in self.gone:
            raise NotFound("the socket is closed")
        self.sent.append((connection_id, json.loads(data)))

    def taken(self, connection_id: str) -> list[Any]:
        """What a connection was sent since the last time."""
        found = [message for to, message in self.sent if to == connection_id]
        self.sent = [(to, message) for to, message in self.sent if to != connection_id]
        return found
