"""The look at the public address, as it is measured."""

import json

import pytest

from functions.entrypoints import look_outside
from patchbay import bootstrap
from patchbay.adapters.web.outside import Look
from tests.fakes.world import World


@pytest.mark.parametrize(
    ("seen", "reachable", "days"),
    [
        (Look(status=200, certificate_days=80.04), 1, 80.0),
        (Look(trouble="no answer"), 0, 0.0),
        (Look(trouble="it answers 503", certificate_days=9.0), 0, 9.0),
    ],
)
def test_what_is_seen_is_measured(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seen: Look,
    reachable: int,
    days: float,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "x")
    monkeypatch.setattr(bootstrap, "look_outside", lambda url: seen)
    answer = look_outside.handler({}, None)
    assert answer["reachable"] is bool(reachable)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"Reachable"' in line]
    assert [(line["Reachable"], line["CertificateDays"]) for line in lines] == [(reachable, days)]
