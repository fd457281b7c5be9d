"""Records in a DynamoDB table.

Attributes of an item: `pk`, `sk`, `kind`, `version`, `body` (the entity as JSON), `form` where it is not 1,
`expires_at`, and one attribute for each index it is in, named as the index. The body is one string because it is read
and written whole; what rules, filters and operators look at stands beside it. A counter has `count` in place of version
and body.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.ports import INDEXES, Add, AddWithin, Delete, Key, Put, Record, Write, WriteConflict

_LOST_RACE = {"ConditionalCheckFailed", "TransactionConflict"}
_BATCH = 100
RESTORED = "restored"
"""An attribute of items as a backup brought them, until they are written again: nobody is to be told of them anew."""


@dataclass(frozen=True, slots=True)
class Table:
    """The records port."""

    name: str

    def get(self, key: Key) -> Record | None:
        """See `Records`."""
        with clients.errors("the table"):
            answer = _db().get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return of_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> list[Record]:
        """See `Records`."""
        found = {stored.key: stored for stored in map(of_item, self._items(keys))}
        return [found[key] for key in keys if key in found]

    def _items(self, keys: Sequence[Key]) -> Iterator[dict[str, Any]]:
        """The items that there are of some keys, in any order, each once: DynamoDB refuses a key that comes twice."""
        once = list(dict.fromkeys(keys))
        for at in range(0, len(once), _BATCH):
            wanted = {self.name: {"Keys": [_key(key) for key in once[at : at + _BATCH]], "ConsistentRead": True}}
            while wanted:
                with clients.errors("the table"):
                    answer = _db().batch_get_item(RequestItems=wanted)
                yield from answer["Responses"].get(self.name, [])
                wanted = answer.get("UnprocessedKeys") or {}

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        """See `Records`."""
        names, values = {"#p": "pk"}, {":p": {"S": pk}}
        condition = "#p = :p"
        if prefix:
            condition += " AND begins_with(#s, :x)"
            names["#s"], values[":x"] = "sk", {"S": prefix}
        query = {"ConsistentRead": True, **_condition(condition, names, values, ascending)}
        if before is not None:
            query["ExclusiveStartKey"] = _key((pk, before))
        return [of_item(item) for item in self._pages(query, limit)]

    def index_keys(
        self, index: str, value: str, *, limit: int, before: str | None = None, upto: str | None = None
    ) -> list[Key]:
        """See `Records`."""
        names, values = {"#p": index}, {":p": {"S": value}}
        condition = "#p = :p"
        if bound := before if before is not None else upto:
            condition += f" AND #s {'<' if before is not None else '<='} :b"
            names["#s"], values[":b"] = "sk", {"S": bound}
        query = {"IndexName": index, **_condition(condition, names, values, ascending=False)}
        return [(item["pk"]["S"], item["sk"]["S"]) for item in self._pages(query, limit)]

    def write(self, *writes: Write) -> None:
        """See `Records`."""
        try:
            with clients.errors("the table"):
                if len(writes) == 1:
                    self._write_one(writes[0])
                else:
                    _db().transact_write_items(TransactItems=[self._in_transaction(w) for w in writes])
        except ClientError as error:
            if _lost_race(error):
                raise WriteConflict(str(error)) from error
            raise

    def add(self, key: Key, amount: int, *, expires_at: int) -> int:
        """See `Records`."""
        with clients.errors("the table"):
            addition = _addition(Add(key, amount), expires_at)
            answer = _db().update_item(TableName=self.name, ReturnValues="UPDATED_NEW", **addition)
        return int(answer["Attributes"]["count"]["N"])

    def counts(self, keys: Sequence[Key]) -> list[int]:
        """See `Records`."""
        found = {(item["pk"]["S"], item["sk"]["S"]): int(item["count"]["N"]) for item in self._items(keys)}
        return [found.get(key, 0) for key in keys]

    def figures(self, key: Key) -> Mapping[str, int]:
        """See `Records`."""
        with clients.errors("the table"):
            answer = _db().get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return {name: int(value["N"]) for name, value in answer.get("Item", {}).items() if "N" in value}

    def figures_of(self, pk: str, *, limit: int, after: str | None = None) -> list[tuple[str, Mapping[str, int]]]:
        """See `Records`."""
        query = {"ConsistentRead": True, **_condition("#p = :p", {"#p": "pk"}, {":p": {"S": pk}}, ascending=True)}
        if after is not None:
            query["ExclusiveStartKey"] = _key((pk, after))
        items = self._pages(query, limit)
        return [(item["sk"]["S"], {name: int(n["N"]) for name, n in item.items() if "N" in n}) for item in items]

    def _write_one(self, write: Write) -> None:
        if isinstance(write, Add | AddWithin):
            _db().update_item(TableName=self.name, **_update(write))
            return
        condition = _condition_of(write)
        if isinstance(write, Put):
            _db().put_item(TableName=self.name, Item=to_item(write.record), **condition)
        else:
            _db().delete_item(TableName=self.name, Key=_key(write.key), **condition)

    def _in_transaction(self, write: Write) -> dict[str, Any]:
        if isinstance(write, Add | AddWithin):
            return {"Update": {"TableName": self.name, **_update(write)}}
        condition = {"TableName": self.name, **_condition_of(write)}
        if isinstance(write, Delete):
            return {"Delete": {"Key": _key(write.key), **condition}}
        return {"Put": {"Item": to_item(write.record), **condition}}

    def _pages(self, query: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        """Items of a query, up to `limit`; DynamoDB ends a page at 1 MB."""
        items: list[dict[str, Any]] = []
        while len(items) < limit:
            with clients.errors("the table"):
                answer = _db().query(TableName=self.name, Limit=limit - len(items), **query)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return items


def to_item(stored: Record) -> dict[str, Any]:
    """A record as DynamoDB has it."""
    item: dict[str, Any] = {
        "pk": {"S": stored.pk},
        "sk": {"S": stored.sk},
        "kind": {"S": stored.kind},
        "version": {"N": str(stored.version)},
        "body": {"S": stored.body},
        **{index: {"S": value} for index, value in stored.indexes.items()},
    }
    if stored.expires_at is not None:
        item["expires_at"] = {"N": str(stored.expires_at)}
    if stored.form != 1:
        item["form"] = {"N": str(stored.form)}
    return item


def of_item(item: Mapping[str, Any]) -> Record:
    """A record from an item, of the table or of its stream."""
    return Record(
        pk=item["pk"]["S"],
        sk=item["sk"]["S"],
        kind=item["kind"]["S"],
        body=item["body"]["S"],
        version=int(item["version"]["N"]),
        indexes={index: item[index]["S"] for index in INDEXES if index in item},
        expires_at=int(item["expires_at"]["N"]) if "expires_at" in item else None,
        form=int(item["form"]["N"]) if "form" in item else 1,
    )


def stream_changes(event: Mapping[str, Any]) -> list[tuple[str, Record | None, Record | None]]:
    """(sequence number, old, new) of each change in a stream's event; what a restored backup put there is none."""
    changes = []
    for change in event.get("Records", []):
        images = change["dynamodb"]
        if RESTORED in images.get("NewImage", {}):
            continue
        old, new = (of_item(images[name]) if name in images else None for name in ("OldImage", "NewImage"))
        changes.append((str(images["SequenceNumber"]), old, new))
    return changes


def _db() -> Any:
    return clients.client("dynamodb")


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _condition(text: str, names: dict[str, str], values: dict[str, Any], ascending: bool) -> dict[str, Any]:
    return {
        "KeyConditionExpression": text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": ascending,
    }


def _condition_of(write: Put | Delete) -> dict[str, Any]:
    """On what a record is written or removed."""
    if isinstance(write, Put) or write.figures is None:
        return _expectation(write.expected)
    figures = list(write.figures.items())
    parts = ["attribute_exists(pk)", *(f"#f{number} = :f{number}" for number in range(len(figures)))]
    values = {
        "ExpressionAttributeNames": {f"#f{number}": name for number, (name, _) in enumerate(figures)},
        "ExpressionAttributeValues": {f":f{number}": {"N": str(value)} for number, (_, value) in enumerate(figures)},
    }
    return {"ConditionExpression": " AND ".join(parts), **(values if figures else {})}


def _expectation(version: int | None) -> dict[str, Any]:
    if version is None:
        return {}
    if version == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "version"},
        "ExpressionAttributeValues": {":v": {"N": str(version)}},
    }


def _addition(write: Add, expires_at: int | None = None) -> dict[str, Any]:
    """An update that adds, as the arguments of a call or as a part of a transaction."""
    names, values = {"#k": "kind", "#c": "count"}, {":k": {"S": "counter"}, ":n": {"N": str(write.amount)}}
    expression = "SET #k = :k"
    if expires_at is not None:
        expression += ", #e = :e"
        names["#e"], values[":e"] = "expires_at", {"N": str(expires_at)}
    return {
        "Key": _key(write.key),
        "UpdateExpression": f"{expression} ADD #c :n",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _update(write: Add | AddWithin) -> dict[str, Any]:
    return _addition(write) if isinstance(write, Add) else _charge(write)


def _charge(write: AddWithin) -> dict[str, Any]:
    """An update that adds to several figures on the condition that there is room in all of them."""
    names, values = {"#k": "kind"}, {":k": {"S": "counter"}}
    sums, rooms = [], []
    for number, (name, amount) in enumerate(write.amounts.items()):
        names[f"#f{number}"], values[f":f{number}"] = name, {"N": str(amount)}
        sums.append(f"#f{number} :f{number}")
        if (most := write.most.get(name)) is not None:
            values[f":m{number}"] = {"N": str(most - amount)}
            rooms.append(f"(attribute_not_exists(#f{number}) OR #f{number} <= :m{number})")
    return {
        "Key": _key(write.key),
        "UpdateExpression": f"SET #k = :k ADD {', '.join(sums)}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        **({"ConditionExpression": " AND ".join(rooms)} if rooms else {}),
    }


def _lost_race(error: ClientError) -> bool:
    code = clients.code_of(error)
    if code == "TransactionCanceledException":
        reasons = {r.get("Code", "None") for r in error.response.get("CancellationReasons", [])} - {"None"}
        return bool(reasons) and reasons <= _LOST_RACE
    return code in {"ConditionalCheckFailedException", "TransactionConflictException"}
