"""The search index in a DynamoDB table: its keys, transactions and orders are what the fakes take them for."""

from typing import Any

import pytest

from patchbay.adapters.aws.table import Table
from patchbay.core import layout_library
from patchbay.core.search import Query, Search
from patchbay.domain.samples import Sample, SampleState
from patchbay.ports import Delete
from tests.fakes.clock import START, FakeClock

NAMES = ("Zen Garden", "Café del Mar", "F# drone", "bass 808", "", "Æon \u2014 \u30d4\u30a2\u30ce")


@pytest.fixture
def table(boto: Any) -> Table:
    key = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    boto("dynamodb").create_table(
        TableName="records",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=key,
    )
    return Table("records")


def sample(number: int, name: str) -> Sample:
    return Sample(
        id=f"{number:08x}-0000-7000-8000-000000000000",
        number=number,
        tenant_id="ada",
        asset_id="asset",
        name=name,
        tags=tuple(f"tag{n} kind{n}" for n in range(20)) if number == 1 else (),
        public=True,
        popularity=number % 3,
        bpm=90.0 + number,
        state=SampleState.READY,
        created_at=START,
        updated_at=START,
    )


def test_samples_are_indexed_found_in_every_order_and_forgotten(table: Table) -> None:
    search = Search(table, FakeClock())
    samples = [sample(number, name) for number, name in enumerate(NAMES)]
    for each in samples:
        table.write(layout_library.put_sample(each))
        search.index(None, each)

    def found(**asked: Any) -> list[int]:
        return [one.number for one in search.samples(Query(**asked))]

    assert found() == [5, 4, 3, 2, 1, 0]
    assert found(sort="oldest", limit=2, offset=1) == [1, 2]
    assert found(sort="popular") == [5, 2, 4, 1, 3, 0]
    assert found(sort="name") == [4, 5, 3, 1, 2, 0]
    assert found(text="cafe mar") == [1]
    assert found(text="tag3") == [1]
    assert found(text="\u30d4\u30a2") == [5]
    assert found(text="f#") == [2]
    assert found(bpm=(92.0, 93.0)) == [3, 2]
    assert [tag for tag, _ in search.explore(1)] == ["tag0 kind0"]
    table.write(Delete(layout_library.sample_key("ada", samples[1].id), None))
    search.index(samples[1], None)
    assert found(text="cafe") == []
    assert search.rebuild("ada") == 5
    assert list(search.owners()) == ["ada"]
    assert found() == [5, 4, 3, 2, 0]
