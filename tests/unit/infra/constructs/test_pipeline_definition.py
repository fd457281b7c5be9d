import json
from collections.abc import Iterator
from typing import Any

import jsonata
import pytest

from infra.constructs.definition_check import check, expressions, machines
from infra.constructs.pipeline_definition import QUEUE_WAIT_S, definition
from patchbay.catalog.compute import CLASSES, MAX_STEP_TIMEOUT_S, Compute
from patchbay.catalog.costs import PER_JOB, PER_STEP

MACHINE = definition(CLASSES.values())
INNER = MACHINE["States"]["Steps"]["ItemProcessor"]
INPUT = {"tenant_id": "t", "job_id": "j", "run": 2}


def evaluate(expression: str, **states: Any) -> Any:
    parsed = jsonata.Jsonata(expression)
    parsed.assign("states", {"context": {"Execution": {"Input": INPUT}}, **states})
    return parsed.evaluate(None)


def tasks(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for inner in machines(machine):
        yield from ((name, state) for name, state in inner["States"].items() if state["Type"] == "Task")


def test_it_is_sound_and_json() -> None:
    assert check(json.loads(json.dumps(MACHINE))) == MACHINE


@pytest.mark.parametrize("compute", CLASSES.values(), ids=lambda compute: compute.name)
def test_a_step_goes_where_its_class_is_done(compute: Compute) -> None:
    chosen = [
        choice["Next"]
        for choice in INNER["States"]["Route"]["Choices"]
        if evaluate(next(expressions(choice["Condition"])), input={"compute": compute.name})
    ]
    assert len(chosen) == 1
    state = INNER["States"][chosen[0]]
    assert state["Resource"].endswith(".waitForTaskToken") is compute.queued
    assert state["Arguments"]["FunctionName"] == ("${DispatchStep}" if compute.queued else "${RunStep}")


def way(machine: dict[str, Any], state: str) -> list[str]:
    """The states that are gone through from one on if nothing fails; a choice goes to its first."""
    named: list[str] = []
    while state:
        named.append(state)
        found = machine["States"][state]
        state = found["Choices"][0]["Next"] if found["Type"] == "Choice" else found.get("Next", "")
    return named


def test_what_a_job_is_charged_for_transitions_is_what_it_takes() -> None:
    assert way(MACHINE, MACHINE["StartAt"]) == ["Plan", "Steps", "Finish"]
    assert PER_JOB["states.transition"] == 3
    assert len(way(INNER, INNER["StartAt"])) == PER_STEP["states.transition"] == 2


def test_a_class_that_is_added_gets_its_branch() -> None:
    wider = definition([*CLASSES.values(), Compute("huge", memory_mib=1, vcpus=1)])  # type: ignore[arg-type]
    assert "RunHuge" in check(wider)["States"]["Steps"]["ItemProcessor"]["States"]


def test_a_class_that_nobody_knows_fails_with_its_name() -> None:
    (cause,) = expressions(INNER["States"][INNER["States"]["Route"]["Default"]])
    assert evaluate(cause, input={"compute": "huge"}) == "no compute class huge"


@pytest.mark.parametrize("name", ["PlanJob", "FinishJob"])
def test_the_job_comes_from_the_executions_own_input(name: str) -> None:
    payloads = [
        s["Arguments"]["Payload"] for _, s in tasks(MACHINE) if s["Arguments"]["FunctionName"] == f"${{{name}}}"
    ]
    for payload in payloads:
        told = {key: evaluate(next(expressions(payload[key]))) for key in INPUT}
        assert told == INPUT


@pytest.mark.parametrize("steps", [[], [{"step": 0}], [{"step": 0}, {"step": 1}]])
def test_few_steps_are_still_a_list(steps: list[Any]) -> None:
    assert evaluate(next(expressions(MACHINE["States"]["Steps"]["Items"])), input={"steps": steps}) == steps


def test_steps_are_done_one_after_the_other() -> None:
    assert MACHINE["States"]["Steps"]["MaxConcurrency"] == 1


@pytest.mark.parametrize("name", ["Plan", "Steps", "Finish"])
def test_every_failure_is_told_before_the_execution_fails(name: str) -> None:
    (catcher,) = MACHINE["States"][name]["Catch"]
    assert (catcher["ErrorEquals"], catcher["Next"]) == (["States.ALL"], "TellFailure")
    told = {key: evaluate(text.strip("{%} "), errorOutput={"Error": "E"}) for key, text in catcher["Output"].items()}
    assert told == {"name": "E", "cause": ""}
    long = evaluate(catcher["Output"]["cause"][2:-2], errorOutput={"Error": "E", "Cause": "x" * 40_000})
    assert len(long) == 2000
    assert MACHINE["States"]["TellFailure"]["Arguments"]["Payload"]["error"] == "{% $states.input %}"
    assert MACHINE["States"]["TellFailure"]["Next"] == "Failed"


def test_a_waiting_step_outlasts_its_queue_and_its_own_time() -> None:
    waiting = [state for _, state in tasks(MACHINE) if state["Resource"].endswith(".waitForTaskToken")]
    assert len(waiting) == 2
    for state in waiting:
        assert state["HeartbeatSeconds"] == QUEUE_WAIT_S
        assert state["TimeoutSeconds"] == QUEUE_WAIT_S + MAX_STEP_TIMEOUT_S


def test_a_dispatch_that_crashed_is_tried_again_and_a_workers_failure_is_not() -> None:
    for state in (INNER["States"]["RunGpu"], INNER["States"]["RunCpu"]):
        again = {error for retry in state["Retry"] for error in retry["ErrorEquals"]}
        crashes = {"Sandbox.Timedout", "Lambda.Unknown", "Runtime.ExitError", "Runtime.HandlerError"}
        assert {*crashes, "Patchbay.DispatchFailed"} <= again
        assert again.isdisjoint({"States.TaskFailed", "States.ALL", "States.Timeout", "States.HeartbeatTimeout"})


def test_a_light_step_knows_its_last_try() -> None:
    state = INNER["States"]["RunLight"]
    tries = max(retry["MaxAttempts"] for retry in state["Retry"] if retry["ErrorEquals"] == ["States.TaskFailed"])
    expression = next(expressions(state["Arguments"]["Payload"]["last_try"]))
    told = [evaluate(expression, context={"State": {"RetryCount": count}}) for count in range(tries + 1)]
    assert told == [False] * tries + [True]


def test_retries_back_off_and_scatter() -> None:
    for name, state in tasks(MACHINE):
        for retry in state["Retry"]:
            assert (retry["JitterStrategy"], retry["BackoffRate"]) == ("FULL", 2), name


def test_every_expression_can_be_parsed() -> None:
    found = list(expressions(MACHINE))
    assert len(found) > 20
    for expression in found:
        jsonata.Jsonata(expression)
