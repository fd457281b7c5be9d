"""One signed POST to a receiver, and what to make of its answer."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from patchbay.core import tracing
from patchbay.domain.errors import FetchRefused
from patchbay.domain.webhooks import Attempt, SigningSecret, signature
from patchbay.ports import Clock, Web

TIMEOUT_S = 15.0


def attempt(
    web: Web, clock: Clock, url: str, message_id: str, body: bytes, secret: SigningSecret
) -> tuple[Attempt, float | None]:
    """What came of one attempt, and how many seconds the receiver asks to be left alone."""
    started = clock.now()
    timestamp = int(started.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret.valid(started), message_id, timestamp, body),
    }
    try:
        with tracing.span("POST report", kind="client") as span:
            if trace := tracing.traceparent():
                headers["traceparent"] = trace
            answer = web.post(url, body, headers, timeout_s=TIMEOUT_S)
            span.tell(http_response_status__code=answer.status)
    except FetchRefused as error:
        return Attempt(at=started, error=str(error)[:500], duration_ms=_since(started, clock)), None
    made = Attempt(at=started, status=answer.status, duration_ms=_since(started, clock))
    if made.taken:
        return made, None
    told = made.model_copy(update={"error": f"answered {answer.status}; only 2xx counts as taken"})
    return told, retry_after_s(answer.retry_after, clock.now())


def retry_after_s(given: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for: a number or a date (RFC 9110, 10.2.3). None for none that can be read."""
    text = (given or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        return max((when - now).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _since(started: datetime, clock: Clock) -> int:
    return max(round((clock.now() - started).total_seconds() * 1000), 0)
