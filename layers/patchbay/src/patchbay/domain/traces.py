"""Where in a trace something happens, as W3C Trace Context (2021) writes it: `00-<trace>-<span>-<flags>`.

Only `traceparent` is kept and handed on; `tracestate`, which belongs to the systems of others, is not.
"""

import os
import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool

_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?")
_LONGEST = 256


class Place(NamedTuple):
    """One span of one trace."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    sampled: bool
    """Whether the trace is to be recorded."""

    def __str__(self) -> str:
        """The text of a `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"

    def child(self) -> "Place":
        """A new span of the same trace."""
        return self._replace(span_id=os.urandom(8).hex())


def parse(text: str | None) -> Place | None:
    """What a `traceparent` says; None for what is none, as the recommendation asks: whoever reads it starts anew."""
    found = _FORM.fullmatch(text) if text and len(text) <= _LONGEST else None
    if found is None or (found[1] == "00" and found[5]):
        return None
    return Place(found[2], found[3], bool(int(found[4], 16) & 1))


def begin(*, sampled: bool) -> Place:
    """The first span of a new trace."""
    return Place(os.urandom(16).hex(), os.urandom(8).hex(), sampled)


@dataclass(slots=True)
class Span:
    """One stretch of work. Times are nanoseconds since 1970."""

    name: str
    kind: Kind
    started_ns: int
    attributes: dict[str, Value] = field(default_factory=dict)
    place: Place | None = None
    """Where it is; the place around it if it is not recorded itself, None in no trace at all."""
    parent_id: str = ""
    recorded: bool = False
    ended_ns: int = 0
    error: str = ""
    """Kind of the error that it ended with."""

    def tell(self, **attributes: Value) -> None:
        """Add what was found out meanwhile; in a name `_` stands for a dot, and `__` for itself."""
        dotted = {name.replace("__", "\0").replace("_", ".").replace("\0", "_"): v for name, v in attributes.items()}
        self.attributes.update(dotted)
