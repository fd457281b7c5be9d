"""The wire languages spoken at the base URL, one line each. Paths of two dialects never overlap."""

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DialectEntry:
    """One dialect: its folder under `functions/dialects`, and the paths that API Gateway sends to its Lambda."""

    name: str
    title: str
    paths: tuple[str, ...]
    """Path prefixes; `/v1` means `/v1` and everything below it. The longest prefix that fits wins."""
    ingest: tuple[str, ...] = ()
    """Exact paths among them whose POSTs carry whole files, too large for a Lambda: the ingest service takes them."""
    downloads: tuple[str, ...] = ()
    """Paths among them whose GETs answer with whole files: the ingest service gives them. An asterisk at the end stands
    for one more name.
    """
    large: str = ""
    """What its clients can do with a larger file where there is no ingest service."""


DIALECTS: tuple[DialectEntry, ...] = (
    DialectEntry(
        "musicai",
        "Music.ai",
        tuple(f"/{base}/{noun}" for base in ("v1", "api") for noun in ("upload", "job", "workflow", "application")),
    ),
    DialectEntry(
        "audioshake",
        "AudioShake",
        ("/upload", "/job", "/usage", "/assets", "/tasks"),
        ingest=("/upload", "/assets"),
        large="POST /patchbay/v1/uploads gives presigned URLs for a larger file, and an id that is an assetId here;"
        " or send a link to it",
    ),
    DialectEntry(
        "beatoven",
        "Beatoven.ai",
        (
            *(f"/api/{version}/{noun}" for version in ("v1", "v2") for noun in ("tracks", "status")),
            "/api/v1/tasks",
            "/api/v2/composition_params",
        ),
    ),
    DialectEntry(
        "twoshot",
        "TwoShot",
        ("/auth", "/user", "/sample", "/audio", "/licence", "/tag", "/project", "/generation", "/model", "/video"),
        ingest=("/sample/audio",),
        downloads=("/audio/download",),
        large="POST /sample/upload gives a presigned URL for a larger file, and an uploadId to make the sample of",
    ),
    DialectEntry(
        "soundforge",
        "SoundForge",
        (
            "/health",
            *(f"/api/{noun}" for noun in ("spotify", "download", "processing", "analysis", "daw", "lalalai", "tracks")),
            "/api/session",
            "/export",
            "/files",
            "/users",
            "/auth/spotify",
        ),
        ingest=("/api/daw/export",),
        downloads=("/export/stems/*",),
        large="to mix larger stems, name the track_id or job_id that they came from instead of sending them",
    ),
    DialectEntry("native", "Patchbay", ("/patchbay", "/openapi", "/docs")),
)


def ingest_paths() -> frozenset[str]:
    """The paths of all dialects that the ingest service takes POSTs for; a slash at the end makes no difference."""
    return frozenset(path for entry in DIALECTS for path in entry.ingest)


def download_paths() -> frozenset[str]:
    """The paths of all dialects that the ingest service answers GETs of, as the entries have them."""
    return frozenset(path for entry in DIALECTS for path in entry.downloads)


def listed_as(path: str, paths: Container[str]) -> str | None:
    """The entry of a list that a path, without a slash at its end, is meant by; None if it is not on the list."""
    family = path.rpartition("/")[0] + "/*"
    return next((entry for entry in (path, family) if entry in paths), None)
