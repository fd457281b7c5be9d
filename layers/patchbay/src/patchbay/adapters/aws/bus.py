"""Events on an EventBridge bus."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patchbay.adapters.aws import clients
from patchbay.domain.errors import Unavailable

SOURCE = "patchbay"
_BATCH = 10


@dataclass(frozen=True, slots=True)
class EventBus:
    """The bus port."""

    name: str

    def publish(self, events: Sequence[Mapping[str, Any]]) -> None:
        """See `Bus`."""
        for at in range(0, len(events), _BATCH):
            entries = [self._entry(event) for event in events[at : at + _BATCH]]
            with clients.errors("the event bus"):
                answer = clients.client("events").put_events(Entries=entries)
            if answer.get("FailedEntryCount"):
                raise Unavailable(f"{answer['FailedEntryCount']} events were not taken by the bus")

    def _entry(self, event: Mapping[str, Any]) -> dict[str, Any]:
        detail = json.dumps(event, separators=(",", ":"))
        return {"EventBusName": self.name, "Source": SOURCE, "DetailType": event["type"], "Detail": detail}
