"""Identifiers. All are UUID version 7 (RFC 9562 section 5.7): unguessable, and sorted by the time they were made."""

import hashlib
import os
import re
import threading
import time
import uuid
from datetime import datetime


class _Sequence:
    """Milliseconds and a counter below them that never go back within the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = 0
        self._counter = 0

    def next(self) -> tuple[int, int]:
        """(milliseconds since 1970, 12-bit counter)."""
        with self._lock:
            now_ms = time.time_ns() // 1_000_000
            if now_ms > self._ms:
                self._ms, self._counter = now_ms, int.from_bytes(os.urandom(2), "big") & 0x7FF
            elif self._counter < 0xFFF:
                self._counter += 1
            else:
                self._ms, self._counter = self._ms + 1, 0
            return self._ms, self._counter


_sequence = _Sequence()


def new_id() -> str:
    """A new identifier, greater as text than every one made before it by this process."""
    milliseconds, counter = _sequence.next()
    value = milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | int.from_bytes(os.urandom(8), "big") >> 2))


def derived_id(when: datetime, *names: str) -> str:
    """The identifier of what `names` name and happened at `when`: the same every time, sorted like all others."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    low = int.from_bytes(digest[:10], "big") >> 6  # 74 bits: 12 above the variant, 62 below it
    milliseconds = round(when.timestamp() * 1000)
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | (low >> 62) << 64 | 0b10 << 62 | low & ((1 << 62) - 1)))


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether `text` has the form of an identifier. Whatever has not can be answered "not found" without a look-up."""
    return _UUID.fullmatch(text) is not None
