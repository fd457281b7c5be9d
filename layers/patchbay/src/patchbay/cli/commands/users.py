"""`patchbay user ...`: people, for the operator of a deployment."""

from typing import Annotated, Literal

import typer

from patchbay.cli import operator, options, show

app = typer.Typer(help="People: show one, and choose a plan. For the operator of a twin or deployment.")


@app.command("show")
def show_user(
    user: options.User,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Show a person and the plan that quotas of requests go by."""
    accounts = operator.accounts(data, stage)
    _tell(operator.user(accounts, user).model_dump(mode="json", include={"id", "email", "plan"}), as_json)


@app.command()
def plan(
    plan: Annotated[Literal["standard", "premium"], typer.Argument(metavar="PLAN", help="`standard` or `premium`.")],
    user: options.User,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Put a person, with all keys, on a plan: premium may make five times as many requests."""
    accounts = operator.accounts(data, stage)
    changed = accounts.set_plan(operator.user(accounts, user).id, plan)
    _tell(changed.model_dump(mode="json", include={"id", "email", "plan"}), as_json)


def _tell(facts: dict[str, str], as_json: bool) -> None:
    if as_json:
        show.as_json(facts)
    else:
        print(f"{facts['email']} is on the {facts['plan']} plan")
