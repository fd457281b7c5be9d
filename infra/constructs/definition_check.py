"""Is a state machine's definition sound? Asked when the templates are made, before a deployment would find out."""

import re
from collections.abc import Iterator
from typing import Any

_TERMINAL = {"Fail", "Succeed"}
_JSONPATH_FIELDS = {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath"}
_NEEDED = {
    "Task": {"Resource", "Arguments"},
    "Map": {"Items", "ItemProcessor"},
    "Choice": {"Choices"},
    "Fail": {"Error", "Cause"},
    "Succeed": set(),
}

Machine = dict[str, Any]


def check(machine: Machine) -> Machine:
    """The definition itself. Raises ValueError that lists everything wrong with it."""
    problems = [*_problems(machine), *_repeated(machine)]
    if machine.get("QueryLanguage") != "JSONata":
        problems.append("the query language is not JSONata")
    if problems:
        raise ValueError("the state machine is unsound: " + "; ".join(problems))
    return machine


def machines(machine: Machine) -> Iterator[Machine]:
    """A machine and those inside its maps."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression, without its marks."""
    for text in _texts(value):
        if text.startswith("{%"):
            yield text.removeprefix("{%").removesuffix("%}").strip()


def _texts(value: Any) -> Iterator[str]:
    """Every string in a definition, names left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def targets(state: Machine) -> Iterator[str]:
    """The states that a state can go to."""
    for holder in (state, *state.get("Catch", []), *state.get("Choices", [])):
        if "Next" in holder:
            yield holder["Next"]
    if "Default" in state:
        yield state["Default"]


def _problems(machine: Machine) -> Iterator[str]:
    for inner in machines(machine):
        states = inner["States"]
        reached = _reached(inner)
        yield from (f"{name} leads nowhere" for name in sorted(reached - set(states)))
        yield from (f"{name} is never reached" for name in sorted(set(states) - reached))
        for name, state in states.items():
            yield from (f"{name}: {problem}" for problem in _problems_of_state(state))


def _problems_of_state(state: Machine) -> Iterator[str]:
    kind = state["Type"]
    if kind not in _NEEDED:
        yield f"unknown type {kind}"
        return
    yield from (f"{field} is missing" for field in sorted(_NEEDED[kind] - set(state)))
    yield from (f"{field} belongs to JSONPath" for field in sorted(_JSONPATH_FIELDS & set(state)))
    ways_out = ("Next" in state) + ("End" in state)
    if kind in {"Task", "Map"} and ways_out != 1:
        yield "needs either Next or End"
    if kind in _TERMINAL | {"Choice"} and ways_out:
        yield "has no Next or End of its own"
    if kind == "Task":
        yield from _problems_of_task(state)
    yield from _problems_of_text(state)


def _problems_of_task(state: Machine) -> Iterator[str]:
    if "TimeoutSeconds" not in state:
        yield "may wait for ever"
    heartbeat, timeout = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if isinstance(heartbeat, int) and isinstance(timeout, int) and heartbeat >= timeout:
        yield "its heartbeat is not shorter than its time limit"
    if state["Resource"].endswith(".waitForTaskToken") and "Task.Token" not in str(state["Arguments"]):
        yield "waits for a token that it gives to nobody"


def _problems_of_text(value: Any) -> Iterator[str]:
    """Strings that begin or end as an expression, but are none: they would be passed on as they stand."""
    for text in _texts(value):
        if ("{%" in text or "%}" in text) and not re.fullmatch(r"\{%.*%\}", text, re.DOTALL):
            yield f"{text!r} is not a whole expression"


def _reached(machine: Machine) -> set[str]:
    reached: set[str] = set()
    ahead = [machine["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(targets(machine["States"].get(name, {})))
    return reached


def _repeated(machine: Machine) -> Iterator[str]:
    names = [name for inner in machines(machine) for name in inner["States"]]
    yield from (f"the name {name} is used twice" for name in sorted({n for n in names if names.count(n) > 1}))
