"""The stage's own key: what is sealed under it, and who can have it opened."""

from fnmatch import fnmatch
from typing import Any

import pytest

from infra.stage import stage
from tests.support.policies import many, told
from tests.support.templates import resources, templates

OWN = "prod"
SERVICES = {"s3", "dynamodb", "sqs", "sns", "secretsmanager"}


def key_of(stage_name: str) -> dict[str, Any]:
    (key,) = resources(stage_name, "AWS::KMS::Key").values()
    return dict(key)


def statements(sid: str) -> list[dict[str, Any]]:
    return [s for s in key_of(OWN)["KeyPolicy"]["Statement"] if s.get("Sid") == sid]


def test_only_a_stage_that_wants_one_pays_for_a_key() -> None:
    assert key_of(OWN)["EnableKeyRotation"] is True
    (kept,) = [r for r in templates(OWN)["Data"]["Resources"].values() if r["Type"] == "AWS::KMS::Key"]
    assert kept["DeletionPolicy"] == kept["UpdateReplacePolicy"] == "Retain"
    for name in ("dev", "twin"):  # dev has one for the topic of its alarms alone, where CloudWatch needs one
        assert not any(each.startswith("Data/") for each in resources(name, "AWS::KMS::Key"))
    assert stage("dev", {"PATCHBAY_OWN_KEY": "true"}).own_key
    assert not stage(OWN, {"PATCHBAY_OWN_KEY": "false"}).own_key


@pytest.mark.parametrize("name", ["OWN_KEY", "PRIVATE_WORKERS"])
def test_the_twin_knows_no_such_thing(name: str) -> None:
    with pytest.raises(ValueError, match=f"PATCHBAY_{name}.*not for the twin"):
        stage("twin", {f"PATCHBAY_{name}": "true"})


def test_all_that_is_kept_is_sealed_under_it() -> None:
    (table,) = resources(OWN, "AWS::DynamoDB::Table").values()
    assert "Sealing" in str(table["SSESpecification"]["KMSMasterKeyId"])
    for name, bucket in resources(OWN, "AWS::S3::Bucket").items():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        if any(each in name for each in ("Media", "Weights")):
            assert rule["BucketKeyEnabled"] is True, "without it every object asks KMS"
            assert "Sealing" in str(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    for kind, place in (
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ):
        for name, found in resources(OWN, kind).items():
            assert "Sealing" in str(found.get(place)), name


def test_the_log_bucket_keeps_s3s_own_key() -> None:
    (logs,) = (b for name, b in resources(OWN, "AWS::S3::Bucket").items() if "ObjectsLogs" in name)
    (rule,) = logs["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_only_the_stages_own_roles_open_it_and_only_by_the_services() -> None:
    (own,) = statements("OwnRolesThroughTheServices")
    conditions = own["Condition"]
    assert {told(each).split(".")[0] for each in conditions["StringEquals"]["kms:ViaService"]} == SERVICES
    assert told(conditions["StringEquals"]["kms:CallerAccount"]) == "<AWS::AccountId>"
    ours = [told(each).rpartition(":role/")[2] for each in conditions["ArnLike"]["aws:PrincipalArn"]]
    assert ours == ["Patchbay-prod-*", "patchbay-prod-*"]


def test_a_role_of_the_stage_has_a_name_that_the_key_knows() -> None:
    """CloudFormation names a role after its stack; one with a name of its own must begin as the stage's things do."""
    for launcher in ("", "sagemaker"):
        for name, template in templates("prod" if not launcher else "dev", launcher).items():
            for resource in template["Resources"].values():
                if resource["Type"] == "AWS::IAM::Role" and "RoleName" in resource["Properties"]:
                    assert str(resource["Properties"]["RoleName"]).startswith("patchbay-"), name


def test_nobody_is_given_the_key_but_under_a_condition() -> None:
    for statement in key_of(OWN)["KeyPolicy"]["Statement"]:
        root = ":root" in told(statement["Principal"].get("AWS", ""))
        assert root or statement["Condition"], statement
        assert root or not any("*" in action for action in many(statement["Action"]))
    (logs,) = statements("LogsOfTheStage")
    groups = [
        told(g).partition("log-group:")[2] for g in logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    ]
    assert groups == ["Patchbay-prod-*", "/aws/vendedlogs/states/patchbay-prod-*"]
    named = {g["LogGroupName"] for g in resources(OWN, "AWS::Logs::LogGroup").values() if "LogGroupName" in g}
    assert named
    assert all(any(fnmatch(str(name), group) for group in groups) for name in named)
    (senders,) = statements("RulesAndAlarms")
    assert set(senders["Condition"]["StringEquals"]) == {"aws:SourceAccount"}
