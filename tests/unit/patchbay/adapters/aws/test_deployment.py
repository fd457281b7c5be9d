from typing import Any

import pytest
from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.deployment import environment
from patchbay.domain.errors import NotFound, Unauthenticated


class CloudFormation:
    """As much of it as is called."""

    def __init__(self, **stacks: dict[str, str]) -> None:
        self.stacks = stacks

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        prefix, _, name = StackName.rpartition("-")
        if prefix != "Patchbay-prod" or name not in self.stacks:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.stacks[name].items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": outputs}]}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = CloudFormation(
        Data={"TableName": "table", "MediaBucketName": "media", "WeightsUrl": "s3://w/models"},
        Pipeline={"TaskQueueUrlGpu": "gpu", "TaskQueueUrlCpu": "cpu", "StateMachineArn": "arn", "Else": "x"},
    )
    monkeypatch.setattr(clients, "client", lambda _: stacks)


@pytest.mark.usefixtures("deployed")
def test_outputs_become_settings() -> None:
    assert environment("prod") == {
        "PATCHBAY_STAGE": "prod",
        "PATCHBAY_TABLE": "table",
        "PATCHBAY_MEDIA_BUCKET": "media",
        "PATCHBAY_WEIGHTS": "s3://w/models",
        "PATCHBAY_STATE_MACHINE_ARN": "arn",
        "PATCHBAY_QUEUE_URL_GPU": "gpu",
        "PATCHBAY_QUEUE_URL_CPU": "cpu",
    }


@pytest.mark.usefixtures("deployed")
def test_a_stage_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="Patchbay-nowhere-Data"):
        environment("nowhere")


def test_without_a_region_or_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    clients.client.cache_clear()
    with pytest.raises(Unauthenticated, match="region"):
        environment("prod")
