"""Commands that speak Patchbay's own API, against that API over fakes."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from functions.dialects import shape_of
from patchbay.cli import run
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.cli.conftest import KEY, URL

RECEIVER = "https://hooks.example.org/in"
Cli = Callable[..., Any]


@pytest.fixture
def cli(deployment: Tenant, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command that succeeds; returns what it printed, with `--json` as a value."""

    def command(*words: str, to: str = deployment.secret) -> Any:
        capsys.readouterr()
        status = run([*words, "--url", URL, "--key", to])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return json.loads(printed.out) if "--json" in words else printed.out

    return command


def test_a_webhooks_life(cli: Cli) -> None:
    made = cli("webhooks", "create", RECEIVER, "--events", "job.*,asset.ready", "--description", "[mine]", "--json")
    assert (made["url"], made["events"], made["description"]) == (RECEIVER, ["job.*", "asset.ready"], "[mine]")
    told = cli("webhooks", "list")
    assert made["id"] in told
    assert "[mine]" in told
    assert cli("webhooks", "list", "--json")[0]["id"] == made["id"]
    assert RECEIVER in cli("webhooks", "show", made["id"])
    changed = cli("webhooks", "update", made["id"], "--off", "--to", f"{RECEIVER}/2", "--events", "*", "--json")
    assert (changed["enabled"], changed["url"], changed["events"]) == (False, f"{RECEIVER}/2", ["*"])
    assert "switched off" in cli("webhooks", "show", made["id"])
    assert cli("webhooks", "update", made["id"], "--on", "--json")["enabled"] is True
    assert "is gone" in cli("webhooks", "delete", made["id"])
    assert cli("webhooks", "list", "--json") == []


def test_a_new_webhook_is_shown_with_its_secret(cli: Cli) -> None:
    assert "whsec_" in cli("webhooks", "create", RECEIVER)
    made = cli("webhooks", "list", "--json")[0]
    assert "whsec_" not in cli("webhooks", "show", made["id"])


@pytest.mark.parametrize("of", ["application", "webhook"])
def test_secrets_stand_alone_on_stdout_and_are_replaced(cli: Cli, of: str) -> None:
    which = [cli("webhooks", "create", RECEIVER, "--json")["id"]] if of == "webhook" else []
    first = cli("webhooks", "secret", *which)
    assert first.startswith("whsec_")
    assert first.count("\n") == 1
    second = cli("webhooks", "rotate", *which)
    assert second != first
    assert cli("webhooks", "secret", *which) == second
    told = cli("webhooks", "secret", *which, "--json")
    assert (told["secret"], told["previous"]) == (second.strip(), first.strip())


def test_what_became_of_notices(cli: Cli, native_world: World) -> None:
    made = cli("webhooks", "create", RECEIVER, "--json")
    native_world.web.receivers[RECEIVER] = ["[no] answer within 15 s"]
    sent = cli("webhooks", "test", made["id"], "--json")
    assert sent["state"] == "pending"
    [(_, message)] = native_world.notice_queue.waiting
    native_world.services.notices.deliver(message, shape_of)
    told = cli("webhooks", "notice", sent["id"])
    assert "[no] answer within 15 s" in told
    assert "pending" in cli("webhooks", "notices")
    assert cli("webhooks", "notices", "--state", "DEAD", "--json") == []
    assert cli("webhooks", "notices", "--webhook", made["id"], "--json")[0]["id"] == sent["id"]
    del native_world.web.receivers[RECEIVER]
    native_world.services.notices.deliver(native_world.notice_queue.waiting[-1][1], shape_of)
    assert "delivered" in cli("webhooks", "notice", sent["id"])
    assert "pending" in cli("webhooks", "replay", sent["id"])


def test_applications(cli: Cli) -> None:
    made = cli("app", "create", "[Sing] along").strip()
    assert [a["id"] for a in cli("app", "list", "--json")][1:] == [made]
    assert "[Sing] along" in cli("app", "list")


def test_usage(cli: Cli, native_world: World, deployment: Tenant) -> None:
    native_world.carry_out(native_world.order(deployment))
    told = cli("usage", "--months", "2")
    assert "2026-01" in told
    assert "stem-isolation-4" in told
    assert cli("usage", "--json")["months"][0]["jobs"] == 1


def test_cancel(cli: Cli, native_world: World, deployment: Tenant) -> None:
    job = native_world.order(deployment)
    assert cli("cancel", job.id) == f"job {job.id} is cancelled\n"
    assert cli("cancel", job.id, "--json")["state"] == "cancelled"


def test_lists_longer_than_a_page_are_walked(cli: Cli, native_world: World, deployment: Tenant) -> None:
    for _ in range(7):
        made = native_world.services.endpoints.create(deployment.id, RECEIVER)[0]
        for _ in range(20):
            native_world.services.notices.ping(deployment.id, made.id)
    found = cli("webhooks", "notices", "--size", "130", "--json")
    assert len({notice["id"] for notice in found}) == 130
    assert len(cli("webhooks", "notices", "--size", "1000", "--json")) == 140


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["webhooks", "show", "../jobs"], "there is no"),
        (["webhooks", "create", "http://localhost/x"], "localhost is not a public address"),
        (["webhooks", "create", RECEIVER, "--events", "job.flew"], "there is no event 'job.flew'"),
        (["webhooks", "update", "x"], "nothing is to be changed"),
        (["webhooks", "notices", "--state", "asleep"], "pending"),
        (["cancel", "x"], "there is no job x"),
        (["app", "create", " "], "name"),
        (["listen", "--forward", "localhost:3000"], "localhost:3000 is no URL"),
    ],
)
def test_errors_are_one_line(
    deployment: Tenant, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--url", URL, "--key", deployment.secret]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert told in printed.err


def test_every_fault_of_a_request_is_told(
    api: Any, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"field": "url", "message": "too long"}, {"field": "events.0", "message": "no text"}]
    api.script = [httpx.Response(422, json={"detail": "url: too long", "errors": faults})]
    assert run(["webhooks", "create", RECEIVER, "--url", URL, "--key", KEY]) == 1
    assert capsys.readouterr().err == "patchbay: url: too long; events.0: no text\n"
