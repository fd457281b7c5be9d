"""The table of the template is the table of the code."""

import boto3
import pytest
from moto import mock_aws

from infra.constructs.table import INDEXES
from patchbay import ports
from patchbay.adapters.aws import clients, table
from patchbay.ports import Put, Record
from tests.support.templates import resources, table_definition


def test_indexes_are_those_that_the_core_queries() -> None:
    assert INDEXES == ports.INDEXES
    indexes = {i["IndexName"]: i for i in table_definition()["GlobalSecondaryIndexes"]}
    assert set(indexes) == set(ports.INDEXES)
    for name, index in indexes.items():
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert [key["AttributeName"] for key in index["KeySchema"]] == [name, "sk"]


@pytest.mark.parametrize("stage", ["twin", "dev", "prod"])
def test_every_stage_has_the_same_table(stage: str) -> None:
    assert table_definition(stage) == table_definition()
    (properties,) = resources(stage, "AWS::DynamoDB::Table").values()
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_adapter_works_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        clients.client.cache_clear()
        boto3.client("dynamodb").create_table(TableName="t", **table_definition())
        records = table.Table("t")
        record = Record("JOBS#t", "1", "job", "{}", indexes=dict.fromkeys(ports.INDEXES, "x"), expires_at=1)
        records.write(Put(record, expected=0))
        assert records.get(record.key) == record
        assert [records.index_keys(name, "x", limit=5) for name in ports.INDEXES] == [[record.key]] * 4
        clients.client.cache_clear()
