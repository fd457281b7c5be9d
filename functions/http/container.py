"""What a service in a container on ECS tells its surroundings: how much it does, and that it must not be ended now.

A task that is scaled away, or replaced by a deployment, has two minutes from SIGTERM on (Fargate's longest), where an
upload may take an hour. So a task that has some under way asks ECS to leave it alone (ECS Developer Guide, "Amazon ECS
task scale-in protection endpoint").
"""

import json
import logging
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from functions.http import observe
from patchbay.catalog import metrics

LOOKS_S: Final = 5.0
"""How often it is looked whether anything is under way."""
PROTECTED_MIN: Final = 70
"""How long protection lasts if it is not asked for again: longer than the longest upload."""
RENEWED_S: Final = 600.0
COUNTED_S: Final = 60.0
_TIMEOUT_S: Final = 5.0
_AGENT = "ECS_AGENT_URI"
"""Where a container finds the agent; ECS sets it (the same guide)."""
_log = logging.getLogger(__name__)


class Keeper:
    """Looks after a service in a thread, while the block lasts. `agent`: its address, empty where there is none."""

    def __init__(self, under_way: Callable[[], int], agent: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._under_way, self._agent, self._now = under_way, agent, now
        self._protected_at_s: float | None = None
        self._counted_at_s: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    @classmethod
    def of_environment(cls, under_way: Callable[[], int], env: Mapping[str, str] | None = None) -> Self:
        """For this process."""
        return cls(under_way, (os.environ if env is None else env).get(_AGENT, ""))

    def __enter__(self) -> Self:
        if self._agent:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_S)

    def look(self) -> None:
        """Count, and ask for protection, or give it up, as things stand."""
        count, now_s = self._under_way(), self._now()
        if self._counted_at_s is None or now_s - self._counted_at_s >= COUNTED_S:
            self._counted_at_s = now_s
            observe.measured(metrics.INGEST, {"UploadsUnderWay": count})
        since_s = self._protected_at_s
        if count and (since_s is None or now_s - since_s >= RENEWED_S):
            if self._told(protected=True):
                self._protected_at_s = now_s
        elif not count and since_s is not None and self._told(protected=False):
            self._protected_at_s = None

    def _told(self, *, protected: bool) -> bool:
        """Whether ECS was told. While a deployment ends tasks it may refuse: then it is asked again."""
        wish = (
            {"ProtectionEnabled": True, "ExpiresInMinutes": PROTECTED_MIN}
            if protected
            else {"ProtectionEnabled": False}
        )
        request = urllib.request.Request(  # noqa: S310 - the agent's address is the environment's
            f"{self._agent}/task-protection/v1/state",
            data=json.dumps(wish).encode(),
            headers={"content-type": "application/json"},
            method="PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - see above
                found = json.load(answer)
        except (OSError, ValueError) as error:
            _log.warning("protection not changed", extra={"protected": protected, "reason": str(error)})
            return False
        if "protection" not in found:
            _log.warning("protection refused", extra={"protected": protected, "reason": json.dumps(found)[:500]})
            return False
        return True

    def _run(self) -> None:
        while not self._over.wait(LOOKS_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - uploads go on whatever becomes of this
                _log.exception("a look failed")
