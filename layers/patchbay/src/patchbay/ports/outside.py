"""The world outside: receivers, addresses, catalogues, time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from patchbay.domain.songs import Facts, Listing


@dataclass(frozen=True, slots=True)
class NoticeMessage:
    """Which attempt of which notice is to be made. All else is in the notice's record."""

    tenant_id: str
    notice_id: str
    attempt: int
    """How many attempts came before it: a message whose turn is over changes nothing."""


class NoticeQueue(Protocol):
    """The queue of attempts to bring notices to their receivers."""

    def send(self, message: NoticeMessage, *, delay_s: int) -> None:
        """Ask for an attempt in `delay_s` seconds, 900 at most, fairly between tenants."""

    def bury(self, message: NoticeMessage, reason: str) -> None:
        """Put a notice that was given up where operators look."""


LONGEST_DELAY_S = 900
"""Longest that a queue keeps a message back (SQS)."""


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a receiver answered."""

    status: int
    retry_after: str | None = None


class Web(Protocol):
    """HTTP to addresses that users gave, under the rules against server-side request forgery."""

    def fetch(self, url: str, path: Path, *, max_bytes: int) -> None:
        """Download to a file. Raises `FetchRefused` or `TooLarge`."""

    def put(self, url: str, body: Iterable[bytes], *, size_bytes: int, media_type: str) -> None:
        """Send a body by PUT. Raises `FetchRefused`."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> WebAnswer:
        """Send a body by POST and tell what was answered, whatever it was; redirects are not followed.

        Raises `FetchRefused` where there was no answer within `timeout_s`, or the address may not be called.
        """

    def check(self, url: str) -> None:
        """Raises `FetchRefused` for an address whose form alone rules it out (no name is looked up)."""


class SocketWire(Protocol):
    """What keeps sockets open."""

    def send(self, connection_id: str, data: bytes) -> None:
        """Send a text message. Raises `NotFound` for a socket that is gone, `Unavailable`."""


class SongCatalogue(Protocol):
    """A catalogue of songs on the web."""

    def lookup(self, url: str, *, access_token: str = "") -> Listing:
        """What an address is of, as the public sees it, or as whoever the token speaks for.

        Raises `UnknownAddress`, `NotFound`, `CatalogueFailed`.
        """


@dataclass(frozen=True, slots=True)
class SongGrant:
    """What speaks for somebody at a catalogue."""

    access_token: str
    refresh_token: str
    expires_in_s: int


class SongAccounts(Protocol):
    """People's own accounts at a catalogue of songs: OAuth's authorization codes, with a proof key."""

    @property
    def catalogue(self) -> str:
        """What it is called in songs' facts."""

    def consent_url(self, state: str, challenge: str, redirect_uri: str) -> str:
        """Where somebody consents; from there he comes to `redirect_uri` with the state and a code."""

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> SongGrant:
        """What a code stands for. Raises `CatalogueFailed`."""

    def refresh(self, refresh_token: str) -> SongGrant:
        """Go on. Raises `Unauthenticated` where the consent was taken back, `CatalogueFailed`."""

    def owner(self, access_token: str) -> tuple[str, str]:
        """(id, name) of whose account it is. Raises `CatalogueFailed`."""


class AudioProvider(Protocol):
    """Somebody who has the audio of songs."""

    @property
    def name(self) -> str:
        """What it is called in the settings."""

    def find(self, facts: Facts) -> str | None:
        """An address to fetch a song's audio from, or None. Raises `Unavailable`."""


class Bus(Protocol):
    """Where facts are published for others to act on."""

    def publish(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Publish events, all of them or raise."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, UTC, to the millisecond."""
