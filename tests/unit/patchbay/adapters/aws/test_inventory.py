from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.inventory import StageInventory
from patchbay.adapters.aws.table import Table, stream_changes, to_item
from patchbay.ports import Add, AddWithin, Item, Put, Record, StoredObject

BUCKET, TABLE = "media", "all"


@pytest.fixture
def inventory(boto: Callable[..., Any]) -> StageInventory:
    keys = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    boto("dynamodb").create_table(
        TableName=TABLE, AttributeDefinitions=keys, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )
    boto("s3").create_bucket(Bucket=BUCKET)
    return StageInventory(TABLE, BUCKET)


def filled(table: Table, count: int = 60) -> None:
    for number in range(count):
        record = Record("P", f"{number:04d}", "thing", '{"a":"ü"}', 3, {"by_open": "OPEN#1"}, 1234, form=2)
        table.write(Put(record, expected=None))
    table.write(Add(("C", "count"), 7))
    table.write(AddWithin(("H", "figures"), {"files": 2, "bytes": 10**13}))


def test_everything_is_walked_through_and_put_back(inventory: StageInventory, boto: Callable[..., Any]) -> None:
    filled(Table(TABLE))
    there = sorted(inventory.items(), key=lambda item: item.key)
    assert len(there) == 62
    counter, figures, first = there[0], there[1], there[2]
    assert counter == Item("C", "count", {"kind": "counter", "count": Decimal(7)})
    assert figures.fields["bytes"] == Decimal(10**13)
    assert first.fields["form"] == Decimal(2)
    inventory.drop(item.key for item in there)
    assert list(inventory.items()) == []
    inventory.put(there)
    assert sorted(inventory.items(), key=lambda item: item.key) == there
    table = Table(TABLE)
    restored = table.get(("P", "0003"))
    assert restored == Record("P", "0003", "thing", '{"a":"ü"}', 3, {"by_open": "OPEN#1"}, 1234, form=2)
    assert table.figures(("H", "figures")) == {"files": 2, "bytes": 10**13}
    assert table.counts([("C", "count")]) == [7]


def test_pages_of_a_scan_are_followed(inventory: StageInventory) -> None:
    table = Table(TABLE)
    for number in range(4):  # a page ends at 1 MB
        table.write(Put(Record("P", str(number), "thing", "x" * 390_000), expected=None))
    assert len(list(inventory.items())) == 4


def test_what_a_table_refuses_is_asked_again_after_a_pause(
    inventory: StageInventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clients.client("dynamodb")
    asked: list[Any] = []
    pauses: list[float] = []

    class Growing:
        def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto's
            asked.append(len(RequestItems[TABLE]))
            one, *rest = RequestItems[TABLE]
            real.batch_write_item(RequestItems={TABLE: [one]})
            return {"UnprocessedItems": {TABLE: rest} if rest else {}}

    monkeypatch.setattr("patchbay.adapters.aws.inventory._db", Growing)
    monkeypatch.setattr("patchbay.adapters.aws.inventory.time.sleep", pauses.append)
    inventory.put(Item("P", str(number), {"kind": "thing"}) for number in range(3))
    assert asked == [3, 2, 1]
    assert len(pauses) == 2
    monkeypatch.undo()
    assert len(real.scan(TableName=TABLE)["Items"]) == 3


def test_what_was_put_back_is_told_to_nobody_until_it_changes(
    inventory: StageInventory, boto: Callable[..., Any]
) -> None:
    inventory.put([Item("P", "s", {"kind": "job", "version": Decimal(3), "body": "{}"})])
    image = boto("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": "P"}, "sk": {"S": "s"}})["Item"]
    change = {"SequenceNumber": "1", "NewImage": image}
    assert stream_changes({"Records": [{"dynamodb": change}]}) == []
    later = to_item(Record("P", "s", "job", "{}", 4))
    (told,) = stream_changes({"Records": [{"dynamodb": {**change, "OldImage": image, "NewImage": later}}]})
    assert told[2] == Record("P", "s", "job", "{}", 4)


def test_an_item_is_swapped_only_if_it_is_as_it_was(inventory: StageInventory) -> None:
    table = Table(TABLE)
    table.write(Put(Record("P", "s", "thing", '{"of":"ada"}', 3), expected=None))
    (old,) = inventory.items()
    new = Item("P", "s", {**old.fields, "body": '{"of":"nobody"}'})
    assert inventory.swap(old, new)
    assert list(inventory.items()) == [new]
    assert not inventory.swap(old, old)
    inventory.drop([old.key])
    assert not inventory.swap(new, old)
    assert list(inventory.items()) == []


def test_objects_are_listed_and_dropped_whatever_their_number(
    inventory: StageInventory, boto: Callable[..., Any]
) -> None:
    s3 = boto("s3")
    for number in range(1003):
        s3.put_object(Bucket=BUCKET, Key=f"uploads/ada/{number:04d}", Body=b"x" * (number % 5))
    s3.put_object(Bucket=BUCKET, Key="uploads/bob/1", Body=b"y")
    found = list(inventory.objects("uploads/ada/"))
    assert len(found) == 1003
    assert found[3] == StoredObject("uploads/ada/0003", 3)
    inventory.drop_objects(each.key for each in found)
    assert [each.key for each in inventory.objects()] == ["uploads/bob/1"]


def test_dropping_nothing_is_nothing(inventory: StageInventory) -> None:
    inventory.drop([("P", "none")])
    inventory.drop([])
    inventory.drop_objects(["none"])
    inventory.drop_objects([])
    inventory.put([])
