"""Which requests change the emulator's state: the snapshot thread sleeps while only reads come in."""

import time

from infra.twin.asgi import App, Message, Receive, Scope, Send

_READ_METHODS = {"GET", "HEAD", "OPTIONS"}
_READ_OPERATIONS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Head", "Lookup", "Validate")
# Counts of requests, and nothing else, are written by this one; a restart may forget some of them.
_WORTHLESS = "UpdateItem"
# An empty answer to ReceiveMessage is shorter than this; one with a message (which hides it: a change) never is.
_EMPTY_RECEIVE_BYTES = 64


class ChangeWatcher:
    """ASGI middleware that remembers when the state last changed, as a monotonic time in seconds."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.changed_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and note its time when it changes something."""
        operation = operation_of(scope)
        if scope["type"] != "http" or is_read(scope["method"], operation):
            await self._app(scope, receive, send)
            return
        if operation != "ReceiveMessage":
            self.changed_at = time.monotonic()
            await self._app(scope, receive, send)
            self.changed_at = time.monotonic()
            return
        answered = 0

        async def counting(message: Message) -> None:
            nonlocal answered
            answered += len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, counting)
        if answered > _EMPTY_RECEIVE_BYTES:
            self.changed_at = time.monotonic()


def operation_of(scope: Scope) -> str:
    """`DynamoDB_20120810.PutItem` -> `PutItem`; empty for services that name the operation elsewhere."""
    for name, value in scope.get("headers", ()):
        if name.lower() == b"x-amz-target":
            return str(value.decode("latin-1")).rpartition(".")[2]
    return ""


def is_read(method: str, operation: str) -> bool:
    """Whether a request leaves the state as it was, as far as it is worth keeping."""
    return method in _READ_METHODS or operation == _WORTHLESS or operation.startswith(_READ_OPERATIONS)
