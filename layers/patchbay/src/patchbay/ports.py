"""What the core needs of the world, and nothing more. Adapters fulfil these; tests bring fakes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from patchbay.domain.assets import AudioInfo
from patchbay.domain.tasks import ComputeClass, TaskMessage

Key = tuple[str, str]
"""(partition, sort key) of a record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One stored item. `body` is the entity as JSON; only what is looked up, filtered or expired stands beside it."""

    pk: str
    sk: str
    kind: str
    body: str
    version: int = 1
    indexes: Mapping[str, str] = field(default_factory=dict)
    """Index name (`INDEXES`) -> partition value; the index's sort key is the record's own."""
    expires_at: int | None = None
    """Unix time after which the store may drop it."""

    @property
    def key(self) -> Key:
        """The record's key."""
        return self.pk, self.sk


INDEXES = ("by_state", "by_workflow", "by_batch", "by_open")
"""Keys-only secondary indexes of the table; every one has the record's own sort key."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write a record if the stored one has `expected` as its version (0: there is none; None: whatever is there)."""

    record: Record
    expected: int | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a record if the stored one has `expected` as its version (None: whatever is there)."""

    key: Key
    expected: int | None


@dataclass(frozen=True, slots=True)
class Add:
    """Add to a counter, which is made if there is none; it holds whatever others do at the same time."""

    key: Key
    amount: int


Write = Put | Delete | Add


class WriteConflict(Exception):
    """A condition of a write did not hold: somebody else was faster. Nothing of the call was written."""


class Records(Protocol):
    """The table. Every read is by key; there is no scan."""

    def get(self, key: Key) -> Record | None:
        """One record, as last written (strongly consistent)."""

    def get_many(self, keys: Sequence[Key]) -> list[Record]:
        """Those of the records that exist, in the order of `keys`."""

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        """Records of one partition whose sort key starts with `prefix`, newest (greatest) first unless `ascending`.

        `before`: only sort keys strictly past this one in that order. Strongly consistent.
        """

    def index_keys(
        self, index: str, value: str, *, limit: int, before: str | None = None, upto: str | None = None
    ) -> list[Key]:
        """Keys under `value` of an index, greatest sort key first; `before` exclusive or `upto` inclusive bound it."""

    def write(self, *writes: Write) -> None:
        """All or nothing. Raises `WriteConflict`."""

    def add(self, key: Key, amount: int, *, expires_at: int) -> int:
        """Add to a counter that is dropped some time; returns its value after that. One write."""

    def counts(self, keys: Sequence[Key]) -> list[int]:
        """Values of counters, 0 where there is none. They have partitions of their own: no other read finds them."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows of an object."""

    size_bytes: int
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """A form upload: post `fields` and then the file (as `file`) to `url`."""

    url: str
    fields: Mapping[str, str]


class Objects(Protocol):
    """The object store. Keys always begin with the tenant's prefix."""

    def presign_put(self, key: str, *, expires_s: int, size_bytes: int | None = None) -> str:
        """URL that takes the object by PUT; with `size_bytes` only a body of exactly that length."""

    def presign_post(self, key: str, *, expires_s: int, max_bytes: int) -> PresignedPost:
        """Form that takes the object by POST, up to `max_bytes`."""

    def presign_get(self, key: str, *, expires_s: int, as_file: bool = False) -> str:
        """URL that gives the object; `as_file` as a download of no kind, whatever kind its uploader said it is of."""

    def start_multipart(self, key: str) -> str:
        """Begin an upload in parts; returns its id."""

    def presign_part(self, key: str, upload_id: str, number: int, *, expires_s: int) -> str:
        """URL that takes part `number` (from 1) by PUT."""

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        """Send part `number` (from 1); returns its ETag. Raises `InvalidInput` if there is no such upload."""

    def complete_multipart(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        """Make the object of its parts. Raises `InvalidInput` if they do not fit."""

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts; nothing happens if there is none."""

    def key_of(self, url: str) -> str | None:
        """The key that a URL of this store points to, or None for any other URL."""

    def stat(self, key: str) -> ObjectInfo | None:
        """The object's facts, or None."""

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a file. Raises `NotFound`."""

    def upload(self, path: Path, key: str, *, media_type: str) -> None:
        """Copy a file to the object, whatever its size."""

    def store(self, key: str, data: bytes, *, media_type: str) -> None:
        """Make the object of bytes at hand."""

    def read(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """The object in blocks. Raises `NotFound`."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens if there is none."""


class Executions(Protocol):
    """The state machine that carries jobs out."""

    def start(self, tenant_id: str, job_id: str, run: int) -> None:
        """Begin run number `run` of a job. Beginning the same run again does nothing."""

    def stop(self, job_id: str, run: int) -> None:
        """Stop it; nothing happens if it is over."""

    def running(self, job_id: str, run: int) -> bool:
        """Whether it is still under way."""

    def known(self, job_id: str, run: int) -> bool:
        """Whether it was ever begun."""

    def succeed_task(self, token: str) -> None:
        """Tell the state machine that a task ended well; a stale token is ignored."""

    def fail_task(self, token: str, error: str, cause: str) -> None:
        """Tell the state machine that a task failed; a stale token is ignored."""

    def keep_task(self, token: str) -> bool:
        """A task's sign of life. False if the state machine does not wait for it any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A task message as received, with the handle by which it is deleted, kept or given back."""

    message: TaskMessage
    handle: str
    received: int
    """How often this message has been handed out, this time included."""


class TaskQueues(Protocol):
    """The queues of the compute classes."""

    def send(self, compute: ComputeClass, message: TaskMessage) -> None:
        """Put a task on a queue, fairly between tenants."""

    def receive(self, compute: ComputeClass, *, wait_s: int, hold_s: int) -> Delivery | None:
        """The next task, hidden from others for `hold_s`; None if there is none within `wait_s`."""

    def hold(self, compute: ComputeClass, handle: str, hold_s: int) -> None:
        """Keep it hidden for `hold_s` from now; 0 gives it back at once."""

    def delete(self, compute: ComputeClass, handle: str) -> None:
        """It is done with."""

    def waiting(self, compute: ComputeClass) -> int:
        """About how many tasks wait."""

    def unfinished(self, compute: ComputeClass) -> int:
        """About how many tasks wait or are being worked on."""


class Launcher(Protocol):
    """How workers come to be: Batch, SageMaker, or (twin, bring-your-own) not by us."""

    def launch(self, compute: ComputeClass) -> None:
        """Start one more worker of a class."""


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


class Prober(Protocol):
    """Looks at audio files without trusting them."""

    def probe(self, path: Path) -> AudioInfo:
        """What the file is. Raises `UnusableAudio`."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in gives: tokens that speak for a user."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    """Seconds until the access token ends."""


class Passwords(Protocol):
    """The keeper of passwords and of the sessions that they open. It knows users by their ids alone."""

    def create(self, user_id: str, email: str, password: str) -> None:
        """Keep a user's first password; codes go to `email`. Raises `InvalidInput`."""

    def remove(self, user_id: str) -> None:
        """Forget a user; nothing happens if there is none."""

    def sign_in(self, user_id: str, password: str) -> Grant:
        """Begin a session. Raises `Unauthenticated`, in the same time and words whatever is wrong."""

    def refresh(self, refresh_token: str) -> Grant:
        """Go on with a session. Raises `Unauthenticated`."""

    def revoke(self, refresh_token: str) -> None:
        """No more tokens for this session."""

    def sign_out(self, user_id: str) -> None:
        """No more tokens for any session of a user; nothing happens if there is no such user."""

    def change(self, access_token: str, old: str, new: str) -> None:
        """Change a password. Raises `Unauthenticated` for an old one that is wrong, `InvalidInput`, `RateLimited`."""

    def send_code(self, user_id: str, email: str) -> None:
        """Mail the code by which a password is set anew, to a user without one too. Raises `RateLimited`."""

    def reset(self, user_id: str, code: str, password: str) -> None:
        """Set a password by a code. Raises `InvalidInput`, `RateLimited`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an access token that was checked tells."""

    user_id: str
    session_id: str
    """The same for all tokens of a session, refreshed ones too."""
    began_at: datetime
    """When its user signed in, to the second."""


class Tokens(Protocol):
    """Looks at access tokens without trusting them."""

    def read(self, token: str) -> Proof:
        """What a token tells. Raises `Unauthenticated`; `Unavailable` where the keys to check it cannot be had."""


class Bus(Protocol):
    """Where facts are published for others to act on."""

    def publish(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Publish events, all of them or raise."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, UTC, to the millisecond."""
