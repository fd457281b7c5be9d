"""The state machine, made from the catalogue's compute classes: a new class is a new branch without a line here.

Input: `{tenant_id, job_id, run}`. Plan says which steps are to be done; each goes to a Lambda or, through its class's
queue, to a worker that answers the task token; Finish ends the job. Whatever fails is told to the job, once, before
the execution fails too.
"""

from collections.abc import Iterable
from typing import Any

from patchbay.catalog.compute import MAX_STEP_TIMEOUT_S, Compute

QUEUE_WAIT_S = 6 * 3600
"""How long a step may wait for a worker: a GPU may be hard to get, and other jobs may be before it."""
LAMBDA_TIMEOUT_S = 900
_MARGIN_S = 30
"""Let a Lambda's own time-out come first: it says which function it was."""
_INVOKE = "arn:aws:states:::lambda:invoke"
_SERVICE_ERRORS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
]
_CRASHES = ["Sandbox.Timedout", "Lambda.Unknown", "Runtime.ExitError", "Runtime.HandlerError"]
"""A dispatching Lambda that died before it could answer the token. A worker's own failure is none of these, but would
be States.TaskFailed: that would do a failed step all over again.
"""
_DISPATCH_FAILED = "Patchbay.DispatchFailed"
"""What the dispatching Lambda answers the task token where it failed itself."""
_TRIES = 3
"""How often a Lambda that failed is called again."""
_MAX_CAUSE = 2000

Definition = dict[str, Any]


def definition(classes: Iterable[Compute]) -> Definition:
    """The definition in Amazon's States Language with JSONata; CloudFormation fills in `${...}`, the Lambdas' ARNs."""
    return {
        "Comment": "One run of one job",
        "QueryLanguage": "JSONata",
        "StartAt": "Plan",
        "States": {
            "Plan": {
                **_invoke("PlanJob", _job()),
                "Output": "{% $states.result.Payload %}",
                "Catch": _tell_failure(),
                "Next": "Steps",
            },
            "Steps": {
                "Type": "Map",
                "Items": "{% $states.input.steps %}",
                # One after the other: a step may work on what the one before it made.
                "MaxConcurrency": 1,
                "ItemProcessor": _one_step(list(classes)),
                # Steps keep their results in the table; the execution's data stays small.
                "Output": {},
                "Catch": _tell_failure(),
                "Next": "Finish",
            },
            "Finish": {**_invoke("FinishJob", _job()), "Output": {}, "Catch": _tell_failure(), "End": True},
            "TellFailure": {
                **_invoke("FinishJob", {**_job(), "error": "{% $states.input %}"}),
                "Output": "{% $states.input %}",
                "Next": "Failed",
            },
            "Failed": {
                "Type": "Fail",
                "Error": "{% $states.input.name %}",
                "Cause": "{% $states.input.cause %}",
            },
        },
    }


def _one_step(classes: list[Compute]) -> Definition:
    """The inner machine: pick the branch of the step's compute class, and go there."""
    branches = {f"Run{c.name.capitalize()}": c for c in classes}
    states: Definition = {
        "Route": {
            "Type": "Choice",
            "Choices": [
                {"Condition": f"{{% $states.input.compute = '{c.name}' %}}", "Next": name}
                for name, c in branches.items()
            ],
            "Default": "NoSuchClass",
        },
        "NoSuchClass": {
            "Type": "Fail",
            "Error": "NoSuchComputeClass",
            "Cause": "{% 'no compute class ' & $string($states.input.compute) %}",
        },
    }
    for name, c in branches.items():
        states[name] = _queued() if c.queued else _light()
    return {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Route", "States": states}


def _light() -> Definition:
    """Told which try is the last, the Lambda can write down why the step failed before this machine gives up."""
    last_try = f"{{% $states.context.State.RetryCount >= {_TRIES} %}}"
    return {**_invoke("RunStep", {**_step(), "last_try": last_try}), "Output": {}, "End": True}


def _queued() -> Definition:
    """Dispatch, then wait for the worker's answer.

    The heartbeat's clock starts with the wait in the queue, when no worker is there to give one; so it bounds that
    wait. A worker's death shows sooner: its message comes back, and after some deliveries is buried with a failure.
    The time limit is the longest of any step's, after the longest wait: when a step was taken up is not known here.
    """
    return {
        "Type": "Task",
        "Resource": f"{_INVOKE}.waitForTaskToken",
        "Arguments": {
            "FunctionName": "${DispatchStep}",
            "Payload": {**_step(), "task_token": "{% $states.context.Task.Token %}"},
        },
        "TimeoutSeconds": QUEUE_WAIT_S + MAX_STEP_TIMEOUT_S,
        "HeartbeatSeconds": QUEUE_WAIT_S,
        "Retry": [_again([*_SERVICE_ERRORS, _DISPATCH_FAILED], 5), _again(_CRASHES, _TRIES)],
        "Output": {},
        "End": True,
    }


def _invoke(function: str, payload: Definition) -> Definition:
    """A Lambda called and waited for. All of them may be called again: they find what was done and leave it."""
    return {
        "Type": "Task",
        "Resource": _INVOKE,
        "Arguments": {"FunctionName": f"${{{function}}}", "Payload": payload},
        "TimeoutSeconds": LAMBDA_TIMEOUT_S + _MARGIN_S,
        "Retry": [_again(_SERVICE_ERRORS, 5), _again(["States.TaskFailed"], _TRIES)],
    }


def _again(errors: list[str], attempts: int) -> Definition:
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "MaxAttempts": attempts,
        "JitterStrategy": "FULL",
    }


def _tell_failure() -> list[Definition]:
    cause = f"$exists($states.errorOutput.Cause) ? $substring($states.errorOutput.Cause, 0, {_MAX_CAUSE}) : ''"
    output = {"name": "{% $states.errorOutput.Error %}", "cause": f"{{% {cause} %}}"}
    return [{"ErrorEquals": ["States.ALL"], "Output": output, "Next": "TellFailure"}]


def _job() -> Definition:
    """Which job; taken from the execution's input, so that no state has to hand it on."""
    return {name: f"{{% $states.context.Execution.Input.{name} %}}" for name in ("tenant_id", "job_id", "run")}


def _step() -> Definition:
    return {**_job(), "step": "{% $states.input.step %}"}
