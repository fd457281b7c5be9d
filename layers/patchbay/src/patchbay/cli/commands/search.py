"""`patchbay search ...`: the index that samples are found by, for the operator of a deployment."""

from typing import Annotated

import typer

from patchbay.cli import operator, options, show

app = typer.Typer(help="The index that samples are found by. For the operator of a twin or deployment.")


@app.callback()
def group() -> None:
    """The index that samples are found by. For the operator of a twin or deployment."""


@app.command()
def rebuild(
    user: Annotated[
        str, typer.Option("--user", metavar="EMAIL", help="Only this person's samples; else everybody's.")
    ] = "",
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Make the index fit the samples again, after a change of its rules or a loss. Searches go on meanwhile.

    It can be stopped and run again at any time.
    """
    services = operator.services(data, stage)
    owners = [operator.user(services.accounts, user).id] if user else services.search.owners()
    people = samples = 0
    for owner in owners:
        samples += services.search.rebuild(owner)
        people += 1
    if as_json:
        show.as_json({"people": people, "samples": samples})
    else:
        print(f"{samples} samples of {people} people indexed")
