"""How a public address looks to anybody: does it answer, whose certificate does it show, what does its clock say?"""

import http.client
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """What one GET found."""

    trouble: str = ""
    """Why there is no good answer; empty where there is one."""
    status: int | None = None
    certificate_days: float | None = None
    """Until the certificate expires; None where it was not seen or not trusted."""
    clock_skew_s: float | None = None
    """By how much its clock goes before this machine's, to within the seconds of a `Date` header."""
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


def look(url: str, *, ca_file: str | None = None, headers: dict[str, str] | None = None, method: str = "GET") -> Look:
    """Ask `url`, following nothing. The chain is checked against the public authorities and `ca_file`."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return Look(trouble=f"{url or 'an empty address'} is no https address")
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=TIMEOUT_S, context=context)
    days = None
    try:
        connection.connect()
        days = _days_left(connection.sock)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={"user-agent": "Patchbay/1", **(headers or {})})
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read(_MOST_BYTES)
    except ssl.SSLCertVerificationError as error:
        return Look(trouble=f"its certificate is not trusted: {error.verify_message}")
    except (OSError, http.client.HTTPException) as error:
        return Look(trouble=f"no answer: {type(error).__name__}: {error}", certificate_days=days)
    finally:
        connection.close()
    trouble = f"it answers {answer.status}" if answer.status >= 500 else ""
    return Look(trouble, answer.status, days, _skew_s(told.get("date")), told, body)


def _days_left(connected: socket.socket) -> float | None:
    shown = connected.getpeercert() if isinstance(connected, ssl.SSLSocket) else None
    if not shown or "notAfter" not in shown:
        return None
    ends_s = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    return (ends_s - datetime.now(UTC).timestamp()) / 86400


def _skew_s(date: str | None) -> float | None:
    try:
        return (parsedate_to_datetime(date or "") - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
