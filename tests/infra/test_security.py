"""What must hold of the templates whatever else changes: what is encrypted, what is kept, who gets in."""

from typing import Any

import pytest

from infra.constructs.machine_guard import WORKER_UID
from tests.support.templates import resources, templates

CLOUD = ("dev", "prod")
EVERY = ("twin", *CLOUD)


def texts(value: Any) -> str:
    """The literal parts of a template's value."""
    if isinstance(value, dict):
        return "".join(texts(inner) for key, inner in value.items() if key not in {"Ref", "Fn::ImportValue"})
    if isinstance(value, list):
        return "".join(texts(inner) for inner in value)
    return str(value)


@pytest.mark.parametrize("stage", CLOUD)
def test_the_only_managed_policies_are_of_the_container_agent_and_the_gateways_logs(stage: str) -> None:
    used = {
        texts(arn) for role in resources(stage, "AWS::IAM::Role").values() for arn in role.get("ManagedPolicyArns", [])
    }
    assert {arn.rpartition("/")[2] for arn in used} == {
        "AmazonEC2ContainerServiceforEC2Role", "AmazonAPIGatewayPushToCloudWatchLogs",
    }  # fmt: skip


@pytest.mark.parametrize("stage", EVERY)
def test_the_api_may_not_scan_nor_read_weights(stage: str) -> None:
    template = templates(stage)["Api"]
    policies = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::IAM::Policy"]
    assert policies
    assert "dynamodb:Scan" not in str(policies)
    assert "Weights" not in str(policies)


@pytest.mark.parametrize("stage", EVERY)
def test_buckets_are_private_encrypted_and_tls_only(stage: str) -> None:
    buckets = resources(stage, "AWS::S3::Bucket")
    assert len(buckets) == (3 if stage == "twin" else 4)  # the twin's front door has the studio's pages itself
    refused = set()
    for policy in resources(stage, "AWS::S3::BucketPolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}:
                refused.add(policy["Bucket"]["Ref"])
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"], name
        assert name.partition("/")[2] in refused


@pytest.mark.parametrize("stage", EVERY)
def test_queues_are_encrypted_and_tls_only(stage: str) -> None:
    guarded = set()
    for name, policy in resources(stage, "AWS::SQS::QueuePolicy").items():
        if "aws:SecureTransport" in str(policy):
            guarded |= {name.partition("/")[0] + "/" + queue["Ref"] for queue in policy["Queues"]}
    queues = resources(stage, "AWS::SQS::Queue")
    for name, queue in queues.items():
        own = "KmsMasterKeyId" in queue
        assert own == (stage == "prod"), name
        assert own or queue["SqsManagedSseEnabled"] is True, name
    assert guarded == set(queues)


def test_what_prod_holds_outlives_its_stack() -> None:
    data = templates("prod")["Data"]["Resources"].values()
    kept = [r for r in data if r["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}]
    assert len(kept) == 4
    for resource in kept:
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    (table,) = resources("prod", "AWS::DynamoDB::Table").values()
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSESpecification"]["SSEType"] == "KMS"


@pytest.mark.parametrize("stage", CLOUD)
def test_containers_have_a_read_only_root_and_no_root_user(stage: str) -> None:
    definitions = resources(stage, "AWS::Batch::JobDefinition")
    assert len(definitions) == 2
    for definition in definitions.values():
        container = definition["ContainerProperties"]
        assert container["ReadonlyRootFilesystem"] is True
        assert container["User"] == str(WORKER_UID)
        assert "Privileged" not in container
        assert container["LogConfiguration"]["LogDriver"] == "awslogs"
        assert container["JobRoleArn"] != container["ExecutionRoleArn"]


@pytest.mark.parametrize("stage", CLOUD)
def test_nobody_gets_into_the_workers_network(stage: str) -> None:
    for group in resources(stage, "AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group
    assert resources(stage, "AWS::EC2::SecurityGroupIngress") == {}
    for template in resources(stage, "AWS::EC2::LaunchTemplate").values():
        data = template["LaunchTemplateData"]
        assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
        assert all(disk["Ebs"]["Encrypted"] for disk in data["BlockDeviceMappings"])


@pytest.mark.parametrize("stage", CLOUD)
def test_only_the_twin_calls_private_addresses(stage: str) -> None:
    for stage_name, told in ((stage, "false"), ("twin", "true")):
        for function in resources(stage_name, "AWS::Lambda::Function").values():
            assert function["Environment"]["Variables"]["PATCHBAY_ALLOW_PRIVATE_URLS"] == told
