"""The page to look at first: what comes in, what becomes of it, what waits, what it costs."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.watching.measures import own
from infra.stage import Stage
from patchbay.catalog.compute import QUEUED
from patchbay.catalog.dialects import DIALECTS

_FIVE = Duration.minutes(5)
_HOUR = Duration.hours(1)
_STATES = ("succeeded", "failed", "cancelled")
_OUTCOMES = ("taken", "refused", "given up")


def dashboard(scope: Construct, stage: Stage) -> cloudwatch.Dashboard:
    """One for the stage; it names nothing of another stack, but searches for what is called after the stage."""
    rows = [_requests(stage), _jobs(stage), _work(stage), _queues(stage), _machinery(stage)]
    return cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=stage.named("overview"),
        default_interval=Duration.hours(12),
        widgets=[list(row) for row in rows],
    )


Row = tuple[cloudwatch.IWidget, ...]


def _requests(stage: Stage) -> Row:
    names = [dialect.name for dialect in DIALECTS]
    return (
        _graph("Requests", [own(stage, "Requests", "Sum", _FIVE, service=name) for name in names]),
        _graph("Answered with 5xx", [own(stage, "Faults", "Sum", _FIVE, service=name) for name in names]),
        _graph("Slowest of twenty (ms)", [own(stage, "Latency", "p95", _FIVE, service=name) for name in names]),
    )


def _jobs(stage: Stage) -> Row:
    times = [own(stage, name, how, _FIVE) for name in ("JobWaited", "JobWorked") for how in ("p50", "p95")]
    return (
        _graph("Jobs ended", [own(stage, "JobsEnded", "Sum", _FIVE, state=state) for state in _STATES]),
        _graph("Seconds until begun, and worked", times),
        _graph("Cost of machines a day (USD)", [own(stage, "JobCost", "Sum", Duration.days(1))]),
    )


def _work(stage: Stage) -> Row:
    kinds = [(name, compute.name) for compute in QUEUED for name in ("WorkerBusy", "WorkerIdle")]
    return (
        _graph("Seconds on the queue", [own(stage, "QueueWait", "p95", _FIVE, compute=c.name) for c in QUEUED]),
        _graph("Seconds busy and idle", [own(stage, name, "Sum", _HOUR, compute=compute) for name, compute in kinds]),
        _graph("Webhook attempts", [own(stage, "Deliveries", "Sum", _FIVE, outcome=each) for each in _OUTCOMES]),
    )


def _queues(stage: Stage) -> Row:
    return (
        _found("Age of the oldest message (s)", stage, "AWS/SQS,QueueName", "ApproximateAgeOfOldestMessage", "Maximum"),
        _found("Messages", stage, "AWS/SQS,QueueName", "ApproximateNumberOfMessagesVisible", "Maximum"),
        _found("The stream's delay (ms)", stage, "AWS/Lambda,FunctionName", "IteratorAge", "Maximum"),
    )


def _machinery(stage: Stage) -> Row:
    return (
        _found("Lambdas that failed", stage, "AWS/Lambda,FunctionName", "Errors", "Sum"),
        _found("Lambdas that were not started", stage, "AWS/Lambda,FunctionName", "Throttles", "Sum"),
        _graph("Cold starts", [own(stage, "ColdStarts", "Sum", _FIVE)]),
    )


def _graph(title: str, left: list[cloudwatch.Metric]) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), width=8, height=6)


def _found(title: str, stage: Stage, schema: str, name: str, statistic: str) -> cloudwatch.IWidget:
    """Whatever carries the stage's name, as all do that CloudFormation names."""
    words = stage.prefix.replace("-", " ")
    search = f"SEARCH('{{{schema}}} MetricName=\"{name}\" {words}', '{statistic}', 300)"
    found = cloudwatch.MathExpression(expression=search, using_metrics={}, label="", period=_FIVE)
    return cloudwatch.GraphWidget(title=title, left=[found], width=8, height=6)
