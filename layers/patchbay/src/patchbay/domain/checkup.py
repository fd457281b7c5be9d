"""What a look at a deployment finds, and the facts that it goes by."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_HASH = re.compile(r"[0-9A-F]{8}$")


class State(StrEnum):
    """How something is; `SKIPPED`: it has no place in this kind of deployment."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    name: str
    state: State
    told: str
    todo: str = ""
    """What to do about it; never empty where something is wrong."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose credentials these are, and by how much this machine's clock goes before AWS's, in seconds."""

    id: str
    region: str
    skew_s: float


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack."""

    stack: str
    logical_id: str
    kind: str
    name: str
    """Its physical id: a name, an ARN or a URL, as the kind has it."""

    @property
    def shown(self) -> str:
        """Short for its stack, and what the logical id was before CDK added eight digits to it."""
        return f"{self.stack.rpartition('-')[2]}/{_HASH.sub('', self.logical_id)}"


@dataclass(frozen=True, slots=True)
class StackFacts:
    """A stack as it stands."""

    name: str
    status: str
    release: str
    """Of the program that deployed it; empty where it does not say."""
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class TableFacts:
    """The table as it stands."""

    status: str
    indexes: Mapping[str, str]
    """Name -> status."""
    stream: str
    """What it tells of each change; empty where it tells nothing."""
    recovers: bool
    """Whether it can be put back to any time of the last weeks."""
    protected: bool
    """Whether it is protected from being deleted."""
    expires: bool
    """Whether records whose time is over are removed."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A queue as it stands."""

    name: str
    waiting: int
    in_flight: int
    has_dead_letters: bool
    """Whether there is another queue behind it."""


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """A Lambda as it stands."""

    name: str
    state: str
    last_update: str
    environment: Mapping[str, str] = field(repr=False)
    sources: Mapping[str, str] = field(default_factory=dict)
    """What it takes its work from -> whether that is enabled."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail service: whether the sender's address is verified, and whether it may write to anybody."""

    verified: bool
    production: bool


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of weights where it lies."""

    size_bytes: int
    sha256: str | None
    """Hexadecimal; None where it was not read and nobody has kept it."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What anybody sees of the public address."""

    trouble: str
    certificate_days: float | None
    skew_s: float | None
    stage: str
    """What it says of itself."""
    allows_origins: bool
    """Whether pages of other origins may ask it."""


def as_texts(text: str) -> dict[str, str]:
    """The texts of a JSON object. Raises ValueError, which quotes nothing, for anything else."""
    try:
        told = json.loads(text)
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(told, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - one kind of error for its readers
    return {str(name): value.strip() for name, value in told.items() if isinstance(value, str)}
