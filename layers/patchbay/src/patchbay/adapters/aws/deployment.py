"""Where a deployed stage has its things: the outputs of its stacks, as settings."""

from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from patchbay.adapters.aws import clients
from patchbay.domain.errors import NotFound, Unauthenticated

_STACKS = ("Data", "Pipeline")
_SETTINGS = {
    "TableName": "PATCHBAY_TABLE",
    "MediaBucketName": "PATCHBAY_MEDIA_BUCKET",
    "WeightsUrl": "PATCHBAY_WEIGHTS",
    "StateMachineArn": "PATCHBAY_STATE_MACHINE_ARN",
    "TaskQueueUrlGpu": "PATCHBAY_QUEUE_URL_GPU",
    "TaskQueueUrlCpu": "PATCHBAY_QUEUE_URL_CPU",
    "UserPoolId": "PATCHBAY_USER_POOL_ID",
    "UserPoolClientId": "PATCHBAY_USER_POOL_CLIENT_ID",
    "KeysFunctionName": "PATCHBAY_KEYS_FUNCTION",
}
"""Stack output -> environment variable."""


def environment(stage: str) -> dict[str, str]:
    """The settings of a program that joins the deployment `stage` with the AWS credentials at hand.

    Raises `NotFound` where there is no such deployment, `Unauthenticated` where credentials or region are missing.
    """
    told = {"PATCHBAY_STAGE": stage}
    for name in _STACKS:
        for output in _outputs(f"Patchbay-{stage}-{name}"):
            if variable := _SETTINGS.get(output["OutputKey"]):
                told[variable] = output["OutputValue"]
    return told


def _outputs(stack: str) -> list[dict[str, str]]:
    try:
        with clients.errors("CloudFormation"):
            found = clients.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (NoCredentialsError, NoRegionError) as error:
        raise Unauthenticated(f"AWS credentials and a region are needed: {error}") from None
    except ClientError as error:
        if clients.code_of(error) == "ValidationError":
            raise NotFound(f"there is no stack {stack} in this account and region") from None
        raise
    outputs: list[dict[str, str]] = found[0].get("Outputs", [])
    return outputs
