"""The operator's secrets: read when needed, kept for a while, never told."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.secrets import LIVES_S, StageSecrets
from patchbay.bootstrap import Services
from patchbay.domain.errors import Unavailable
from patchbay.settings import Settings

NAME = "patchbay/prod"
KEY, OTHER = "A" * 43 + "=", "B" * 42 + "A="


def keep(boto: Callable[[str], Any], told: object) -> None:
    text, store = told if isinstance(told, str) else json.dumps(told), boto("secretsmanager")
    try:
        store.create_secret(Name=NAME, SecretString=text)
    except store.exceptions.ResourceExistsException:
        store.put_secret_value(SecretId=NAME, SecretString=text)


class Reads:
    """Counts how often Secrets Manager is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, made = 0, clients.brief_client

        def counted(service: str) -> Any:
            self.count += service == "secretsmanager"
            return made(service)

        monkeypatch.setattr(clients, "brief_client", counted)


def test_they_are_read_once_in_a_while(boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(boto, {"vault_key": f" {KEY}\n", "door_secret": "d"})
    reads, now = Reads(monkeypatch), [0.0]
    kept = StageSecrets(NAME, lambda: now[0])
    assert reads.count == 0
    assert [kept.get(name) for name in ("vault_key", "door_secret", "spotify_client_id")] == [KEY, "d", ""]
    keep(boto, {"vault_key": OTHER})
    now[0] = LIVES_S - 1
    assert (kept.get("vault_key"), reads.count) == (KEY, 1)
    now[0] = LIVES_S
    assert (kept.get("vault_key"), reads.count) == (OTHER, 2)


def test_what_was_known_serves_while_they_cannot_be_read(boto: Any, caplog: pytest.LogCaptureFixture) -> None:
    keep(boto, {"vault_key": KEY})
    now = [0.0]
    kept = StageSecrets(NAME, lambda: now[0])
    assert kept.get("vault_key") == KEY
    for broken in ("no JSON but k3y", '["a", "list"]', '"a text"'):
        keep(boto, broken)
        now[0] += LIVES_S
        assert kept.get("vault_key") == KEY
        assert "k3y" not in caplog.text
    assert [record.levelno for record in caplog.records if record.name.endswith("secrets")] == [logging.ERROR] * 3


@pytest.mark.parametrize("told", [None, "no JSON but k3y", "[]"])
def test_none_at_all_is_said_without_telling_any(boto: Any, caplog: pytest.LogCaptureFixture, told: str | None) -> None:
    if told is not None:
        keep(boto, told)
    with pytest.raises(Unavailable, match="operator") as raised:
        StageSecrets(NAME).get("vault_key")
    assert "k3y" not in caplog.text + str(raised.value)
    assert "k3y" not in repr(StageSecrets(NAME, _told={"vault_key": "k3y"}))


def test_what_is_no_text_is_none(boto: Any) -> None:
    keep(boto, {"vault_key": 7, "door_secret": None, "spotify_client_id": {"a": 1}})
    kept = StageSecrets(NAME)
    assert [kept.get(name) for name in ("vault_key", "door_secret", "spotify_client_id")] == ["", "", ""]


def test_a_setting_comes_before_the_store_and_nothing_named_asks_nobody(
    boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(boto, {"vault_key": KEY, "door_secret": "kept"})
    reads = Reads(monkeypatch)
    assert Services(Settings()).secret("vault_key") == ""
    assert Services(Settings(secrets=NAME, door_secret="told")).secret("door_secret") == "told"
    assert reads.count == 0
    assert Services(Settings(secrets=NAME)).secret("door_secret") == "kept"


def test_a_key_that_is_none_is_said_without_telling_it(boto: Any) -> None:
    keep(boto, {"vault_key": "k3y"})
    with pytest.raises(Unavailable, match="vault_key is wrong") as raised:
        Services(Settings(secrets=NAME)).vault.seal("t", "n", "text")
    assert "k3y" not in str(raised.value)


def test_the_vault_follows_the_store_as_the_process_runs(boto: Any) -> None:
    """So keys are turned without a deployment: first behind the old one, a quarter hour later before it."""
    keep(boto, {"vault_key": KEY})
    services = Services(Settings(secrets=NAME))
    vault = services.vault
    sealed = vault.seal("t", "n", "text")
    keep(boto, {"vault_key": f"{OTHER},{KEY}"})
    services._kept_secrets[0]._until = 0.0
    assert vault.stale(sealed)
    assert vault.open("t", "n", sealed) == "text"
    assert not vault.stale(vault.seal("t", "n", "text"))
