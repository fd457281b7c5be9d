"""The function that opens users' keys for workers, as workers ask it."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.held_keys import KeysFunction
from patchbay.domain.errors import NotFound, Unavailable, VendorRefused

ASKED = ("tenant", "job", 2, "worker")
KEY = "lalal-0123456789abcdef"


class FakeLambda:
    """One function. `answer`: what it gives back, as it comes; an exception is raised."""

    def __init__(self, answer: object, fault: str = "") -> None:
        self.answer, self.fault = answer, fault
        self.asked: list[tuple[str, Any]] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self.asked.append((FunctionName, json.loads(Payload)))
        if isinstance(self.answer, Exception):
            raise self.answer
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return {"Payload": io.BytesIO(body), **({"FunctionError": self.fault} if self.fault else {})}


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Any:
    def made(answer: object, fault: str = "") -> FakeLambda:
        fake = FakeLambda(answer, fault)
        monkeypatch.setattr(clients, "client", lambda service: {"lambda": fake}[service])
        return fake

    return made


def test_the_key_of_the_task_in_hand(function: Any) -> None:
    fake = function({"id": "k1", "key": KEY})
    found = KeysFunction("opens").key_of(*ASKED)
    assert (found.id, found.text) == ("k1", KEY)
    assert KEY not in repr(found)
    assert fake.asked == [("opens", {"tenant_id": "tenant", "job_id": "job", "step": 2, "worker_id": "worker"})]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"refused": "save one in the settings"}, VendorRefused),
        ({"missing": "not yours"}, NotFound),
        (b"", Unavailable),
        (b"null", Unavailable),
        (b"[]", Unavailable),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke"), Unavailable),
        (ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"), Unavailable),
        (ReadTimeoutError(endpoint_url="x"), Unavailable),
    ],
)
def test_what_else_comes(function: Any, answer: object, error: type[Exception]) -> None:
    function(answer)
    with pytest.raises(error):
        KeysFunction("opens").key_of(*ASKED)


def test_a_function_that_failed_tells_nothing_of_why(function: Any) -> None:
    function({"errorMessage": f"it was {KEY}", "errorType": "KeyError"}, fault="Unhandled")
    with pytest.raises(Unavailable) as caught:
        KeysFunction("opens").key_of(*ASKED)
    assert KEY not in str(caught.value)


def test_a_worker_without_one_leaves_the_task_to_others() -> None:
    with pytest.raises(Unavailable, match="PATCHBAY_KEYS_FUNCTION"):
        KeysFunction("").key_of(*ASKED)
