"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA = Path(".patchbay")
DEFAULT_PORT = 8484

Data = Annotated[
    Path,
    typer.Option("--data", envvar="PATCHBAY_DATA", metavar="FOLDER", help="Folder in which the local twin lives."),
]
Stage = Annotated[
    str,
    typer.Option(
        "--stage", metavar="NAME", help="Stage deployed in the AWS account of your credentials; else the twin."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Url = Annotated[
    str,
    typer.Option("--url", envvar="PATCHBAY_URL", metavar="URL", help="Base URL of the API; the local twin's if unset."),
]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        envvar="PATCHBAY_KEY",
        metavar="KEY",
        help="API key; the local twin's own, made on first use, if unset.",
    ),
]
User = Annotated[str, typer.Option("--user", metavar="EMAIL", help="E-mail address of the person.")]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--events",
        metavar="TYPE",
        help="Only these, such as job.succeeded, job.* or *; may be repeated, or parted by commas.",
    ),
]


def names(given: list[str] | None) -> list[str] | None:
    """The values of an option that may be repeated, or parted by commas; None if it was not given."""
    found = [name.strip() for text in given or () for name in text.split(",") if name.strip()]
    return found or None
