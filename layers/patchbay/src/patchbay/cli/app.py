"""The commands, put together."""

import typer

from patchbay.cli.commands import (
    account,
    compose,
    costs,
    doctor,
    events,
    jobs,
    keys,
    life,
    local,
    search,
    users,
    webhooks,
)

app = typer.Typer(
    name="patchbay",
    help="Stems and more from your own music backend. `patchbay up` runs it on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_HERE = "On this machine"
_API = "Through the API"
app.command(rich_help_panel=_HERE)(local.up)
app.command(rich_help_panel=_HERE)(local.worker)
app.command(rich_help_panel=_HERE)(local.ca)
app.command(rich_help_panel=_HERE)(doctor.doctor)
app.add_typer(keys.app, name="key", no_args_is_help=True, rich_help_panel=_HERE)
app.add_typer(users.app, name="user", no_args_is_help=True, rich_help_panel=_HERE)
users.app.command()(life.export)
users.app.command()(life.erase)
app.command(rich_help_panel=_HERE)(life.backup)
app.command(rich_help_panel=_HERE)(life.restore)
app.add_typer(search.app, name="search", no_args_is_help=True, rich_help_panel=_HERE)
app.command(rich_help_panel=_API)(jobs.separate)
app.command(rich_help_panel=_API)(compose.compose)
app.command(rich_help_panel=_API)(jobs.jobs)
app.command(rich_help_panel=_API)(jobs.job)
app.command(rich_help_panel=_API)(jobs.cancel)
app.command(rich_help_panel=_API)(jobs.models)
app.command(rich_help_panel=_API)(events.listen)
app.add_typer(webhooks.app, name="webhooks", no_args_is_help=True, rich_help_panel=_API)
app.add_typer(account.app, name="app", no_args_is_help=True, rich_help_panel=_API)
app.command(rich_help_panel=_API)(account.usage)
app.command(rich_help_panel=_API)(costs.cost)
