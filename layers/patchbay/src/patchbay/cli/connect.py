"""Which deployment a client command talks to, and with which key."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from patchbay.cli import home, operator
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.cli.client import Client

OWN_USER = "me@localhost"
"""Whom the twin's own key speaks for."""


@contextmanager
def connect(url: str, key: str, data: Path) -> Iterator["Client"]:
    """A client for `url` and `key`; what is empty is the local twin's. Raises `CommandFailed`."""
    from patchbay.cli.client import ApiError, Client

    twin = home.find(data)
    base = url.rstrip("/")
    local = twin is not None and base in ("", twin.base_url)
    if not base:
        twin = home.require(data)
        base = twin.base_url
    if not key:
        if twin is None or not local:
            raise CommandFailed(f"no API key for {base}; give one by --key or PATCHBAY_KEY")
        key = own_key(twin.require_running())
    with Client(base, key, ca=twin.ca if twin and local else None) as client:
        try:
            yield client
        except ApiError as error:
            if error.status == 401 and twin and local and key == _kept(twin):
                why = f"the twin does not take the key in {twin.key_file}; remove that file, and a new one is made"
                raise CommandFailed(why) from None
            raise


def _kept(twin: home.Twin) -> str:
    return twin.key_file.read_text(encoding="utf-8").strip() if twin.key_file.exists() else ""


def own_key(twin: home.Twin) -> str:
    """The twin's own API key, made now if there is none yet."""
    try:
        return twin.key_file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        pass
    accounts = operator.accounts_of(twin)
    user = accounts.ensure_user(OWN_USER, "The person at this machine")
    _, secret = accounts.create_key(accounts.applications(user.id)[0], name="command line")
    _write_private(twin.key_file, secret + "\n")
    return secret


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
