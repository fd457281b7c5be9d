"""`patchbay app ...` and `patchbay usage`: what an account has and uses, through the API."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from patchbay.cli import options, show
from patchbay.cli.commands.costs import stands

APPLICATIONS_PATH = "/patchbay/v1/applications"
USAGE_PATH = "/patchbay/v1/usage"
app = typer.Typer(help="Applications: each has keys of its own, and a secret that signs its reports.")


@app.command("list")
def list_applications(
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """List your applications, oldest first."""
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found = client.all(APPLICATIONS_PATH, "applications")
    if as_json:
        show.as_json(found)
    else:
        rows = [(a["id"], show.plain(a["name"]), show.when(a["created_at"])) for a in found]
        show.table(("Id", "Name", "Created"), rows)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name to know it by.")],
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Make one more application and print its id."""
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        made = client.send("POST", APPLICATIONS_PATH, {"name": name})
    if as_json:
        show.as_json(made)
    else:
        print(made["id"])


def usage(
    months: Annotated[int, typer.Option(min=1, max=24, help="How many months, this one included.")] = 3,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Show what you used by month: jobs that succeeded, minutes of audio, and what all jobs cost; and what you have now
    of what an account may only have so much of.
    """
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found = client.get(USAGE_PATH, {"months": months})
    if as_json:
        show.as_json(found)
        return
    rows = [row for month in found["months"] for row in _rows(month)]
    show.table(("Month", "Dialect", "Workflow", "Jobs", "Minutes", "USD"), rows)
    if found["held"]:
        show.table(("Now", "Used", "Limit"), [(h["name"], str(h["used"]), str(h["limit"])) for h in found["held"]])
    for budget in found["budgets"]:
        print(stands(budget))


def _rows(month: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield (f"[bold]{month['month']}[/]", "", "", *(f"[bold]{text}[/]" for text in _figures(month)))
    for work in month["by_work"]:
        yield ("", show.plain(work["dialect"]), show.plain(work["workflow"]), *_figures(work))


def _figures(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(told["jobs"]), f"{told['audio_minutes']:.1f}", f"{told['cost_usd']:.4f}"
