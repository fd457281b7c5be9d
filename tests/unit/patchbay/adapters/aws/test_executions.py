import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.executions import StateMachine
from patchbay.domain.errors import Unavailable


@pytest.fixture
def machine(boto: Any) -> StateMachine:
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 900, "End": True}}})
    role = "arn:aws:iam::123456789012:role/none"
    made = boto("stepfunctions").create_state_machine(name="jobs", definition=definition, roleArn=role)
    return StateMachine(made["stateMachineArn"])


def test_start_twice_is_one_start(machine: StateMachine, boto: Any) -> None:
    machine.start("t", "j", 1)
    machine.start("t", "j", 1)
    assert machine.running("j", 1)
    listed = boto("stepfunctions").list_executions(stateMachineArn=machine.arn)["executions"]
    assert [found["name"] for found in listed] == ["j-1"]
    told = boto("stepfunctions").describe_execution(executionArn=listed[0]["executionArn"])["input"]
    assert json.loads(told) == {"tenant_id": "t", "job_id": "j", "run": 1}


def test_stop(machine: StateMachine) -> None:
    machine.start("t", "j", 1)
    machine.stop("j", 1)
    assert not machine.running("j", 1)
    assert machine.known("j", 1)
    machine.stop("never", 1)
    assert not machine.running("never", 1)
    assert not machine.known("never", 1)


class Refusing:
    def __init__(self, code: str) -> None:
        self.code = code

    def __getattr__(self, name: str) -> Any:
        def refuse(**_: Any) -> None:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, name)

        return refuse


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_stale_tokens_are_ignored(machine: StateMachine, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(clients, "client", lambda _: Refusing(code))
    machine.succeed_task("token")
    machine.fail_task("token", "Error", "cause")
    assert machine.keep_task("token") is False


def test_other_refusals_are_not(machine: StateMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "client", lambda _: Refusing("AccessDeniedException"))
    with pytest.raises(ClientError):
        machine.succeed_task("token")
    monkeypatch.setattr(clients, "client", lambda _: Refusing("ThrottlingException"))
    with pytest.raises(Unavailable):
        machine.start("t", "j", 1)
