"""`patchbay user ...`: people, for the operator of a deployment."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from patchbay.cli import operator, options, show
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.domain.budgets import Standing

app = typer.Typer(help="People: show one, choose a plan, give credits, set budgets. For the operator.")


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
    plan: Annotated[
        Literal["standard", "premium", "operator"],
        typer.Argument(metavar="PLAN", help="`standard`, `premium`, or `operator`."),
    ],
    user: options.User,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Put a person, with all keys, on a plan: premium may make five times as many requests and have more at once;
    operator is without bounds in what it stores and orders.
    """
    accounts = operator.accounts(data, stage)
    changed = accounts.set_plan(operator.user(accounts, user).id, plan)
    _tell(changed.model_dump(mode="json", include={"id", "email", "plan"}), as_json)


@app.command()
def count(
    user: options.User,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Count the files and open jobs that a person had before there were bounds. Repeating it is safe."""
    services = operator.services(data, stage)
    person = operator.user(services.accounts, user)
    counted = services.assets.holdings.count_old(person.id)
    if as_json:
        show.as_json({"id": person.id, "counted": counted})
    else:
        print(f"{counted} files and jobs of {person.email} are counted now that were not")


@app.command("credits")
def credits_of(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose.")],
    add: Annotated[
        int, typer.Option(metavar="N", help="Give so many more, which no month ends; below 0: take some away.")
    ] = 0,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Show a person's credits, or give some beside those of the month."""
    services = operator.services(data, stage)
    user = operator.user(services.accounts, email)
    if add:
        services.credits.add(user.id, add)
    found = services.credits.standing(user.id, user.plan)
    if as_json:
        facts = {"left": found.left, "allowance": found.allowance, "spent": found.spent, "extra": found.extra}
        show.as_json({"id": user.id, "email": user.email, **facts, "renews_at": found.renews_at.isoformat()})
        return
    left = "as many credits as they like" if found.left is None else f"{found.left} credits"
    month = f"{found.spent} of this month's {found.allowance or 'unlimited'} spent"
    print(f"{user.email} has {left}: {month}, {found.extra} beside them")


@app.command()
def budget(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose.")],
    monthly_usd: Annotated[
        float | None, typer.Option(min=0, max=1e6, metavar="USD", help="What jobs may cost in a month; 0: no bound.")
    ] = None,
    daily_usd: Annotated[
        float | None, typer.Option(min=0, max=1e6, metavar="USD", help="What they may cost in a day; 0: no bound.")
    ] = None,
    as_plan: Annotated[bool, typer.Option("--as-plan", help="Go by the plan's budget again.")] = False,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Show what a person's jobs may cost and do, or set it. Nothing that runs is stopped; new jobs are refused."""
    services = operator.services(data, stage)
    user, budgets = operator.user(services.accounts, email), services.budgets
    if as_plan and (monthly_usd, daily_usd) != (None, None):
        raise CommandFailed("--as-plan takes the plan's budget: give no amounts with it")
    if as_plan:
        budgets.set(user.id, monthly_usd=None, daily_usd=None)
    elif (monthly_usd, daily_usd) != (None, None):
        month = user.budget_monthly_usd if monthly_usd is None else monthly_usd
        day = user.budget_daily_usd if daily_usd is None else daily_usd
        budgets.set(user.id, monthly_usd=month, daily_usd=day)
    _tell_budgets(user.id, user.email, budgets.standing(user.id), as_json)


def _tell_budgets(user_id: str, email: str, standing: "Sequence[Standing]", as_json: bool) -> None:
    from patchbay.domain.budgets import dollars

    if as_json:
        show.as_json({"id": user_id, "email": email, "budgets": [asdict(each) for each in standing]})
        return
    for each in standing:
        held = f", {dollars(each.reserved_usd)} set aside for jobs under way" if each.reserved_usd else ""
        told = f"{dollars(each.spent_usd)} of {dollars(each.limit_usd)} spent{held}"
        print(f"{email}, this {each.period}: {told}; begins anew on {each.resets_at:%Y-%m-%d} (UTC)")
    if not standing:
        print(f"what jobs of {email} cost is not bounded")


def _tell(facts: dict[str, str], as_json: bool) -> None:
    if as_json:
        show.as_json(facts)
    else:
        print(f"{facts['email']} is on the {facts['plan']} plan")
