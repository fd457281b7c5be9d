"""What commands print: tables and bars for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_COLOURS = {
    "QUEUED": "yellow",
    "STARTED": "cyan",
    "SUCCEEDED": "green",
    "FAILED": "red",
    "CANCELLED": "magenta",
    "PENDING": "yellow",
    "DELIVERED": "green",
    "DEAD": "red",
}


def as_json(value: Any) -> None:
    """Print `value` as JSON."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*columns, title=title or None, title_justify="left", header_style="bold")
    for row in rows:
        drawn.add_row(*row)
    # Where nobody looks at it (a pipe), a line must not be cut at a width of 80.
    Console(width=None if sys.stdout.isatty() else 200, emoji=False).print(drawn)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one pair a line; long values are not cut."""
    from rich.console import Console

    console = Console(emoji=False)
    for name, value in rows:
        if value:
            console.print(f"[bold]{name:<12}[/] {value}", soft_wrap=True, highlight=False)


def status(text: str) -> str:
    """A job's or notice's status, coloured."""
    colour = _COLOURS.get(text.upper())
    return f"[{colour}]{text}[/]" if colour else text


def plain(text: str) -> str:
    """Text that came from elsewhere, so that square brackets in it are no markup."""
    from rich.markup import escape

    return escape(text)


def when(text: str | None) -> str:
    """A time of the API in the reader's own time zone."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def line(text: str) -> None:
    """Print one line of markup at once, however long, for those who follow."""
    from rich.console import Console

    Console(highlight=False, emoji=False).print(text, soft_wrap=True)
    sys.stdout.flush()


def json_line(value: Any) -> None:
    """Print `value` as one line of JSON at once, for programs that follow."""
    print(json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":")), flush=True)


def note(text: str) -> None:
    """Tell people something on stderr, so that stdout stays for results."""
    print(f"patchbay: {text}", file=sys.stderr, flush=True)


def took(job: Mapping[str, Any]) -> str:
    """How long a job has taken from its creation to its end."""
    if not (job.get("createdAt") and job.get("completedAt")):
        return ""
    seconds = datetime.fromisoformat(job["completedAt"]) - datetime.fromisoformat(job["createdAt"])
    return f"{seconds.total_seconds():.1f} s"


@contextmanager
def progress(*, quiet: bool = False) -> Iterator["Progress"]:
    """A progress display on stderr, so that stdout stays for results."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as shown:
        yield shown


@contextmanager
def counting(*, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """A function that is told how many there are of what by now, of work whose length nobody knows."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:>10,.0f} {task.description:<10}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as shown:
        lines: dict[str, TaskID] = {}

        def told(what: str, number: int) -> None:
            if what not in lines:
                lines[what] = shown.add_task(what, total=None)
            shown.update(lines[what], completed=number)

        yield told
