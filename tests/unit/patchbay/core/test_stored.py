"""What is stored is read by the release before and the one after: the rules are in `patchbay.domain.base`."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from patchbay.core import layout, store
from patchbay.domain.base import Entity, Part
from patchbay.domain.errors import Unavailable
from patchbay.ports import Put, Record
from tests.fakes.records import FakeRecords
from tests.support import stored

KEY = ("PLACE#1", "thing")
SCALARS = {
    float: st.floats(0, 1e3, allow_nan=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    str: st.text(st.characters(codec="utf-8"), max_size=10),
    Any: st.none() | st.integers() | st.lists(st.booleans(), max_size=2),
}


def things(kind: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Any thing of a model."""
    fields = {name: _values(info.annotation, info.metadata) for name, info in kind.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda given: kind(**given))


def _values(annotation: Any, metadata: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    if annotation in SCALARS and not metadata:
        return SCALARS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return things(annotation)
    inner = [
        _values(each) for each in get_args(annotation) if get_origin(annotation) is not Literal and each is not ...
    ]
    if get_origin(annotation) in {Union, UnionType}:
        return st.one_of(*inner)
    if get_origin(annotation) is dict:
        return st.dictionaries(*inner, max_size=2)
    if get_origin(annotation) is tuple:
        return st.lists(inner[0], max_size=2).map(tuple) if ... in get_args(annotation) else st.tuples(*inner)
    found: Any = Annotated[annotation, *metadata] if metadata else annotation
    return st.from_type(found)


@pytest.mark.parametrize("kind", stored.entities(), ids=lambda kind: kind.__name__)
def test_every_part_of_what_is_stored_keeps_what_it_does_not_know(kind: type[Entity]) -> None:
    assert [part.__name__ for part in stored.parts(kind) if not issubclass(part, Part)] == []


@pytest.mark.parametrize("kind", stored.entities(), ids=lambda kind: kind.__name__)
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_fields_of_a_newer_release_survive(kind: type[Entity], data: st.DataObject) -> None:
    made = data.draw(things(kind)).model_copy(update={"version": 0})
    written = json.loads(layout.record(KEY, "thing", made).body)
    _strew(made, written)
    records = FakeRecords()
    records.write(layout.put(KEY, "thing", made))
    records.write(_with_body(records, json.dumps(written)))
    store.change(records, kind, KEY, lambda one: one.model_copy(), lambda one: layout.put(KEY, "thing", one))
    after = records.get(KEY)
    assert after is not None
    assert after.version == 3
    assert json.loads(after.body) == written


def test_nothing_stored_changed_its_meaning() -> None:
    """If this fails: give a new field a default, keep old ones as they are beside it, or give the class a new `FORM`
    and `upgraded`. Then, and for each new field, `python -m tests.support.stored`.
    """
    assert list(stored.faults(json.loads(stored.COMMITTED.read_text()), stored.shapes())) == []


def test_the_committed_shapes_are_those_of_now() -> None:
    assert json.loads(stored.COMMITTED.read_text()) == stored.shapes()


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"form": 1, "fields": {"a": "str", "b": "int = 1"}}, []),
        ({"form": 1, "fields": {"a": "str", "b": "int = 1", "c": "int = 0"}}, []),
        ({"form": 1, "fields": {"a": "str"}}, []),
        ({"form": 2, "fields": {}}, []),
        (None, []),
        ({"form": 1, "fields": {"a": "str", "b": "int = 1", "c": "int"}}, ["X.c is new"]),
        ({"form": 1, "fields": {"b": "int = 1"}}, ["X.a is gone"]),
        ({"form": 1, "fields": {"a": "str", "b": "int = 2"}}, ["X.b was `int = 1` and is `int = 2`"]),
        ({"form": 1, "fields": {"a": "int", "b": "int = 1"}}, ["X.a was `str` and is `int`"]),
    ],
)
def test_what_would_not_be_read(now: dict[str, Any] | None, told: list[str]) -> None:
    before = {"X": {"form": 1, "fields": {"a": "str", "b": "int = 1"}}}
    found = list(stored.faults(before, {"X": now} if now else {}))
    assert len(found) == len(told)
    assert all(text.startswith(begin) for text, begin in zip(found, told, strict=True))


class Renamed(Entity):
    FORM: ClassVar[int] = 2
    new: str

    @classmethod
    def upgraded(cls, body: dict[str, Any], form: int) -> dict[str, Any]:
        return {"new": body["old"]}


def test_an_older_form_is_read_and_written_in_the_new_one() -> None:
    records = FakeRecords()
    records.write(Put(Record(*KEY, "thing", '{"old": "x"}'), expected=0))
    store.change(
        records,
        Renamed,
        KEY,
        lambda one: one.model_copy(update={"new": one.new + "!"}),
        lambda one: layout.put(KEY, "thing", one),
    )
    after = records.get(KEY)
    assert after is not None
    assert (after.form, json.loads(after.body)) == (2, {"new": "x!"})


def test_a_newer_form_is_not_written_over() -> None:
    records = FakeRecords()
    newer = Record(*KEY, "thing", '{"newest": 1}', form=3)
    records.write(Put(newer, expected=0))
    with pytest.raises(Unavailable):
        store.change(records, Renamed, KEY, lambda one: one, lambda one: layout.put(KEY, "thing", one))
    assert records.get(KEY) == newer


def _with_body(records: FakeRecords, body: str) -> Put:
    there = records.get(KEY)
    assert there is not None
    return Put(replace(there, body=body, version=2), expected=1)


def _strew(made: BaseModel, written: dict[str, Any]) -> None:
    """Put a field that no release of now knows into a thing and all its parts."""
    written["zz_of_a_newer_release"] = [1]
    for name, value in made:
        _strew_into(value, written.get(name))


def _strew_into(value: Any, written: Any) -> None:
    if written is None:
        return
    if isinstance(value, BaseModel):
        _strew(value, written)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _strew_into(inner, written.get(name))
    elif isinstance(value, tuple | list) and isinstance(written, list):
        for inner, told in zip(value, written, strict=True):
            _strew_into(inner, told)
