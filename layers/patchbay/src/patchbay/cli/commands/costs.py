"""`patchbay cost`: what jobs cost, one's own through the API, or all tenants' for the operator."""

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from patchbay.cli import options, show
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.bootstrap import Services

PATH = "/patchbay/v1/costs"
BAR_CHARS = 24
_COLUMNS = ("name", "jobs", "failed", "audio_minutes", "cost_usd")
_DAY = ["%Y-%m-%d"]
By = Literal["day", "month", "tenant", "workflow", "dialect"]


def cost(
    by: Annotated[By, typer.Option(help="What to group by; `tenant` is for the operator.")] = "day",
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=_DAY, metavar="DAY", help="First day (UTC); else the first of the last day's month."
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DAY, metavar="DAY", help="Last day, included; today if left out."),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All tenants of the twin, for its operator.")] = False,
    stage: Annotated[str, typer.Option("--stage", metavar="NAME", help="All tenants of a deployed stage.")] = "",
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show what jobs cost on the days they ended, and how the budget stands: your own, or with `--stage` or `--all`
    those of all tenants. Jobs that failed or were cancelled cost what they took.
    """
    if everybody or stage:
        told = _of_stage(data, stage, by, first, last)
    elif by == "tenant":
        raise CommandFailed("other tenants' costs are the operator's: give --stage NAME, or --all for the twin")
    else:
        told = _own(url, key, data, {"by": by, "from": _day(first), "to": _day(last)})
    if as_json:
        show.as_json(told)
    elif as_csv:
        _as_csv(told["by"], told["groups"])
    else:
        _as_table(told)


def _own(url: str, key: str, data: Path, query: Mapping[str, str]) -> dict[str, Any]:
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found: dict[str, Any] = client.get(PATH, {name: value for name, value in query.items() if value})
    return found


def _of_stage(data: Path, stage: str, by: By, first: datetime | None, last: datetime | None) -> dict[str, Any]:
    from patchbay.cli import operator
    from patchbay.core.usage import days_between, grouped
    from patchbay.domain.usage import Tally

    services = operator.services(data, stage)
    end = (last or services.clock.now()).date()
    begin = first.date() if first else end.replace(day=1)
    groups = grouped(services.usage.of_stage.spent(begin, end), by, days_between(begin, end))
    names = _addresses(services, groups) if by == "tenant" else {}
    total = Tally()
    for tally in groups.values():
        total = total.plus(tally)
    shown = [{"name": names.get(name, name), **_figures(tally)} for name, tally in groups.items()]
    told = {"from": begin.isoformat(), "to": end.isoformat(), "by": by, "total": _figures(total), "groups": shown}
    return {**told, "budgets": []}


def _addresses(services: "Services", tenants: Mapping[str, Any]) -> dict[str, str]:
    """Id of a tenant -> the address that people know it by, of those that are still there."""
    from patchbay.domain.errors import NotFound

    found = {}
    for tenant_id in tenants:
        try:
            found[tenant_id] = services.accounts.user(tenant_id).email or tenant_id
        except NotFound:
            continue
    return found


def _figures(tally: Any) -> dict[str, Any]:
    minutes = round(tally.audio_s / 60, 3)
    return {"jobs": tally.jobs, "failed": tally.failed, "audio_minutes": minutes, "cost_usd": tally.cost_usd}


def _as_csv(by: str, groups: Sequence[Mapping[str, Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((by, *_COLUMNS[1:]))
    writer.writerows([_cell(group[name]) for name in _COLUMNS] for group in groups)


def _cell(value: Any) -> Any:
    """A value for a spreadsheet, which would take a text that begins like a formula for one."""
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} else value


def _as_table(told: Mapping[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    title = f"{told['from']} to {told['to']} (UTC)"
    drawn = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, show_footer=True)
    total = ("Total", *_texts(told["total"]), "")
    columns = (told["by"].capitalize(), "Jobs", "Failed", "Minutes", "USD", "")
    for number, (name, sum_) in enumerate(zip(columns, total, strict=True)):
        drawn.add_column(name, sum_, justify="left" if number in {0, 5} else "right", no_wrap=number > 0)
    most = max((group["cost_usd"] for group in told["groups"]), default=0.0)
    for group in told["groups"]:
        idle = not (group["jobs"] or group["failed"])
        bar_ = f"[cyan]{bar(group['cost_usd'], most)}[/]"
        drawn.add_row(show.plain(group["name"]), *_texts(group), bar_, style="dim" if idle else "")
    # Where nobody looks at it (a pipe), a line must not be cut at a width of 80.
    Console(width=None if sys.stdout.isatty() else 200).print(drawn)
    for budget in told["budgets"]:
        print(stands(budget))


def _texts(group: Mapping[str, Any]) -> tuple[str, str, str, str]:
    figures = str(group["jobs"]), str(group["failed"]), f"{group['audio_minutes']:.1f}", f"{group['cost_usd']:.4f}"
    return figures if group["jobs"] or group["failed"] else ("", "", "", "")


def bar(value: float, most: float) -> str:
    """A bar of up to `BAR_CHARS` characters, in eighths of one; whatever is not nothing shows."""
    eighths = 0 if most <= 0 else round(8 * BAR_CHARS * value / most)
    whole, rest = divmod(max(eighths, 1) if value > 0 else 0, 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def stands(budget: Mapping[str, Any]) -> str:
    """How a budget of the API's stands, in a line."""
    from patchbay.domain.budgets import dollars

    spent, limit, held = (budget[name] for name in ("spent_usd", "limit_usd", "reserved_usd"))
    under_way = f", {dollars(held)} set aside for jobs under way" if held else ""
    return (
        f"This {budget['period']}: {dollars(spent)} of {dollars(limit)} spent ({spent / limit:.0%}){under_way};"
        f" begins anew on {budget['resets_at'][:10]} (UTC)"
    )


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else ""
