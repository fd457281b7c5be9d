"""The wire languages spoken at the base URL, one line each. Paths of two dialects never overlap."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DialectEntry:
    """One dialect: its folder under `functions/dialects`, and the paths that API Gateway sends to its Lambda."""

    name: str
    title: str
    paths: tuple[str, ...]
    """Path prefixes; `/v1` means `/v1` and everything below it. The longest prefix that fits wins."""


DIALECTS: tuple[DialectEntry, ...] = (
    DialectEntry(
        "musicai",
        "Music.ai",
        tuple(f"/{base}/{noun}" for base in ("v1", "api") for noun in ("upload", "job", "workflow", "application")),
    ),
    DialectEntry("native", "Patchbay", ("/patchbay", "/openapi", "/docs")),
)
