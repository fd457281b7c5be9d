"""Times in the form of the AudioShake APIs."""

from datetime import UTC, datetime


def iso(when: datetime | None) -> str | None:
    """A time such as `2026-03-25T03:16:17.442Z`."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z" if when else None
