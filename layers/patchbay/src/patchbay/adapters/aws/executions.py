"""The state machine on Step Functions."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients

_STALE = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


@dataclass(frozen=True, slots=True)
class StateMachine:
    """The executions port. An execution is named after the job and its run, so that starting it twice is one start."""

    arn: str

    def start(self, tenant_id: str, job_id: str, run: int) -> None:
        """See `Executions`."""
        told = json.dumps({"tenant_id": tenant_id, "job_id": job_id, "run": run})
        try:
            with clients.errors("the pipeline"):
                _sfn().start_execution(stateMachineArn=self.arn, name=_name(job_id, run), input=told)
        except ClientError as error:
            if clients.code_of(error) != "ExecutionAlreadyExists":
                raise

    def stop(self, job_id: str, run: int) -> None:
        """See `Executions`."""
        try:
            with clients.errors("the pipeline"):
                _sfn().stop_execution(
                    executionArn=self._execution(job_id, run), error="Cancelled", cause="by its owner"
                )
        except ClientError as error:
            if clients.code_of(error) not in {"ExecutionDoesNotExist", "ValidationException"}:
                raise

    def running(self, job_id: str, run: int) -> bool:
        """See `Executions`."""
        return self._status(job_id, run) in {"RUNNING", "PENDING_REDRIVE"}

    def known(self, job_id: str, run: int) -> bool:
        """See `Executions`."""
        return self._status(job_id, run) is not None

    def _status(self, job_id: str, run: int) -> str | None:
        try:
            with clients.errors("the pipeline"):
                told = _sfn().describe_execution(executionArn=self._execution(job_id, run))
        except ClientError as error:
            if clients.code_of(error) == "ExecutionDoesNotExist":
                return None
            raise
        return str(told["status"])

    def succeed_task(self, token: str) -> None:
        """See `Executions`."""
        self._answer("send_task_success", taskToken=token, output="{}")

    def fail_task(self, token: str, error: str, cause: str) -> None:
        """See `Executions`."""
        self._answer("send_task_failure", taskToken=token, error=error[:256], cause=cause[:32000])

    def keep_task(self, token: str) -> bool:
        """See `Executions`."""
        return self._answer("send_task_heartbeat", taskToken=token)

    def _answer(self, how: str, **told: str) -> bool:
        try:
            with clients.errors("the pipeline"):
                getattr(_sfn(), how)(**told)
        except ClientError as error:
            if clients.code_of(error) in _STALE:
                return False
            raise
        return True

    def _execution(self, job_id: str, run: int) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{_name(job_id, run)}"


def _name(job_id: str, run: int) -> str:
    return f"{job_id}-{run}"


def _sfn() -> Any:
    return clients.client("stepfunctions")
