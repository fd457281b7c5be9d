"""What API Gateway says to a message, as ours."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from patchbay.adapters.aws import sockets
from patchbay.domain.errors import NotFound, Unavailable


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("GoneException", NotFound),
        ("BadRequestException", NotFound),
        ("LimitExceededException", Unavailable),
        ("InternalServerError", Unavailable),
        ("ForbiddenException", ClientError),
    ],
)
def test_errors(monkeypatch: pytest.MonkeyPatch, code: str, told: type[Exception]) -> None:
    class Refuses:
        def post_to_connection(self, **what: Any) -> None:
            raise ClientError({"Error": {"Code": code}}, "PostToConnection")

    monkeypatch.setattr(sockets, "_client", lambda endpoint: Refuses())
    with pytest.raises(told):
        sockets.WebSocketApi("http://sockets").send("c", b"{}")
