"""Keeps the spans of this process for a moment and sends them together.

Work never waits for spans longer than twice `TIMEOUT_S`, and never fails for them. Whoever collects them and does not
answer is left alone for a while; what cannot be sent then is counted and dropped.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

import urllib3

from patchbay.adapters.otlp import form
from patchbay.domain.traces import Span, Value

PATH = "/v1/traces"
TIMEOUT_S = 2.0
PAUSE_S = 30.0
MOST_KEPT = 2048
MOST_SENT = 512
"""In one request. A span of ours is under 2 KB, and X-Ray takes 5 MB."""
EVERY_S = 2.0
Sign = Callable[[str, bytes, Mapping[str, str]], Mapping[str, str]]
"""(url, body, headers) -> headers with a signature."""
_log = logging.getLogger(__name__)


class Exporter:
    """Takes spans from any thread."""

    def __init__(self, endpoint: str, resource: Mapping[str, Value], sign: Sign | None = None) -> None:
        base = endpoint.rstrip("/")
        self.url = base if base.endswith(PATH) else base + PATH
        self.dropped = 0
        self._resource, self._sign = resource, sign
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(total=TIMEOUT_S), retries=False)
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._kept: list[Span] = []
        self._not_before = 0.0

    def add(self, span: Span) -> None:
        """Keep a span that has ended."""
        with self._lock:
            if len(self._kept) < MOST_KEPT:
                self._kept.append(span)
            else:
                self.dropped += 1

    def flush(self) -> None:
        """Send what is there; what is left when the time is over goes with the next."""
        until = time.monotonic() + TIMEOUT_S
        with self._sending:
            while self._not_before <= time.monotonic() < until:
                with self._lock:
                    some, self._kept = self._kept[:MOST_SENT], self._kept[MOST_SENT:]
                if not some:
                    return
                trouble = self._sent(some)
                if trouble:
                    self.dropped += len(some)
                    self._not_before = time.monotonic() + PAUSE_S
                    _log.warning("spans not sent: %s", trouble, extra={"count": len(some), "dropped": self.dropped})

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def keep_flushing(self) -> None:
        """From a thread of its own, every so often, in a process that goes on by itself."""

        def forever() -> None:
            while True:
                time.sleep(EVERY_S)
                self.flush()

        threading.Thread(target=forever, name="spans", daemon=True).start()

    def _sent(self, spans: list[Span]) -> str:
        """Why they were not taken; empty if they were."""
        headers: Mapping[str, str] = {"content-type": "application/json"}
        try:
            body = form.request(spans, self._resource)
            if self._sign is not None:
                headers = self._sign(self.url, body, headers)
            answer = self._pool.request("POST", self.url, body=body, headers=headers, redirect=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, no work fails for its spans
            return type(error).__name__
        return "" if 200 <= answer.status < 300 else f"answered {answer.status}"
