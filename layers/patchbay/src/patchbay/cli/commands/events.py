"""`patchbay listen`: events as they come, and handed on to a program on this machine."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from patchbay.cli import options, show
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.cli.listen import Event, Forwarded


def listen(
    forward: Annotated[
        str,
        typer.Option(metavar="URL", help="Hand each event on to this URL by POST, signed as webhooks are."),
    ] = "",
    events: options.Events = None,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Print events as they come, until Ctrl-C; with --forward a program on this machine gets them too.

    What is handed on carries the headers of Standard Webhooks, made with your application's secret, which is printed by
    `patchbay webhooks secret`. No public address is needed.
    """
    from patchbay.cli.connect import connect
    from patchbay.cli.listen import Feed, Forwarder, steadily, wanted

    if forward and not forward.startswith(("http://", "https://")):
        raise CommandFailed(f"{forward} is no URL; give one such as http://localhost:3000/webhooks")
    names = options.names(events)
    told = taken = 0
    with connect(url, key, data) as client:
        hand, feed = Forwarder(client, forward) if forward else None, Feed(client)
        try:
            feed.begin()
            if hand:
                hand.begin()
            show.note(f"listening{f', handing on to {forward}' if forward else ''}; Ctrl-C ends it")
            for event in steadily(feed.look, show.note):
                if wanted(event["type"], names):
                    made = hand.send(event) if hand else None
                    told, taken = told + 1, taken + (made is not None and made.taken)
                    _print(event, made, as_json=as_json)
        except KeyboardInterrupt:
            show.note(f"{told} events" + (f", {taken} of them taken by {forward}" if forward else ""))
        finally:
            if hand:
                hand.close()


def _print(event: "Event", made: "Forwarded | None", *, as_json: bool) -> None:
    if as_json:
        sent: dict[str, Any] = {}
        if made:
            sent = {"forwarded": {"status": made.status, "error": made.error, "duration_ms": made.duration_ms}}
        show.json_line({**event, **sent})
        return
    data = event["data"]
    kind, _, state = event["type"].partition(".")
    parts = [show.when(event["time"]), f"{kind}.{show.status(state)}", data.get("id", ""), data.get("name") or ""]
    text = "  ".join([*parts[:2], *(show.plain(str(part)) for part in parts[2:] if part)])
    if made:
        answer = f"{made.status}" if made.error is None else show.plain(made.error)
        text += f"  [{'green' if made.taken else 'red'}]-> {answer}[/] {made.duration_ms} ms"
    show.line(text)
