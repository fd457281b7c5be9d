import json
from typing import Any

import pytest

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.bus import EventBus
from patchbay.domain.errors import Unavailable


class Events:
    def __init__(self, failing: int = 0) -> None:
        self.failing = failing
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append(Entries)
        return {"FailedEntryCount": self.failing}


def test_events_go_in_tens(monkeypatch: pytest.MonkeyPatch) -> None:
    events = Events()
    monkeypatch.setattr(clients, "client", lambda _: events)
    EventBus("bus").publish([{"type": "job.started", "n": n} for n in range(23)])
    assert [len(call) for call in events.calls] == [10, 10, 3]
    first = events.calls[0][0]
    assert (first["EventBusName"], first["Source"], first["DetailType"]) == ("bus", "patchbay", "job.started")
    assert json.loads(events.calls[2][2]["Detail"])["n"] == 22
    EventBus("bus").publish([])


def test_an_event_that_is_not_taken_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "client", lambda _: Events(failing=1))
    with pytest.raises(Unavailable):
        EventBus("bus").publish([{"type": "t"}])
