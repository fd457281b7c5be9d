"""`patchbay user credits`: shown, given, taken away."""

import json

import pytest

from patchbay.cli import operator, run
from patchbay.settings import Settings
from tests.fakes.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment of few credits, with one user."""
    made = World(Settings(stage="test", credits_standard=50, credits_premium=0))
    monkeypatch.setattr(operator, "services", lambda data, stage: made.services)
    made.tenant("ada@example.org")
    return made


def test_shown_and_given(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "credits", "Ada@example.org"]) == 0
    told = "ada@example.org has 50 credits: 0 of this month's 50 spent, 0 beside them\n"
    assert capsys.readouterr().out == told
    assert run(["user", "credits", "ada@example.org", "--add", "25", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["left"], found["allowance"], found["spent"], found["extra"]) == (75, 50, 0, 25)
    assert run(["user", "credits", "ada@example.org", "--add", "-5"]) == 0
    assert "has 70 credits" in capsys.readouterr().out


def test_a_plan_without_a_bound(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    user = world.services.accounts.ensure_user("ada@example.org")
    world.services.accounts.set_plan(user.id, "premium")
    assert run(["user", "credits", "ada@example.org"]) == 0
    assert "as many credits as they like: 0 of this month's unlimited spent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (["bob@example.org"], 1, "there is no user bob@example.org"),
        (["ada@example.org", "--add", "-1"], 1, "there are 0 extra credits"),
        (["ada@example.org", "--add", "many"], 2, "--add"),
        ([], 2, "EMAIL"),
    ],
)
def test_what_cannot_be_done(
    world: World, arguments: list[str], status: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["user", "credits", *arguments]) == status
    assert why in capsys.readouterr().err
