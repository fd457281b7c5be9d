"""`patchbay user export`, `user erase`, `backup` and `restore`: for the operator of a deployment."""

from pathlib import Path
from typing import Annotated

import typer

from patchbay.cli import operator, options, show
from patchbay.cli.failures import CommandFailed

_Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Whose.")]


def export(
    email: _Email,
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to; made if needed.")],
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Write all that a person has into a folder: what is known of them, what they made, their files.

    It walks through the whole table. Stopped, it can be begun again, and fetches no file twice.
    """
    from patchbay.cli import takeout

    services = operator.services(data, stage)
    person = operator.user(services.accounts, email)
    with show.counting(quiet=as_json) as told:
        records, files = takeout.write(services.takeout, services.objects, person.id, folder, told)
    if as_json:
        show.as_json({"id": person.id, "records": records, "files": files, "folder": str(folder)})
    else:
        print(f"{records} records and {files} files of {person.email} are in {folder}; begin with {takeout.PAGE}")


def erase(
    email: _Email,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only tell what would go.")] = False,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Erase a person with all that is theirs, for good. Jobs under way are ended. Nothing of others goes.

    It walks through the whole table. Stopped, it can be begun again.
    """
    services = operator.services(data, stage)
    person = operator.user(services.accounts, email)
    if yes:
        found = services.erasure.erase(person.id, (lambda what: None) if as_json else show.note)
    else:
        found = services.erasure.look(person.id)
    if as_json:
        facts = {"items": dict(found.items), "mentions": found.mentions, "objects": found.objects}
        show.as_json({"id": person.id, "erased": yes, **facts, "size_bytes": found.size_bytes})
        return
    rows = [(kind.lower(), str(count)) for kind, count in found.items.most_common()]
    show.table(("Records", "Erased" if yes else "Would go"), rows)
    told = f"{found.items.total()} records and {found.objects} files of {found.size_bytes:,} bytes"
    print(f"{told} of {person.email} are gone" if yes else f"{told} would go; --yes does it")


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; made if needed.")],
    check: Annotated[bool, typer.Option("--check", help="Look at a backup that is there, every byte of it.")] = False,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Copy all that a deployment stores into a folder, while it goes on: the table, uploads and results; no passwords.

    Stopped, it can be begun again, and fetches no file twice.
    """
    from patchbay.core.backup import check as checked

    if check:
        summary = checked(folder)
    else:
        with show.counting(quiet=as_json) as told:
            summary = operator.services(data, stage).backup.make(folder, told)
    if as_json:
        show.as_json(summary.model_dump(mode="json"))
    else:
        size = f"{summary.items} records and {summary.objects} files of {summary.size_bytes:,} bytes"
        print(f"{size} of {summary.stage}, as of {show.when(summary.began_at.isoformat())}, are whole in {folder}")


def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A backup.")],
    again: Annotated[bool, typer.Option("--again", help="Go on where a restoring before was stopped.")] = False,
    data: options.Data = options.DEFAULT_DATA,
    stage: options.Stage = "",
    as_json: options.Json = False,
) -> None:
    """Put a backup into a new deployment, where nobody has an account yet. The backup is looked at first.

    People who sign in with a password set it anew, by a mailed code; keys are good as before.
    """
    services = operator.services(data, stage)
    if not folder.is_dir():
        raise CommandFailed(f"there is no folder {folder}")
    with show.counting(quiet=as_json) as told:
        summary = (services.backup.resume if again else services.backup.restore)(folder, told)
    if as_json:
        show.as_json(summary.model_dump(mode="json"))
    else:
        print(f"{summary.items} records and {summary.objects} files are back")
