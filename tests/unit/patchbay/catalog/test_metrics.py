"""Metrics: each line is one that CloudWatch reads, and all of them stay affordable."""

import json

import pytest

from patchbay.catalog import metrics, workflows
from patchbay.catalog.compute import QUEUED
from patchbay.catalog.dialects import DIALECTS
from patchbay.catalog.metrics import GROUPS, Group
from patchbay.domain.jobs import JobState

VALUES = {
    "service": len(DIALECTS) + 1,
    "state": sum(state.terminal for state in JobState),
    "workflow": len(workflows.workflows()),
    "compute": len(QUEUED),
    "outcome": 3,
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_line_has_what_its_directive_names(group: Group) -> None:
    names = {name for names in group.dimensions for name in names}
    told = json.loads(group.line("prod", dict.fromkeys(group.units, 1.5), dict.fromkeys(names, "x") | {"job_id": "j"}))
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Patchbay/prod"
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == dict(group.units)
    assert all(isinstance(told[metric["Name"]], float) for metric in directive["Metrics"])
    assert all(isinstance(told[name], str) for names in directive["Dimensions"] for name in names)
    assert told["job_id"] == "j"
    assert isinstance(told["_aws"]["Timestamp"], int)


def test_a_line_that_cloudwatch_would_drop_is_refused() -> None:
    with pytest.raises(ValueError, match="QueueWait"):
        metrics.TASKS.line("prod", {}, {"compute": "gpu"})
    with pytest.raises(ValueError, match="compute"):
        metrics.TASKS.line("prod", {"QueueWait": 1}, {"compute": ""})


def test_names_are_used_once() -> None:
    names = [name for group in GROUPS for name in group.units]
    assert len(names) == len(set(names))


def test_there_are_few_enough() -> None:
    """`docs/watching.md` tells the sum; what every job varies in must never become a dimension."""
    assert {name for group in GROUPS for names in group.dimensions for name in names} == VALUES.keys()
    most = sum(group.count(VALUES) for group in GROUPS)
    assert most * metrics.USD_A_MONTH < 50
