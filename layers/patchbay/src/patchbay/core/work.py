"""What is being worked on just now. Every line of log says so: which request, which job, whose, in which trace.

The facts belong to a context (`contextvars`), and what is found out later is noted for all of it: a request learns
which job it is about only when that is made. A thread of its own has them by `contextvars.copy_context().run`.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar

NAMES = ("request_id", "tenant_id", "job_id", "step", "notice_id", "trace_id")
"""What a line tells of its surroundings, where it is known. Ids alone: no names, paths or addresses of users."""
_KNOWN = frozenset(NAMES)
_here: ContextVar[dict[str, str] | None] = ContextVar("work", default=None)


class begin:  # noqa: N801 - used as a function is
    """Do some work under facts of its own, and those of the work around it.

    A class, because every request goes through here: a generator's context manager takes three times as long.
    """

    __slots__ = ("_facts", "_token")

    def __init__(self, **facts: object) -> None:
        self._facts = _told(facts)

    def __enter__(self) -> None:
        around = _here.get()
        self._token = _here.set({**around, **self._facts} if around else self._facts)

    def __exit__(self, *_: object) -> None:
        _here.reset(self._token)


def note(**facts: object) -> None:
    """Say more of the work that is being done. Outside of any this says nothing."""
    if (here := _here.get()) is not None:
        here.update(_told(facts))


def facts() -> Mapping[str, str]:
    """What is known of it."""
    return _here.get() or {}


class AddFacts(logging.Filter):
    """Gives each record what is known of the work, except what the record says itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep all records."""
        for name, value in facts().items():
            if name not in record.__dict__:
                setattr(record, name, value)
        return True


def _told(facts: Mapping[str, object]) -> dict[str, str]:
    """As texts; what is not known is left out. Raises ValueError for a name that no line has."""
    if not facts.keys() <= _KNOWN:
        raise ValueError(f"no line tells {', '.join(sorted(facts.keys() - _KNOWN))}")
    return {name: str(value) for name, value in facts.items() if value is not None and value != ""}
