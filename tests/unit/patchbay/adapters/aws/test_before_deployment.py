"""What the doctor sees before a deployment, against moto: the settings of a shell, and the secrets that they name."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from patchbay.bootstrap.doctor import before_deployment
from patchbay.cli import operator
from patchbay.domain.checkup import Finding, State

SET = {"PATCHBAY_SECRETS": "patchbay/prod", "PATCHBAY_INGEST_MAX": "2"}
DOOR = "d" * 32


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def wrong(env: dict[str, str]) -> list[Finding]:
    found = list(before_deployment("prod", env))
    assert {finding.area for finding in found} <= {"account", "secrets", "settings"}
    return [finding for finding in found if finding.state is State.FAIL]


@pytest.mark.parametrize(
    ("told", "name", "words"),
    [
        ({"door_secret": ""}, "door_secret", "empty: the ingest service's load balancer asks for it"),
        ({"door_secret": "short"}, "door_secret", "24 to 128"),
        ({}, "door_secret", "missing"),
        (None, "secret", "patchbay/prod"),
    ],
)
def test_a_door_that_no_load_balancer_takes_is_found_before_it_is_asked(
    boto: Callable[[str], Any], told: dict[str, str] | None, name: str, words: str
) -> None:
    if told is not None:
        boto("secretsmanager").create_secret(Name="patchbay/prod", SecretString=json.dumps(told))
    (finding,) = wrong(SET)
    assert (finding.name, finding.state) == (name, State.FAIL)
    assert words in finding.told
    assert finding.todo


def test_what_is_well_is_let_through(boto: Callable[[str], Any]) -> None:
    boto("secretsmanager").create_secret(Name="patchbay/prod", SecretString=json.dumps({"door_secret": DOOR}))
    assert wrong(SET) == []
    assert wrong({}) == [], "who has no secrets is warned of that, and may do without"


@pytest.mark.parametrize(("told", "where"), [("eu-west-1", "eu-west-1"), ("", "eu-central-1")])
def test_it_looks_where_the_deployment_goes(
    boto: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, told: str, where: str
) -> None:
    """`AWS_REGION` comes before the other name, which alone boto3 knows."""
    monkeypatch.setenv("AWS_REGION", told)
    (credentials,) = (finding for finding in operator.findings_before("prod") if finding.name == "credentials")
    assert credentials.told.endswith(f"region {where}")


def test_a_setting_that_cannot_be_is_named() -> None:
    (finding,) = wrong({"PATCHBAY_INGEST_MAX": "many"})
    assert (finding.area, finding.state) == ("settings", State.FAIL)
    assert "PATCHBAY_INGEST_MAX" in finding.told
