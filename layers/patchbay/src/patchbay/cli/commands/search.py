"""`patchbay search ...`: the index that samples and projects are found by, for the operator of a deployment."""

from typing import Annotated

import typer

from patchbay.cli import operator, options, show

app = typer.Typer(help="The index that samples and projects are found by. For the operator of a twin or deployment.")


@app.callback()
def group() -> None:
    """The index that samples and projects are found by. For the operator of a twin or deployment."""


@app.command()
def rebuild(
    user: Annotated[
        str, typer.Option("--user", metavar="EMAIL", help="Only what this person has; else everybody's.")
    ] = "",
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Make the index fit what there is again, after a change of its rules or a loss. Searches go on meanwhile.

    It can be stopped and run again at any time.
    """
    services = operator.services(data, stage)
    owners = [operator.user(services.accounts, user).id] if user else services.search.owners()
    people = things = 0
    for owner in owners:
        things += services.search.rebuild(owner)
        people += 1
    if as_json:
        show.as_json({"people": people, "things": things})
    else:
        print(f"{things} samples and projects of {people} people indexed")
