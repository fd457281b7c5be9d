"""`patchbay cost` and `patchbay user budget`."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from patchbay.cli import operator, run
from patchbay.cli.commands.costs import BAR_CHARS, bar
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.cli.conftest import URL

Cli = Callable[..., str]


@pytest.fixture
def cli(native_world: World, deployment: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Cli:
    """Run a command that succeeds; returns what it printed."""
    monkeypatch.setattr(operator, "services", lambda data, stage: native_world.services)

    def command(*words: str) -> str:
        capsys.readouterr()
        own = () if words[0] == "user" else ("--url", URL, "--key", deployment.secret)
        status = run([*words, *own])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return str(printed.out)

    return command


@pytest.fixture
def worked(native_world: World, deployment: Tenant) -> None:
    """Jobs of two people, on two days."""
    bob = native_world.tenant("bob@example.org")
    native_world.carry_out(native_world.order(deployment))
    native_world.carry_out(native_world.order(bob, dialect="native"))
    native_world.clock.advance(days=1)
    native_world.services.jobs.cancel(bob.id, native_world.order(bob).id)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_ones_own_by_day(cli: Cli, worked: None) -> None:
    told = cli("cost")
    assert "2026-01-01 to" in told
    assert "Total" in told
    assert "█" * BAR_CHARS in told
    found = json.loads(cli("cost", "--json"))
    assert found["total"]["jobs"] == 1
    assert [group["jobs"] for group in found["groups"]][-2:] == [1, 0]


def test_as_csv(cli: Cli, worked: None) -> None:
    found = rows(cli("cost", "--by", "workflow", "--csv"))
    assert [(row["workflow"], row["jobs"], row["failed"]) for row in found] == [("stem-isolation-4", "1", "0")]
    assert float(found[0]["cost_usd"]) == json.loads(cli("cost", "--json"))["total"]["cost_usd"]


def test_everybodys_is_the_operators(cli: Cli, worked: None) -> None:
    found = rows(cli("cost", "--all", "--by", "tenant", "--csv"))
    assert {(row["tenant"], row["jobs"], row["failed"]) for row in found} == {
        ("ada@example.org", "1", "0"),
        ("bob@example.org", "1", "1"),
    }
    assert [row["jobs"] for row in rows(cli("cost", "--stage", "prod", "--by", "dialect", "--csv"))] == ["1", "1"]
    assert json.loads(cli("cost", "--all", "--json"))["total"]["failed"] == 1
    assert "bob@example.org" in cli("cost", "--all", "--by", "tenant")


def test_some_days_only(cli: Cli, worked: None, native_world: World) -> None:
    today = f"{native_world.clock.now():%Y-%m-%d}"
    for words in (("--all",), ()):
        found = json.loads(cli("cost", "--from", today, "--to", today, "--json", *words))
        assert (found["from"], found["to"], len(found["groups"])) == (today, today, 1)
        assert found["total"]["jobs"] == 0


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (["--by", "tenant"], 1, "give --stage NAME, or --all"),
        (["--by", "moon"], 2, "'moon' is not one of"),
        (["--from", "tomorrow"], 2, "--from"),
        (["--all", "--from", "2026-02-01", "--to", "2026-01-01"], 1, "is after"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], 1, "is after"),
    ],
)
def test_what_cannot_be_asked(
    cli: Cli, deployment: Tenant, capsys: Any, words: list[str], status: int, why: str
) -> None:
    assert run(["cost", *words, "--url", URL, "--key", deployment.secret]) == status
    assert why in capsys.readouterr().err


def test_a_budget_is_set_shown_and_taken_back(cli: Cli, native_world: World, deployment: Tenant) -> None:
    user = ("user", "budget", "Ada@example.org")
    assert cli(*user) == "what jobs of ada@example.org cost is not bounded\n"
    assert "this month: $0.00 of $20.00 spent; begins anew on 2026-02-01" in cli(*user, "--monthly-usd", "20")
    native_world.order(deployment, workflow="compose", input_asset_id=None)
    told = cli(*user, "--daily-usd", "0.5")
    assert "this month: $0.00 of $20.00 spent, $0.00" in told, "the month's stays"
    assert "this day: $0.00 of $0.50 spent" in told
    assert [b["limit_usd"] for b in json.loads(cli(*user, "--json"))["budgets"]] == [20.0, 0.5]
    assert "This month: $0.00 of $20.00 spent (0%), $0.0" in cli("cost")
    assert "This day: $0.00 of $0.50 spent" in cli("usage")
    assert "not bounded" in cli(*user, "--as-plan")


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (["nobody@example.org"], 1, "there is no user"),
        (["ada@example.org", "--monthly-usd", "-1"], 2, "--monthly-usd"),
        (["ada@example.org", "--daily-usd", "1e9"], 2, "--daily-usd"),
        (["ada@example.org", "--monthly-usd", "0.0000000001"], 1, "0 (no bound) to 1000000 US dollars"),
        (["ada@example.org", "--as-plan", "--daily-usd", "1"], 1, "give no amounts with it"),
    ],
)
def test_what_is_no_budget(cli: Cli, capsys: Any, words: list[str], status: int, why: str) -> None:
    assert run(["user", "budget", *words]) == status
    assert why in capsys.readouterr().err


def test_names_that_a_spreadsheet_would_calculate_are_texts(cli: Cli, native_world: World) -> None:
    native_world.carry_out(native_world.order(native_world.tenant("=cmd@example.org")))
    assert rows(cli("cost", "--all", "--by", "tenant", "--csv"))[0]["tenant"] == "'=cmd@example.org"


def test_a_bar_is_as_long_as_its_part() -> None:
    assert bar(1.0, 1.0) == "█" * BAR_CHARS
    assert bar(0.5, 1.0) == "█" * (BAR_CHARS // 2)
    assert bar(1e-9, 1.0) == "▏", "what is not nothing shows"
    assert bar(0.0, 1.0) == bar(0.0, 0.0) == ""
    lengths = [8 * bar(n / 500, 1.0).count("█") for n in range(501)]
    assert lengths == sorted(lengths)
