"""Work that a service elsewhere does for a user, who has an account and pays for it there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from patchbay.domain.base import Entity
from patchbay.domain.errors import VendorFailed, VendorRefused

LIVES = timedelta(hours=23)
"""How long what was sent away is counted on: LALAL.AI keeps files, and tells of tasks, for a day (read in 2026)."""
Beat = Callable[[], None]
"""Called several times a second while something takes time; what it raises ends the waiting."""


def no_beat() -> None:
    """For those whom nobody stops."""


class SendAgain(VendorFailed):
    """What was sent is not there any more, or not known. Waiting does not bring it back: it has to be sent anew."""


class StemsGone(VendorRefused):
    """A file that came of the work is not where it was said to be."""


class KeptKey(Entity):
    """A user's key for a service elsewhere."""

    id: str
    """Another one for each key: what was begun by one account is not gone on with by another."""
    tenant_id: str
    sealed: str
    kept_at: datetime


class SentWork(Entity):
    """One computation that was sent away: how far it is there, so that no try begins it, or pays for it, twice."""

    tenant_id: str
    job_id: str
    fingerprint: str
    key_id: str
    """By which of its owner's keys."""
    once: str
    """What the service knows the order by, before it has given it a number."""
    file_id: str = ""
    """The file there; empty until it was uploaded."""
    file_ends_at: datetime | None = None
    task_id: str = ""
    """The work there; empty until it was begun."""
    sent_at: datetime


class SentTask(Entity):
    """Which job of a tenant's a task elsewhere is for."""

    job_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FarState:
    """How work elsewhere stands."""

    state: Literal["working", "done", "failed", "cancelled", "unknown"]
    """`unknown`: the service says nothing of it now, and perhaps never will again."""
    fraction: float = 0.0
    reason: str = ""
    tracks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Once it is done: stem -> addresses of what, added up, it is; `REST` for what is left of the song."""


REST = "rest"
"""The song without all the stems that were asked for."""


class Errand(Protocol):
    """What an engine sends away, fetches, and calls off. It never sees its owner's key.

    All of it raises `VendorRefused` where trying again does not help, and `VendorFailed` where it may (`SendAgain`:
    beginning with `send`).
    """

    def send(self, path: Path, beat: Beat) -> None:
        """See to it that the file is there; nothing happens if it is, from an earlier try.

        Raises `TaskCancelled` if nobody wants it any more.
        """

    def begin(self, stems: Sequence[str]) -> None:
        """See to it that the work is begun; nothing happens if it is, from an earlier try. Nothing interrupts it: what
        was begun and is not known could not be ended.
        """

    def look(self, stems: Sequence[str], beat: Beat) -> FarState:
        """How it stands."""

    def fetch(self, url: str, path: Path, beat: Beat) -> None:
        """One of the files that came of it. Raises `StemsGone`."""

    def forget(self) -> None:
        """Nothing more is to be had of what was begun: another try starts anew."""

    def call_off(self) -> None:
        """The task was taken from its engine: if nobody wants it any more, end the work there too. Raises nothing."""
