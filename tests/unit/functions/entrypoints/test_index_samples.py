"""The Lambda that keeps the search index, on its sample event and on the tests' stream."""

import logging
from typing import Any

import pytest

from functions.entrypoints import index_samples
from patchbay import bootstrap
from patchbay.core import layout, layout_library
from patchbay.core.layout_projects import put_project
from patchbay.core.search import Query
from patchbay.core.search.postings import KIND
from patchbay.domain.errors import Unavailable
from patchbay.domain.projects import Document, Project
from patchbay.domain.samples import Sample, SampleState
from patchbay.ports import Delete, Record
from tests.fakes.clock import START
from tests.fakes.world import World
from tests.support.samples import sample as event_of

Changes = list[tuple[str, Record | None, Record | None]]


def stored(world: World, number: int, **more: Any) -> Sample:
    given = {"public": True, "state": SampleState.READY, "created_at": START, "updated_at": START, **more}
    sample = Sample(
        id=f"{number:08x}-0000-7000-8000-000000000000",
        number=number,
        tenant_id="ada",
        asset_id=f"asset-{number}",
        name=f"Loop {number}",
        **given,
    )
    world.records.write(layout_library.put_sample(sample))
    return sample.model_copy(update={"version": sample.version + 1})


@pytest.fixture
def stream(world: World, monkeypatch: pytest.MonkeyPatch) -> Changes:
    """What the next events hold."""
    changes: Changes = []
    monkeypatch.setattr(bootstrap, "stream_changes", lambda event: changes)
    return changes


def told(world: World) -> Changes:
    return [(str(n), old, new) for n, (old, new) in enumerate(world.records.changes)]


def found(world: World) -> list[str]:
    return [sample.name for sample in world.services.search.samples(Query())]


def test_the_sample_event_is_of_a_sample_that_came_changed_and_went(world: World) -> None:
    changes = bootstrap.stream_changes(event_of("index_samples"))
    assert [(old is None, new is None) for _, old, new in changes] == [(True, False), (False, False), (False, True)]
    (_, _, came), (_, _, ready), (_, gone, _) = changes
    assert came is not None
    assert ready is not None
    assert gone == ready
    assert layout_library.put_sample(layout.entity(Sample, came).model_copy(update={"version": 0})).record == came
    assert layout.entity(Sample, ready).shown
    assert index_samples.handler(event_of("index_samples"), None) == {"batchItemFailures": []}
    assert found(world) == []


def test_what_changed_is_found_and_what_went_is_not(world: World, stream: Changes) -> None:
    stays, goes = stored(world, 1), stored(world, 2)
    stream += told(world)
    assert index_samples.handler({}, None) == {"batchItemFailures": []}
    assert found(world) == ["Loop 2", "Loop 1"]
    world.records.write(Delete(layout_library.sample_key("ada", goes.id), None))
    world.records.write(layout_library.put_sample(stays.model_copy(update={"name": "Renamed"})))
    stream[:] = told(world)
    assert index_samples.handler({}, None) == {"batchItemFailures": []}
    assert found(world) == ["Renamed"]
    assert world.services.search.samples(Query(text="loop")) == []


def test_several_changes_of_one_sample_are_one_look(
    world: World, stream: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = stored(world, 1)
    for name in ("Two", "Three"):
        world.records.write(layout_library.put_sample(sample.model_copy(update={"name": name})))
        sample = sample.model_copy(update={"version": sample.version + 1})
    stream += told(world)
    written = len(world.records.changes)
    index_samples.handler({}, None)
    bodies = {new.body for _, new in world.records.changes[written:] if new and new.kind == KIND}
    assert len(bodies) == 1
    assert found(world) == ["Three"]


def test_a_project_that_is_made_and_ready_in_one_batch_is_found(world: World, stream: Changes) -> None:
    facts: dict[str, Any] = {"tempo_bpm": 120.0, "duration_s": 60.0, "sha256": "x", "size_bytes": 1, "saved_at": START}
    project = Project(
        id="00000001-0000-7000-8000-000000000000",
        tenant_id="ada",
        public=True,
        revision=1,
        document=Document(revision=1, name="Epic", **facts),
        keep_until=START,
        created_at=START,
        updated_at=START,
    )
    world.records.write(put_project(project))
    world.records.write(put_project(project.model_copy(update={"version": 1, "keep_until": None})))
    stream += told(world)
    assert index_samples.handler({}, None) == {"batchItemFailures": []}
    assert [each.id for each in world.services.search.projects(Query())] == [project.id]


def test_its_own_writes_are_none_of_its_business(world: World, stream: Changes) -> None:
    stored(world, 1)
    stream += told(world)
    index_samples.handler({}, None)
    stream[:] = told(world)
    before = len(world.records.changes)
    index_samples.handler({}, None)
    assert len(world.records.changes) == before


def test_one_that_fails_is_come_back_to_and_keeps_no_other(
    world: World, stream: Changes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2, 3, 4):
        stored(world, number)
    stream += told(world)
    search = world.services.search

    class Moody:
        def index(self, old: Sample | None, new: Sample) -> bool:
            if new.number in {2, 3}:
                raise Unavailable("busy")
            return search.index(old, new)

    monkeypatch.setitem(world.services.__dict__, "search", Moody())
    with caplog.at_level(logging.ERROR):
        assert index_samples.handler({}, None) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(caplog.records) == 2
    monkeypatch.setitem(world.services.__dict__, "search", search)
    assert found(world) == ["Loop 4", "Loop 1"]
    stream[:] = stream[1:]
    assert index_samples.handler({}, None) == {"batchItemFailures": []}
    assert found(world) == ["Loop 4", "Loop 3", "Loop 2", "Loop 1"]


def test_a_sample_that_cannot_be_read_stops_nobody(
    world: World, stream: Changes, caplog: pytest.LogCaptureFixture
) -> None:
    stored(world, 1)
    stream.append(("bad", None, Record("SAMPLES#ada", "x", "sample", "{}")))
    stream += told(world)
    with caplog.at_level(logging.ERROR):
        assert index_samples.handler({}, None) == {"batchItemFailures": []}
    assert len(caplog.records) == 1
    assert found(world) == ["Loop 1"]
