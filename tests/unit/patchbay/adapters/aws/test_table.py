from typing import Any

import pytest
from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.table import Table, of_item, stream_changes, to_item
from patchbay.domain.errors import Unavailable
from patchbay.ports import INDEXES, Add, AddWithin, Delete, Put, Record, WriteConflict


@pytest.fixture
def table(boto: Any) -> Table:
    names = ("pk", "sk", *INDEXES)
    boto("dynamodb").create_table(
        TableName="records",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_key("pk"),
        GlobalSecondaryIndexes=[
            {"IndexName": name, "KeySchema": _key(name), "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for name in INDEXES
        ],
    )
    return Table("records")


def _key(partition: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


def rec(sk: str, version: int = 1, *, pk: str = "P", **indexes: str) -> Record:
    return Record(pk, sk, "thing", f'{{"sk":"{sk}"}}', version, indexes)


def test_a_record_comes_back_as_it_was(table: Table) -> None:
    stored = Record("P", "s", "job", '{"a":"ü"}', 3, {"by_state": "t#queued", "by_open": "OPEN#1"}, 1234, form=2)
    table.write(Put(stored, expected=None))
    assert table.get(("P", "s")) == stored
    assert of_item(to_item(stored)) == stored
    assert table.get(("P", "other")) is None


def test_a_write_demands_the_version_it_read(table: Table) -> None:
    table.write(Put(rec("a"), expected=0))
    with pytest.raises(WriteConflict):
        table.write(Put(rec("a"), expected=0))
    table.write(Put(rec("a", 2), expected=1))
    with pytest.raises(WriteConflict):
        table.write(Put(rec("a", 2), expected=1))
    with pytest.raises(WriteConflict):
        table.write(Put(rec("missing", 2), expected=1))
    with pytest.raises(WriteConflict):
        table.write(Delete(("P", "a"), expected=1))
    table.write(Delete(("P", "a"), expected=2))
    assert table.get(("P", "a")) is None
    table.write(Delete(("P", "a"), expected=None))


def test_of_several_writes_all_or_none_happen(table: Table) -> None:
    table.write(Put(rec("a"), expected=0))
    with pytest.raises(WriteConflict):
        table.write(Put(rec("b"), expected=0), Put(rec("a"), expected=0))
    assert table.get(("P", "b")) is None
    table.write(Put(rec("b"), expected=0), Delete(("P", "a"), expected=1))
    assert table.get(("P", "a")) is None
    assert table.get(("P", "b")) is not None


def test_query_pages_both_ways(table: Table) -> None:
    for n in range(7):
        table.write(Put(rec(f"k{n}"), expected=0))
    table.write(Put(rec("other"), expected=0), Put(rec("k9", pk="Q"), expected=0))
    assert [r.sk for r in table.query("P", prefix="k", limit=3)] == ["k6", "k5", "k4"]
    assert [r.sk for r in table.query("P", prefix="k", limit=9, before="k4")] == ["k3", "k2", "k1", "k0"]
    assert [r.sk for r in table.query("P", limit=2, ascending=True)] == ["k0", "k1"]
    assert table.query("nobody", limit=5) == []
    assert table.query("P", limit=0) == []


def test_query_goes_on_where_a_page_ends_early(table: Table) -> None:
    """DynamoDB ends a page at 1 MB, whatever limit was asked for."""
    for n in range(5):
        table.write(Put(Record("P", f"k{n}", "thing", "x" * 390_000), expected=0))
    assert [r.sk for r in table.query("P", limit=5)] == ["k4", "k3", "k2", "k1", "k0"]


def test_index_keys_are_bounded(table: Table) -> None:
    for n in range(5):
        table.write(Put(rec(f"k{n}", by_state="t#queued"), expected=0))
    table.write(Put(rec("k9"), expected=0))

    def keys(**bound: Any) -> list[str]:
        return [sk for _, sk in table.index_keys("by_state", "t#queued", **{"limit": 10, **bound})]

    assert keys() == ["k4", "k3", "k2", "k1", "k0"]
    assert keys(limit=2) == ["k4", "k3"]
    assert keys(before="k3") == ["k2", "k1", "k0"]
    assert keys(upto="k3") == ["k3", "k2", "k1", "k0"]
    assert table.index_keys("by_state", "u#queued", limit=3) == []


def test_get_many_keeps_the_order_and_leaves_out_what_is_not_there(table: Table) -> None:
    for n in range(130):
        table.write(Put(rec(f"k{n:03}"), expected=0))
    wanted = [("P", f"k{n:03}") for n in range(129, -1, -1)]
    found = table.get_many([*wanted[:50], ("P", "missing"), *wanted[50:]])
    assert [r.key for r in found] == wanted
    assert table.get_many([]) == []


def test_what_is_asked_for_twice_comes_twice(table: Table) -> None:
    table.write(Put(rec("1"), expected=0), Add(("C", "count"), 3))
    assert [found.sk for found in table.get_many([("P", "1"), ("P", "none"), ("P", "1")])] == ["1", "1"]
    assert table.counts([("C", "count"), ("C", "none"), ("C", "count")]) == [3, 0, 3]


def test_busy_becomes_unavailable_and_the_rest_goes_through(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        def get_item(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "GetItem")

    with monkeypatch.context() as patch:
        patch.setattr(clients, "client", lambda _: Busy())
        with pytest.raises(Unavailable):
            table.get(("P", "a"))
    with pytest.raises(ClientError):
        Table("nowhere").get(("P", "a"))


def test_stream_changes() -> None:
    old, new = rec("a"), rec("a", 2)
    event = {
        "Records": [
            {"dynamodb": {"SequenceNumber": "1", "NewImage": to_item(old)}},
            {"dynamodb": {"SequenceNumber": "2", "OldImage": to_item(old), "NewImage": to_item(new)}},
            {"dynamodb": {"SequenceNumber": "3", "OldImage": to_item(new)}},
        ]
    }
    assert stream_changes(event) == [("1", None, old), ("2", old, new), ("3", new, None)]


def test_a_counter_counts_and_is_nothing_that_reads_find(table: Table) -> None:
    assert [table.add(("C", "1"), 1, expires_at=99) for _ in range(3)] == [1, 2, 3]
    assert table.add(("C", "1"), -2, expires_at=99) == 1
    assert table.add(("C", "2"), 5, expires_at=99) == 5
    item = clients.client("dynamodb").get_item(TableName="records", Key={"pk": {"S": "C"}, "sk": {"S": "1"}})["Item"]
    assert (item["expires_at"], item["kind"]) == ({"N": "99"}, {"S": "counter"})


def test_counters_are_read_together(table: Table) -> None:
    keys = [("C", f"{n:03}") for n in range(150)]
    for n, key in enumerate(keys[:120]):
        table.add(key, n + 1, expires_at=9)
    assert table.counts([*keys[::-1], ("D", "none")]) == [0] * 30 + list(range(120, 0, -1)) + [0]
    assert table.counts([]) == []


def test_a_count_belongs_to_its_transaction(table: Table) -> None:
    table.write(Put(rec("a"), expected=0), Add(("C", "a"), 1))
    with pytest.raises(WriteConflict):
        table.write(Put(rec("a"), expected=0), Add(("C", "a"), 1))
    assert table.counts([("C", "a")]) == [1]
    table.write(Delete(("P", "a"), expected=1), Add(("C", "a"), -1))
    assert table.counts([("C", "a")]) == [0]
    table.write(Add(("C", "a"), 5))
    assert table.counts([("C", "a")]) == [5]


HELD = ("HELD#t", "figures")


def test_figures_are_added_to_together_within_their_bounds(table: Table) -> None:
    assert table.figures(HELD) == {}
    table.write(AddWithin(HELD, {"files": 1, "bytes": 700}, {"files": 2, "bytes": 1000}))
    table.write(AddWithin(HELD, {"jobs": 3}))
    assert table.figures(HELD) == {"files": 1, "bytes": 700, "jobs": 3}
    with pytest.raises(WriteConflict):
        table.write(AddWithin(HELD, {"files": 1, "bytes": 301}, {"files": 2, "bytes": 1000}))
    table.write(AddWithin(HELD, {"files": 1, "bytes": 300}, {"files": 2, "bytes": 1000}))
    assert table.figures(HELD) == {"files": 2, "bytes": 1000, "jobs": 3}
    table.write(AddWithin(HELD, {"files": -2, "bytes": -1000}))
    assert table.figures(HELD) == {"files": 0, "bytes": 0, "jobs": 3}


def test_all_figures_of_a_partition_come_page_by_page(table: Table) -> None:
    for number in range(5):
        table.write(AddWithin(("COSTS#d#0", f"t{number}#native/w"), {"jobs": number, "nusd": 10**15}))
        table.write(AddWithin(("COSTS#d#0", f"t{number}#native/w"), {"jobs": 1}))
    assert table.figures_of("COSTS#d#1", limit=10) == []
    first = table.figures_of("COSTS#d#0", limit=3)
    assert [name for name, _ in first] == ["t0#native/w", "t1#native/w", "t2#native/w"]
    assert first[2][1] == {"jobs": 3, "nusd": 10**15}
    rest = table.figures_of("COSTS#d#0", limit=3, after=first[-1][0])
    assert [figures["jobs"] for _, figures in rest] == [4, 5]


def test_figures_and_the_thing_they_count_are_written_together_or_not_at_all(table: Table) -> None:
    most = {"files": 1}
    table.write(Put(rec("a"), expected=0), AddWithin(HELD, {"files": 1}, most))
    with pytest.raises(WriteConflict):
        table.write(Put(rec("b"), expected=0), AddWithin(HELD, {"files": 1}, most))
    assert table.get(("P", "b")) is None
    with pytest.raises(WriteConflict):
        table.write(Put(rec("a"), expected=0), AddWithin(HELD, {"jobs": 1}))
    assert table.figures(HELD) == {"files": 1}


def test_figures_go_if_they_are_what_was_read(table: Table) -> None:
    table.write(AddWithin(HELD, {"files": 1, "bytes": 700}))
    others = ("HELD#nobody", "figures")
    for wrong in ({"files": 2, "bytes": 700}, {"files": 1, "jobs": 0}):
        with pytest.raises(WriteConflict):
            table.write(AddWithin(others, {"files": 1}), Delete(HELD, expected=None, figures=wrong))
    table.write(AddWithin(others, {"files": 1}), Delete(HELD, expected=None, figures=table.figures(HELD)))
    assert (table.figures(HELD), table.figures(others)) == ({}, {"files": 1})
    for gone in ({"files": 1, "bytes": 700}, {}):
        with pytest.raises(WriteConflict):
            table.write(Delete(HELD, expected=None, figures=gone))
