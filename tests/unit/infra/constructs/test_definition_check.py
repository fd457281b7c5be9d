import copy
from collections.abc import Callable
from typing import Any

import pytest

from infra.constructs.definition_check import check
from infra.constructs.pipeline_definition import definition
from patchbay.catalog.compute import CLASSES

Machine = dict[str, Any]


def inner(machine: Machine) -> Machine:
    states: Machine = machine["States"]["Steps"]["ItemProcessor"]["States"]
    return states


def lose_target(m: Machine) -> None:
    m["States"]["Plan"]["Next"] = "Nowhere"


def lose_start(m: Machine) -> None:
    m["StartAt"] = "Nowhere"


def orphan(m: Machine) -> None:
    m["States"]["Alone"] = {"Type": "Succeed"}


def two_ways_out(m: Machine) -> None:
    m["States"]["Plan"]["End"] = True


def json_path(m: Machine) -> None:
    m["States"]["Plan"]["ResultPath"] = "$.x"


def half_an_expression(m: Machine) -> None:
    m["States"]["Plan"]["Output"] = "{% $states.result"


def wait_for_ever(m: Machine) -> None:
    del inner(m)["RunGpu"]["TimeoutSeconds"]


def heartbeat_too_long(m: Machine) -> None:
    inner(m)["RunGpu"]["HeartbeatSeconds"] = 10**6


def keep_the_token(m: Machine) -> None:
    del inner(m)["RunGpu"]["Arguments"]["Payload"]["task_token"]


def same_name_twice(m: Machine) -> None:
    inner(m)["Plan"] = inner(m)["NoSuchClass"]
    inner(m)["Route"]["Default"] = "Plan"


def wrong_language(m: Machine) -> None:
    m["QueryLanguage"] = "JSONPath"


def no_such_type(m: Machine) -> None:
    m["States"]["Failed"]["Type"] = "Fial"


def catch_into_nothing(m: Machine) -> None:
    m["States"]["Steps"]["Catch"][0]["Next"] = "Nowhere"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lose_target, "Nowhere leads nowhere"),
        (lose_start, "Nowhere leads nowhere"),
        (catch_into_nothing, "Nowhere leads nowhere"),
        (orphan, "Alone is never reached"),
        (two_ways_out, "Plan: needs either Next or End"),
        (json_path, "Plan: ResultPath belongs to JSONPath"),
        (half_an_expression, "not a whole expression"),
        (wait_for_ever, "RunGpu: may wait for ever"),
        (heartbeat_too_long, "RunGpu: its heartbeat is not shorter"),
        (keep_the_token, "RunGpu: waits for a token that it gives to nobody"),
        (same_name_twice, "the name Plan is used twice"),
        (wrong_language, "the query language is not JSONata"),
        (no_such_type, "Failed: unknown type Fial"),
    ],
)
def test_what_is_wrong_is_named(spoil: Callable[[Machine], None], told: str) -> None:
    machine = copy.deepcopy(definition(CLASSES.values()))
    check(machine)
    spoil(machine)
    with pytest.raises(ValueError, match="unsound") as caught:
        check(machine)
    assert told in str(caught.value)
