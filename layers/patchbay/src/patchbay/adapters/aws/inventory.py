"""All that a stage stores: a scan of its table, and the list of its media bucket."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.table import RESTORED
from patchbay.ports import Item, Key, StoredObject

_WRITES = 25
"""Of a BatchWriteItem (DynamoDB API reference)."""
_DELETES = 1000
"""Of a DeleteObjects (S3 API reference)."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StageInventory:
    """The inventory port. Needs more rights than any Lambda has: those of the operator who calls it."""

    table: str
    bucket: str

    def items(self) -> Iterator[Item]:
        """See `Inventory`."""
        query: dict[str, Any] = {"TableName": self.table, "ConsistentRead": True}
        while True:
            with clients.errors("the table"):
                page = _db().scan(**query)
            yield from map(_of_attributes, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(self, items: Iterable[Item]) -> None:
        """See `Inventory`."""
        self._write({"PutRequest": {"Item": {**_attributes(item), RESTORED: {"S": "yes"}}}} for item in items)

    def swap(self, old: Item, new: Item) -> bool:
        """See `Inventory`."""
        names, values, parts = {}, {}, ["attribute_exists(pk)"]
        for number, (name, value) in enumerate(old.fields.items()):
            names[f"#f{number}"], values[f":f{number}"] = name, _attribute(value)
            parts.append(f"#f{number} = :f{number}")
        condition = {"ConditionExpression": " AND ".join(parts)}
        if names:
            condition |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}  # type: ignore[dict-item]
        try:
            with clients.errors("the table"):
                _db().put_item(TableName=self.table, Item=_attributes(new), **condition)
        except ClientError as error:
            if clients.code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def drop(self, keys: Iterable[Key]) -> None:
        """See `Inventory`."""
        self._write({"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}} for pk, sk in keys)

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """See `Inventory`."""
        query = {"Bucket": self.bucket, "Prefix": prefix}
        while True:
            with clients.errors("the object store"):
                page = _s3().list_objects_v2(**query)
            for found in page.get("Contents", []):
                yield StoredObject(found["Key"], int(found["Size"]))
            if not page.get("IsTruncated"):
                return
            query["ContinuationToken"] = page["NextContinuationToken"]

    def drop_objects(self, keys: Iterable[str]) -> None:
        """See `Inventory`. Raises RuntimeError that names an object which stays."""
        for some in _batches(keys, _DELETES):
            wanted = {"Objects": [{"Key": key} for key in some], "Quiet": True}
            with clients.errors("the object store"):
                answer = _s3().delete_objects(Bucket=self.bucket, Delete=wanted)
            for failed in answer.get("Errors", []):
                raise RuntimeError(f"{failed['Key']} could not be removed: {failed.get('Message', failed.get('Code'))}")

    def _write(self, requests: Iterable[dict[str, Any]]) -> None:
        for some in _batches(requests, _WRITES):
            wanted: dict[str, Any] = {self.table: some}
            longest_s = _FIRST_PAUSE_S
            while True:
                with clients.errors("the table"):
                    wanted = _db().batch_write_item(RequestItems=wanted).get("UnprocessedItems") or {}
                if not wanted:
                    break
                # A table that grows into its load refuses some; asked again at once it refuses more.
                time.sleep(random.uniform(0, longest_s))  # noqa: S311 - spreads load, keeps no secret
                longest_s = min(2 * longest_s, _LONGEST_PAUSE_S)


def _batches(of: Iterable[T], size: int) -> Iterator[list[T]]:
    each = iter(of)
    while some := list(islice(each, size)):
        yield some


def _of_attributes(item: Mapping[str, Any]) -> Item:
    fields = {
        name: value["S"] if "S" in value else Decimal(value["N"]) for name, value in item.items() if name != RESTORED
    }
    return Item(str(fields.pop("pk")), str(fields.pop("sk")), fields)


def _attributes(item: Item) -> dict[str, Any]:
    fields = {name: _attribute(value) for name, value in item.fields.items()}
    return {"pk": {"S": item.pk}, "sk": {"S": item.sk}, **fields}


def _attribute(value: str | Decimal) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _db() -> Any:
    return clients.client("dynamodb")


def _s3() -> Any:
    return clients.client("s3")
