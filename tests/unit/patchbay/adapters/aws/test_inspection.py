"""A deployment looked at through AWS's own interfaces."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    UnauthorizedSSOTokenError,
)

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.inspection import Inspection
from patchbay.domain.errors import Forbidden, NotFound, PatchbayError, Unauthenticated, Unavailable

Boto = Callable[[str], Any]
DATA = b"weights" * 100
KEYS = [("pk", "HASH"), ("sk", "RANGE")]
TABLE: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "by_open")],
    "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in KEYS],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_open",
            "KeySchema": [{"AttributeName": "by_open", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


def no_weights(name: str, path: Path) -> None:
    raise FileNotFoundError(name)


@pytest.fixture
def inspection() -> Inspection:
    return Inspection("s3://weights/models", no_weights)


def test_whose_credentials_these_are(inspection: Inspection) -> None:
    found = inspection.account()
    assert (found.id, found.region) == ("123456789012", "us-east-1")
    assert abs(found.skew_s) < 60


def test_a_stack_with_its_resources_and_release(inspection: Inspection, boto: Boto) -> None:
    url = boto("sqs").create_queue(QueueName="q")["QueueUrl"]

    class CloudFormation:
        """The fake service of the tests needs a package for this that nothing else does."""

        def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
            if StackName != "Patchbay-dev-Events":
                raise error("ValidationError", f"Stack with id {StackName} does not exist")
            outputs = [{"OutputKey": "Release", "OutputValue": "1.2.3"}]
            return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}

        def get_paginator(self, name: str) -> Any:
            assert name == "list_stack_resources"
            return self

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            queue = {"LogicalResourceId": "Waiting0123ABCD", "ResourceType": "AWS::SQS::Queue"}
            under_way = {"LogicalResourceId": "Coming", "ResourceType": "AWS::SNS::Topic"}
            pages = [{**queue, "PhysicalResourceId": url}], [under_way]
            return [{"StackResourceSummaries": page} for page in pages]

    with patch.object(clients, "client", lambda service: CloudFormation()):
        found = inspection.stack("Patchbay-dev-Events")
        with pytest.raises(NotFound, match="Patchbay-dev-Api"):
            inspection.stack("Patchbay-dev-Api")
    assert (found.status, found.release) == ("CREATE_COMPLETE", "1.2.3")
    queue, coming = found.resources
    assert (queue.kind, queue.shown, coming.name) == ("AWS::SQS::Queue", "Events/Waiting", "")
    assert inspection.queue(queue.name).waiting == 0


def test_the_table_as_it_stands(inspection: Inspection, boto: Boto) -> None:
    dynamodb = boto("dynamodb")
    dynamodb.create_table(TableName="t", **TABLE)
    found = inspection.table("t")
    assert (found.status, found.stream) == ("ACTIVE", "NEW_AND_OLD_IMAGES")
    assert found.indexes == {"by_open": "ACTIVE"}
    assert (found.recovers, found.protected, found.expires) == (False, False, False)
    dynamodb.update_continuous_backups(
        TableName="t", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.update_time_to_live(
        TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )
    dynamodb.update_table(TableName="t", DeletionProtectionEnabled=True)
    found = inspection.table("t")
    assert (found.recovers, found.protected, found.expires) == (True, True, True)
    with pytest.raises(NotFound):
        inspection.table("another")


def test_a_queue_and_what_is_behind_it(inspection: Inspection, boto: Boto) -> None:
    sqs = boto("sqs")
    end = sqs.create_queue(QueueName="end")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=end, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    first = sqs.create_queue(QueueName="first", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=first, MessageBody="x")
    sqs.receive_message(QueueUrl=first)
    found = inspection.queue(first)
    assert (found.name, found.waiting, found.in_flight, found.has_dead_letters) == ("first", 2, 1, True)
    assert not inspection.queue(end).has_dead_letters
    with pytest.raises(NotFound):
        inspection.queue(end + "x")


def test_rules_on_either_bus(inspection: Inspection, boto: Boto) -> None:
    events = boto("events")
    events.create_event_bus(Name="facts")
    events.put_rule(Name="often", ScheduleExpression="rate(1 minute)", State="ENABLED")
    events.put_rule(Name="told", EventBusName="facts", EventPattern='{"source": ["x"]}', State="DISABLED")
    assert (inspection.rule("often"), inspection.rule("facts|told")) == ("ENABLED", "DISABLED")
    with pytest.raises(NotFound):
        inspection.rule("told")


def test_the_state_machine(inspection: Inspection, boto: Boto) -> None:
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    role = "arn:aws:iam::123456789012:role/x"
    made = boto("stepfunctions").create_state_machine(name="jobs", definition=json.dumps(definition), roleArn=role)
    assert inspection.machine(made["stateMachineArn"]) == "ACTIVE"
    with pytest.raises(NotFound):
        inspection.machine(made["stateMachineArn"] + "x")


def test_which_pages_may_send_files(inspection: Inspection, boto: Boto) -> None:
    boto("s3").create_bucket(Bucket="media")
    assert inspection.origins("media") == ()
    rules = [
        {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://reader"]},
        {"AllowedMethods": ["PUT", "POST"], "AllowedOrigins": ["https://b", "https://a"]},
    ]
    boto("s3").put_bucket_cors(Bucket="media", CORSConfiguration={"CORSRules": rules})
    assert inspection.origins("media") == ["https://a", "https://b"]


def test_secrets_are_read_and_never_quoted(inspection: Inspection, boto: Boto) -> None:
    manager = boto("secretsmanager")
    manager.create_secret(Name="good", SecretString='{"vault_key": " k ", "number": 1}')
    manager.create_secret(Name="bad", SecretString="s3cret, but no JSON")
    assert inspection.secret("good") == {"vault_key": "k"}
    with pytest.raises(Unavailable, match="no JSON") as caught:
        inspection.secret("bad")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(NotFound):
        inspection.secret("none")


@pytest.mark.parametrize("verified", ["example.org", "music@example.org", "other.org"])
def test_a_senders_address_or_its_domain_may_be_verified(inspection: Inspection, verified: str) -> None:
    with patch.object(clients, "client", lambda service: _Mail(verified={verified})):
        found = inspection.mail("music@example.org")
    assert (found.verified, found.production) == (verified != "other.org", False)


class _Mail:
    """SES, where domains are verified: the fake service of the tests never does that."""

    def __init__(self, verified: set[str]) -> None:
        self.verified = verified

    def get_account(self) -> dict[str, Any]:
        return {"ProductionAccessEnabled": False}

    def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if EmailIdentity not in self.verified:
            raise error("NotFoundException")
        return {"VerifiedForSendingStatus": True}


def test_a_quota_is_the_accounts_own_or_the_default(inspection: Inspection) -> None:
    class Quotas:
        def get_service_quota(self, **_: str) -> dict[str, Any]:
            raise error("NoSuchResourceException")

        def get_aws_default_service_quota(self, **asked: str) -> dict[str, Any]:
            assert asked == {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
            return {"Quota": {"Value": 1000.0}}

    with patch.object(clients, "client", lambda service: Quotas()):
        assert inspection.quota("lambda", "L-B99A9384") == 1000


def test_what_rings_and_who_hears_it(inspection: Inspection, boto: Boto) -> None:
    watch, sns = boto("cloudwatch"), boto("sns")
    for name in ("Patchbay-dev-a", "Patchbay-dev-b", "Patchbay-prod-c"):
        watch.put_metric_alarm(
            AlarmName=name,
            MetricName="m",
            Namespace="n",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    for name in ("Patchbay-dev-b", "Patchbay-prod-c"):
        watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    assert inspection.ringing("Patchbay-dev-") == ["Patchbay-dev-b"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    assert inspection.told(topic) == (0, 0)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.org")
    assert sum(inspection.told(topic)) == 1


def test_weights_in_a_bucket_tell_their_digest_if_it_was_kept(boto: Boto, tmp_path: Path) -> None:
    s3, digest = boto("s3"), hashlib.sha256(DATA)
    s3.create_bucket(Bucket="weights")
    s3.put_object(Bucket="weights", Key="models/m/plain", Body=DATA)
    checksum = base64.b64encode(digest.digest()).decode()
    s3.put_object(Bucket="weights", Key="models/m/kept", Body=DATA, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum)
    read: list[str] = []

    def fetch(name: str, path: Path) -> None:
        read.append(name)
        s3.download_file("weights", f"models/{name}", str(path))

    inspection = Inspection("s3://weights/models/", fetch)
    assert inspection.weight("m/kept", read=False).sha256 == digest.hexdigest()
    assert (plain := inspection.weight("m/plain", read=False)).sha256 is None
    assert plain.size_bytes == len(DATA)
    assert read == []
    assert inspection.weight("m/plain", read=True).sha256 == digest.hexdigest()
    assert read == ["m/plain"]
    with pytest.raises(NotFound, match="s3://weights/models/"):
        inspection.weight("m/none", read=False)


def test_weights_in_a_folder_are_always_read(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(DATA)

    def fetch(name: str, path: Path) -> None:
        path.write_bytes((tmp_path / name).read_bytes())

    inspection = Inspection(str(tmp_path), fetch)
    found = inspection.weight("w", read=False)
    assert (found.size_bytes, found.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    with pytest.raises(NotFound):
        inspection.weight("none", read=False)
    with pytest.raises(NotFound, match="PATCHBAY_WEIGHTS"):
        Inspection("", no_weights).weight("w", read=False)


def error(code: str, text: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "DescribeTable")


@pytest.mark.parametrize(
    ("raised", "becomes", "told"),
    [
        (error("AccessDeniedException"), Forbidden, "DescribeTable is denied"),
        (error("UnauthorizedOperation"), Forbidden, "denied"),
        (error("ExpiredTokenException"), Unauthenticated, "ExpiredTokenException"),
        (error("UnrecognizedClientException"), Unauthenticated, "credentials"),
        (error("ResourceNotFoundException"), NotFound, "the table t is not there"),
        (error("ThrottlingException"), Unavailable, "busy"),
        (error("NotImplemented", "no such thing"), Unavailable, "no such thing"),
        (NoCredentialsError(), Unauthenticated, "who asks"),
        (UnauthorizedSSOTokenError(), Unauthenticated, "who asks"),
        (CredentialRetrievalError(provider="custom-process", error_msg="x"), Unauthenticated, "who asks"),
    ],
)
def test_what_aws_says_becomes_an_error_with_a_way_out(
    inspection: Inspection, raised: Exception, becomes: type[PatchbayError], told: str
) -> None:
    class Failing:
        def describe_table(self, **_: str) -> None:
            raise raised

    with patch.object(clients, "client", lambda service: Failing()), pytest.raises(becomes, match=told):
        inspection.table("t")
