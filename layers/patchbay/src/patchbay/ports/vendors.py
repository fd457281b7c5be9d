"""Services elsewhere that separate songs for users who have accounts there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from patchbay.domain.errands import Beat, FarState, no_beat


@dataclass(frozen=True, slots=True)
class VendorKey:
    """A user's key, opened."""

    id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class VendorMinutes:
    """What an account has, minutes of audio; None where the service does not tell."""

    left: float
    quota: float | None = None
    used: float | None = None


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file there."""

    id: str
    ends_at: datetime


class AlreadyBegun(Exception):
    """The service has begun the very same order before; it does not say under which number."""


class StemVendor(Protocol):
    """A service that separates. Everything raises `VendorRefused`, `VendorFailed`; no error tells the key."""

    def minutes(self, key: str) -> VendorMinutes:
        """What the account has left. Raises `VendorRefused` for a key that is none."""

    def upload(self, key: str, path: Path, beat: Beat = no_beat) -> SentFile:
        """Bring a file there."""

    def begin(self, key: str, file_id: str, stems: Sequence[str], once: str) -> str:
        """Have stems taken out of a file; the task's number. The same `once`, a UUID, begins it once.

        Raises `AlreadyBegun` if it was, and the answer with its number was lost.
        """

    def find(self, key: str, file_id: str, stems: Sequence[str]) -> str | None:
        """The number of a task that takes, or took, just these stems out of a file; None where none is told."""

    def look(self, key: str, task_id: str, stems: Sequence[str], beat: Beat = no_beat) -> FarState:
        """How a task stands that is to take `stems` out."""

    def fetch(self, url: str, path: Path, beat: Beat = no_beat) -> None:
        """A file that came of a task. Raises `StemsGone`."""

    def cancel(self, key: str, task_ids: Sequence[str]) -> None:
        """End tasks; nothing happens to those that are over. Takes seconds at the most, as `remove` does."""

    def remove(self, key: str, file_id: str) -> None:
        """Remove a file that was brought there; whatever is made of it just now ends."""


class HeldKeys(Protocol):
    """Where workers get the keys of those whose tasks they have in hand."""

    def key_of(self, tenant_id: str, job_id: str, step: int, worker_id: str) -> VendorKey:
        """The key that a task's owner gave. Raises `VendorRefused` if there is none, `Unavailable`, `NotFound` for
        a task that this worker does not hold.
        """
