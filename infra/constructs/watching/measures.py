"""Alarms on what the product measures itself, in the stage's own namespace."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.watching.ring import ring
from infra.stage import Stage
from patchbay.catalog import metrics
from patchbay.catalog.dialects import DIALECTS

SLOW_MS = 3000
BROKEN_JOBS = 3
IDLE_PERCENT, LEAST_HOURS_OF_GPU = 60, 0.5
NEAR_LIMIT = 0.8
CERTIFICATE_DAYS = 21
_FIVE = Duration.minutes(5)
_HOUR = Duration.hours(1)


def own(stage: Stage, name: str, statistic: str, period: Duration, **dimensions: str) -> cloudwatch.Metric:
    """A metric of the product. Raises ValueError for one that the catalogue does not know in these dimensions."""
    known = [g for g in metrics.GROUPS if name in g.units and tuple(dimensions) in g.dimensions]
    if not known:
        raise ValueError(f"no metric {name} by {', '.join(dimensions) or 'nothing'}")
    return cloudwatch.Metric(
        namespace=metrics.namespace(stage.name),
        metric_name=name,
        dimensions_map=dimensions or None,
        statistic=statistic,
        period=period,
    )


def add_alarms(scope: Construct, stage: Stage) -> None:
    """All of them."""
    for dialect in DIALECTS:
        ring(
            scope,
            f"Slow{dialect.name.capitalize()}",
            runbook="api-slow",
            text=f"One in twenty requests of {dialect.name} takes more than {SLOW_MS / 1000:g} s",
            metric=own(stage, "Latency", "p95", _FIVE, service=dialect.name),
            threshold=SLOW_MS,
            periods=3,
        )
    ring(
        scope,
        "JobsBroken",
        runbook="jobs-broken",
        text=f"At least {BROKEN_JOBS} jobs failed within a quarter of an hour by a fault of ours",
        metric=own(stage, "JobsBroken", "Sum", Duration.minutes(15)),
        threshold=BROKEN_JOBS,
    )
    ring(
        scope,
        "CostPerDay",
        runbook="cost-per-day",
        text=f"Machines of jobs cost ${stage.alarm_cost_usd:g} or more within a day",
        metric=own(stage, "JobCost", "Sum", Duration.days(1)),
        threshold=stage.alarm_cost_usd,
    )
    _idle(scope, stage)
    _concurrency(scope, stage)


def add_outside_alarms(scope: Construct, stage: Stage) -> None:
    """On what a look from outside finds."""
    ring(
        scope,
        "Unreachable",
        runbook="unreachable",
        text=f"{stage.public_url} does not answer",
        metric=own(stage, "Reachable", "Maximum", _FIVE),
        threshold=1,
        periods=2,
        below=True,
    )
    ring(
        scope,
        "CertificateExpiry",
        runbook="certificate-expiry",
        text=f"The certificate of {stage.public_url} is good for less than {CERTIFICATE_DAYS} days",
        metric=own(stage, "CertificateDays", "Minimum", _HOUR),
        threshold=CERTIFICATE_DAYS,
        below=True,
    )


def _idle(scope: Construct, stage: Stage) -> None:
    seconds = LEAST_HOURS_OF_GPU * 3600
    share = cloudwatch.MathExpression(
        expression=f"IF(busy + idle >= {seconds:.0f}, 100 * idle / (busy + idle), 0)",
        using_metrics={
            "busy": own(stage, "WorkerBusy", "Sum", _HOUR, compute="gpu"),
            "idle": own(stage, "WorkerIdle", "Sum", _HOUR, compute="gpu"),
        },
        label="GPU idle (%)",
        period=_HOUR,
    )
    ring(
        scope,
        "GpuIdle",
        runbook="gpu-idle",
        text=f"GPU workers have waited for work for {IDLE_PERCENT} % of their time, hour after hour",
        metric=share,
        threshold=IDLE_PERCENT,
        periods=3,
    )


def _concurrency(scope: Construct, stage: Stage) -> None:
    at_once = cloudwatch.Metric(
        namespace="AWS/Lambda", metric_name="ConcurrentExecutions", statistic="Maximum", period=_FIVE
    )
    ring(
        scope,
        "Concurrency",
        runbook="concurrency-near-limit",
        text=f"Nearly as many Lambdas run at once as the account may have ({stage.lambda_concurrency})",
        metric=at_once,
        threshold=NEAR_LIMIT * stage.lambda_concurrency,
        periods=2,
    )
