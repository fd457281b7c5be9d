"""The socket: API Gateway's WebSocket routes $connect, $disconnect and $default."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.dialects.soundforge import socket
from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.errors import PatchbayError, Unavailable

_log = logging.getLogger(__name__)


@observe.watched("socket")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """One event of a socket -> whether it was taken; only the answer to $connect means anything to API Gateway."""
    told = event["requestContext"]
    connection_id, route = str(told["connectionId"]), told["routeKey"]
    sockets = bootstrap.services().sockets
    try:
        if route == "$connect":
            given = event.get("queryStringParameters") or {}
            if not str(given.get("vsn", socket.VERSION)).startswith(socket.VERSION):
                return {"statusCode": 400}
            sockets.open(connection_id, str(given.get("token") or ""))
        elif route == "$disconnect":
            sockets.close(connection_id)
        else:
            for answer in socket.answers(connection_id, str(event.get("body") or "")):
                sockets.send(connection_id, answer)
    except Unavailable:
        _log.warning("socket not served for now", extra={"route": route})
        return {"statusCode": 503}
    except PatchbayError:
        return {"statusCode": 401}
    return {"statusCode": 200}
