"""`patchbay key ...`: API keys, for the operator of a deployment."""

from typing import TYPE_CHECKING, Annotated

import typer

from patchbay.cli import operator, options, show
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.domain.users import ApiKey

app = typer.Typer(help="API keys: create, list, revoke. For the operator of a twin or deployment.")


@app.command()
def create(
    user: options.User,
    name: Annotated[str, typer.Option(metavar="NAME", help="What the key is for, to tell it from others.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(metavar="SCOPE", help="What it may do: read, write. Both if left out.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also for an account that never showed that the address is its own.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Take the address from such an account, and make a new one with it.")
    ] = False,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Make a key and print it, alone on stdout. It is stored nowhere and cannot be shown again.

    The user is made if there is none with that address. Somebody may have registered with an address that is not his:
    then you decide, by --anyway (the key speaks for that very account) or --take-over (it keeps all but the address).
    """
    from patchbay.domain.errors import Unconfirmed
    from patchbay.domain.users import ALL_SCOPES

    accounts = operator.accounts(data, stage)
    try:
        person = accounts.take_over(user) if take_over else accounts.ensure_user(user, anyway=anyway)
    except Unconfirmed as error:
        raise CommandFailed(
            f"{error}: --take-over gives the address to a new account, --anyway adds a key to that one"
        ) from None
    key, secret = accounts.create_key(accounts.applications(person.id)[0], name=name, scopes=scope or (ALL_SCOPES,))
    if as_json:
        show.as_json({"key": secret, **_facts(key), "user": person.email})
    else:
        print(secret)


@app.command("list")
def list_keys(
    user: options.User,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """List the keys of a person, newest first, revoked ones included."""
    accounts = operator.accounts(data, stage)
    facts = [_facts(key) for key in accounts.keys(operator.user(accounts, user).id)]
    if as_json:
        show.as_json(facts)
        return
    rows = [
        (f["id"], f"{f['prefix']}…", show.plain(f["name"]), show.when(f["createdAt"]), show.when(f["revokedAt"]))
        for f in facts
    ]
    show.table(("Id", "Key", "Name", "Created", "Revoked"), rows)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key, or its first characters as listed.")],
    user: options.User,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """End a key at once."""
    accounts = operator.accounts(data, stage)
    tenant = operator.user(accounts, user).id
    wanted = key.removesuffix("…")
    found = [k for k in accounts.keys(tenant) if wanted and (k.id == wanted or k.prefix == wanted[: len(k.prefix)])]
    if len(found) != 1:
        raise CommandFailed(f"{user} has {'no key' if not found else f'{len(found)} keys'} called {key}")
    ended = accounts.revoke_key(tenant, found[0].id)
    if as_json:
        show.as_json(_facts(ended))
    else:
        print(f"{ended.prefix}… is revoked")


def _facts(key: "ApiKey") -> dict[str, str]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "createdAt": key.created_at.isoformat(),
        "revokedAt": key.revoked_at.isoformat() if key.revoked_at else "",
    }
