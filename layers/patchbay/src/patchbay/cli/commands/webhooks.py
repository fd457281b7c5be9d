"""`patchbay webhooks ...`: receivers of events, their secrets, and what became of each notice, through the API."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from patchbay.cli import options, show
from patchbay.cli.failures import CommandFailed

WEBHOOKS_PATH = "/patchbay/v1/webhooks"
SECRET_PATH = "/patchbay/v1/webhook-secret"  # noqa: S105 - a path, no secret
NOTICES_PATH = "/patchbay/v1/notices"
app = typer.Typer(help="Webhooks: receivers of events, their secrets, and what became of each notice.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the webhook.")]
MaybeId = Annotated[str, typer.Argument(metavar="ID", help="Id of the webhook; the application's own if left out.")]
NoticeId = Annotated[str, typer.Argument(metavar="ID", help="Id of the notice.")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")]


@app.command("list")
def list_webhooks(
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """List your webhooks, oldest first."""
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found = client.all(WEBHOOKS_PATH, "webhooks")
    if as_json:
        show.as_json(found)
        return
    rows = [
        (w["id"], show.plain(w["url"]), ", ".join(w["events"]), _on(w), show.plain(w["description"])) for w in found
    ]
    show.table(("Id", "URL", "Events", "On", "Description"), rows)


@app.command()
def create(
    receiver: Annotated[str, typer.Argument(metavar="URL", help="Public URL that takes events by POST.")],
    events: options.Events = None,
    description: Description = None,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Register a receiver; prints its id, and the secret that signs what is sent there."""
    body = {"url": receiver, "events": options.names(events), "description": description}
    _print(_call("POST", WEBHOOKS_PATH, body, url=url, key=key, data=data), as_json=as_json)


@app.command("show")
def show_webhook(
    webhook_id: Id,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Show one webhook."""
    _print(_call("GET", _path(webhook_id), url=url, key=key, data=data), as_json=as_json)


@app.command()
def update(
    webhook_id: Id,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="Where events go from now on.")] = "",
    events: options.Events = None,
    description: Description = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it on or off.")] = None,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Change what is given of a webhook."""
    body = {"url": to or None, "events": options.names(events), "description": description, "enabled": on}
    if all(value is None for value in body.values()):
        raise CommandFailed("nothing is to be changed; give --to, --events, --description, --on or --off")
    _print(_call("PATCH", _path(webhook_id), body, url=url, key=key, data=data), as_json=as_json)


@app.command()
def delete(
    webhook_id: Id,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Forget a webhook and its secret."""
    gone = _call("DELETE", _path(webhook_id), url=url, key=key, data=data)
    if as_json:
        show.as_json(gone)
    else:
        print(f"webhook {gone['id']} is gone")


@app.command("test")
def ping(
    webhook_id: Id,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Send a webhook a ping; what becomes of it: patchbay webhooks notice ID."""
    _print_notice(_call("POST", _path(webhook_id, "test"), url=url, key=key, data=data), as_json=as_json)


@app.command()
def secret(
    webhook_id: MaybeId = "",
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Print a webhook's secret, alone on stdout; without ID that of your key's application."""
    path = _path(webhook_id, "secret") if webhook_id else SECRET_PATH
    _print_secret(_call("GET", path, url=url, key=key, data=data), as_json=as_json)


@app.command()
def rotate(
    webhook_id: MaybeId = "",
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Replace a secret and print the new one; for 24 hours both sign."""
    path = _path(webhook_id, "rotate") if webhook_id else f"{SECRET_PATH}/rotate"
    _print_secret(_call("POST", path, url=url, key=key, data=data), as_json=as_json)


@app.command()
def notices(
    state: Annotated[str, typer.Option(metavar="STATE", help="Only these: pending, delivered or dead.")] = "",
    webhook: Annotated[str, typer.Option(metavar="ID", help="Only those to this webhook.")] = "",
    size: Annotated[int, typer.Option(min=1, max=1000, help="How many, at most.")] = 20,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """List what was sent, or is on its way, newest first."""
    from patchbay.cli.connect import connect

    filters = {name: value for name, value in {"state": state.lower(), "endpoint_id": webhook}.items() if value}
    with connect(url, key, data) as client:
        found = client.all(NOTICES_PATH, "notices", filters, most=size)
    if as_json:
        show.as_json(found)
        return
    rows = [
        (n["id"], n["event_type"], show.status(n["state"]), str(n["tries"]), _when(n), show.plain(n["url"]))
        for n in found
    ]
    show.table(("Id", "Event", "State", "Tries", "Created", "To"), rows)


@app.command()
def notice(
    notice_id: NoticeId,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Show one notice with its attempts."""
    _print_notice(_call("GET", _notice(notice_id), url=url, key=key, data=data), as_json=as_json)


@app.command()
def replay(
    notice_id: NoticeId,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Send a notice once more that was taken or given up."""
    _print_notice(_call("POST", f"{_notice(notice_id)}/replay", url=url, key=key, data=data), as_json=as_json)


def _call(method: str, path: str, body: Mapping[str, Any] | None = None, **to: Any) -> Any:
    from patchbay.cli.connect import connect

    given = {name: value for name, value in body.items() if value is not None} if body is not None else None
    with connect(**to) as client:
        return client.get(path) if method == "GET" else client.send(method, path, given)


def _path(webhook_id: str, what: str = "") -> str:
    from patchbay.cli.client import inside

    return f"{WEBHOOKS_PATH}/{inside(webhook_id)}" + (f"/{what}" if what else "")


def _notice(notice_id: str) -> str:
    from patchbay.cli.client import inside

    return f"{NOTICES_PATH}/{inside(notice_id)}"


def _on(found: Mapping[str, Any]) -> str:
    return "[green]yes[/]" if found["enabled"] else f"no: {show.plain(found['disabled_reason'] or '')}"


def _when(found: Mapping[str, Any]) -> str:
    return show.when(found["created_at"])


def _print(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.as_json(found)
        return
    show.facts(
        [
            ("Id", found["id"]),
            ("URL", show.plain(found["url"])),
            ("Events", ", ".join(found["events"])),
            ("Description", show.plain(found["description"])),
            ("On", _on(found)),
            ("Created", _when(found)),
            ("Secret", found.get("secret", "")),
        ]
    )


def _print_secret(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.as_json(found)
        return
    print(found["secret"])
    if found["previous"]:
        show.note(f"until {show.when(found['previous_until'])} the one before signs too")


def _print_notice(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.as_json(found)
        return
    rows = [
        ("Id", found["id"]),
        ("Event", f"{found['event_type']} ({show.plain(found['event_id'])})"),
        ("To", show.plain(found["url"])),
        ("State", show.status(found["state"])),
        ("Reason", show.plain(found["reason"] or "")),
        ("Created", _when(found)),
        ("Next", show.when(found["next_attempt_at"])),
    ]
    for attempt in found["attempts"]:
        told = str(attempt["status"] or "") if not attempt["error"] else show.plain(attempt["error"])
        rows.append(("Attempt", f"{show.when(attempt['at'])}  {told}  {attempt['duration_ms']} ms"))
    show.facts(rows)
