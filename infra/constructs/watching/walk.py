"""Alarms on what a stack is made of, in that same stack: so none holds on to what another wants to replace."""

from collections.abc import Iterator

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn

from infra.constructs.watching.ring import ring
from infra.stage import Stage

ERRORS = 5
"""Of all Lambdas of a stack within a quarter of an hour: single ones are tried again, and end on a queue if need be."""
FAULT_PERCENT, FEWEST_REQUESTS = 2, 20
FAILED_EXECUTIONS = 10
_MOST_IN_A_SUM = 10
_QUARTER = Duration.minutes(15)


def watch(stack: Stack, stage: Stage) -> None:
    """Add the alarms on a stack's Lambdas, table, state machine and HTTP API, and have all its alarms told."""
    functions = [each for each in stack.node.find_all() if isinstance(each, lambda_.Function)]
    for start in range(0, len(functions), _MOST_IN_A_SUM):
        _functions(stack, f"{start // _MOST_IN_A_SUM + 1}", functions[start : start + _MOST_IN_A_SUM])
    for each in list(stack.node.find_all()):
        if isinstance(each, dynamodb.Table):
            _table(each)
        elif isinstance(each, sfn.StateMachine):
            _machine(each)
        elif isinstance(each, apigateway.HttpApi):
            _api(each)
    tell(stack, stage)


def tell(stack: Stack, stage: Stage) -> None:
    """Have all alarms of a stack told by the stage's topic, when they begin and when they are over."""
    arn = stack.format_arn(service="sns", resource=stage.named("alarms"))
    alarms = [each for each in stack.node.find_all() if isinstance(each, cloudwatch.Alarm)]
    if not alarms:
        return
    topic = sns.Topic.from_topic_arn(stack, "AlarmTopic", arn)
    for alarm in alarms:
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))


def summed(metrics: list[cloudwatch.Metric], label: str) -> cloudwatch.MathExpression:
    """The sum of some metrics; one that has no figures counts as 0."""
    named = {f"m{number}": metric for number, metric in enumerate(metrics)}
    return cloudwatch.MathExpression(
        expression=f"SUM([{', '.join(named)}])", using_metrics=named, label=label, period=_QUARTER
    )


def _functions(stack: Stack, number: str, functions: list[lambda_.Function]) -> None:
    errors = [each.metric_errors(period=_QUARTER) for each in functions]
    ring(
        stack,
        f"FunctionErrors{number}",
        runbook="function-errors",
        text="Lambdas of this stack crashed or ran out of time",
        metric=summed(errors, "Errors"),
        threshold=ERRORS,
    )
    throttles = [each.metric_throttles(period=_QUARTER) for each in functions]
    ring(
        stack,
        f"FunctionThrottles{number}",
        runbook="function-throttles",
        text="Lambdas of this stack were not started because too many run in the account",
        metric=summed(throttles, "Throttles"),
        threshold=1,
        periods=2,
    )


def _table(table: dynamodb.Table) -> None:
    def events(name: str) -> cloudwatch.Metric:
        return table.metric(name, period=_QUARTER, statistic="Sum")

    ring(
        table,
        "Throttled",
        runbook="table-throttled",
        text="The table refused reads or writes because there were too many",
        metric=summed([events("ReadThrottleEvents"), events("WriteThrottleEvents")], "Throttled"),
        threshold=10,
    )


def _machine(machine: sfn.StateMachine) -> None:
    failed = [machine.metric_failed(period=_QUARTER), machine.metric_timed_out(period=_QUARTER)]
    ring(
        machine,
        "FailedAlarm",
        runbook="executions-failed",
        text="Many executions of jobs failed, of whosever fault",
        metric=summed(failed, "Failed"),
        threshold=FAILED_EXECUTIONS,
    )


def _api(api: apigateway.HttpApi) -> None:
    period = Duration.minutes(5)
    told = {"faults": api.metric_server_error(period=period), "all": api.metric_count(period=period, statistic="Sum")}
    share = cloudwatch.MathExpression(
        expression=f"IF(all >= {FEWEST_REQUESTS}, 100 * faults / all, 0)",
        using_metrics={**told},
        label="Faults (%)",
        period=period,
    )
    ring(
        api,
        "Errors",
        runbook="api-errors",
        text=f"At least {FAULT_PERCENT} % of requests are answered with 5xx",
        metric=share,
        threshold=FAULT_PERCENT,
        periods=2,
    )


def log_groups(stacks: list[Stack]) -> Iterator[str]:
    """Names of the groups that say what happened to jobs: those whose names are known beforehand."""
    for stack in stacks:
        for each in stack.node.find_all():
            if isinstance(each, logs.CfnLogGroup) and isinstance(each.log_group_name, str):
                yield each.log_group_name
