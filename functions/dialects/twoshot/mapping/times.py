"""Times in the form of the TwoShot API."""

from datetime import UTC, datetime


def iso(when: datetime) -> str:
    """A time such as `2024-01-15T10:30:00Z`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
