"""The operator's secrets, as Secrets Manager keeps them."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from patchbay.adapters.aws import clients
from patchbay.domain.errors import Unavailable

LIVES_S = 900.0
"""How long what was read is used before it is read again: so long after a change all processes know of it."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class StageSecrets:
    """One secret that holds them all, as a JSON object of texts. Threads may share it."""

    name: str
    now: Callable[[], float] = time.monotonic
    _told: dict[str, str] | None = field(default=None, repr=False)
    _until: float = 0.0
    _reading: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self, name: str) -> str:
        """One of them; empty where the operator has none. Raises `Unavailable` if none could be read so far."""
        with self._reading:
            if self._told is None or self.now() >= self._until:
                self._told, self._until = self._read(self._told), self.now() + LIVES_S
            return self._told.get(name, "")

    def _read(self, known: dict[str, str] | None) -> dict[str, str]:
        """What is there now, or what was known, if it cannot be read just now."""
        try:
            with clients.errors("the store of secrets"):
                found = clients.brief_client("secretsmanager").get_secret_value(SecretId=self.name)
            told = json.loads(found["SecretString"])
            if not isinstance(told, dict):
                raise TypeError("no object")
        except (ClientError, BotoCoreError, Unavailable, KeyError, TypeError, ValueError) as error:
            # Never what it says: a text that is no JSON would be quoted.
            _log.exception("secrets not read", extra={"secret": self.name}, exc_info=type(error) is Unavailable)
            if known is None:
                raise Unavailable("the operator's secrets cannot be read; he finds why in the log") from None
            return known
        return {key: value.strip() for key, value in told.items() if isinstance(value, str)}
