"""An alarm, with the page that says what to do. There is no other way to make one."""

from typing import Literal, get_args

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

Runbook = Literal[
    "api-errors",
    "api-slow",
    "certificate-expiry",
    "concurrency-near-limit",
    "cost-per-day",
    "executions-failed",
    "function-errors",
    "function-throttles",
    "gpu-idle",
    "jobs-broken",
    "lost-messages",
    "notices-given-up",
    "queue-age",
    "stream-behind",
    "table-throttled",
    "tasks-not-buried",
    "unreachable",
    "webhook-backlog",
]
"""Sections of `docs/runbooks.md`; a test holds the two together."""
RUNBOOKS: tuple[str, ...] = get_args(Runbook)
PAGE = "docs/runbooks.md"
_REACHED = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


def ring(
    scope: Construct,
    construct_id: str,
    *,
    runbook: Runbook,
    text: str,
    metric: cloudwatch.IMetric,
    threshold: float,
    periods: int = 1,
    below: bool = False,
) -> cloudwatch.Alarm:
    """Ring once `metric` was at `threshold` or over it (or `below` it) for so many periods; silence rings nothing."""
    return cloudwatch.Alarm(
        scope,
        construct_id,
        metric=metric,
        threshold=threshold,
        evaluation_periods=periods,
        comparison_operator=_BELOW if below else _REACHED,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=f"{text}. What to do: {PAGE}#{runbook}",
    )
