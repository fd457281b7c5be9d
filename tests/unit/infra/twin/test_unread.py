import json
from typing import Any

from infra.twin.unread import Scoped, Streams

TABLE: Scoped = ("1", "here", "Records")
READER: Scoped = ("1", "here", "reader")
SLOW: Scoped = ("1", "here", "slow")
QUEUE: Scoped = ("1", "here", "queue")
STREAM = "arn:aws:dynamodb:here:1:table/Records/stream/2026-01-01T00:00:00.000"


def streams(changes: list[Any], first: int, **positions: int) -> Streams:
    mappings = {
        READER: {"EventSourceArn": STREAM},
        SLOW: {"EventSourceArn": STREAM},
        QUEUE: {"EventSourceArn": "arn:aws:sqs:here:1:queue"},
    }
    read = {("1", "here", name): position for name, position in positions.items()}
    return Streams({TABLE: list(changes)}, {TABLE: first}, mappings, read)


def fresh(**positions: int) -> Streams:
    """As after a start: positions are known, changes are not."""
    made = streams([], 0, **positions)
    made.records.clear()
    made.trimmed.clear()
    return made


def test_what_was_not_read_is_there_after_a_restart_under_its_number() -> None:
    saved = json.loads(json.dumps(streams(["c", "d", "e"], 2, reader=3).unread()))
    again = fresh(reader=3)
    again.restore(saved)
    assert (again.trimmed, again.records) == ({TABLE: 3}, {TABLE: ["d", "e"]})


def test_the_slowest_reader_counts() -> None:
    assert streams(["c", "d", "e"], 2, reader=5, slow=4).unread() == [(list(TABLE), 4, ["e"])]


def test_a_reader_behind_what_is_kept_gets_what_is_kept() -> None:
    assert streams(["c", "d"], 2, reader=0).unread() == [(list(TABLE), 2, ["c", "d"])]


def test_the_first_change_after_a_restart_is_not_taken_for_read() -> None:
    again = fresh(reader=18)
    again.restore(streams(["x"] * 18, 0, reader=18).unread())
    again.records[TABLE].append("new")
    assert again.records[TABLE][18 - again.trimmed[TABLE] :] == ["new"]


def test_a_state_saved_without_streams_goes_on_where_its_readers_are() -> None:
    again = fresh(reader=18)
    again.restore([])
    assert (again.trimmed, again.records) == ({TABLE: 18}, {TABLE: []})


def test_readers_of_queues_and_of_nothing_are_left_alone() -> None:
    lone = streams([], 0, queue=7, gone=3)
    assert lone.unread() == []
