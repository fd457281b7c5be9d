"""A track and its compositions."""

from datetime import UTC, datetime

import pytest

from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.tracks import Composition, Track, add, with_stems

TRACK = Track(id="x", tenant_id="t", application_id="a", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_compositions_are_counted() -> None:
    twice = add(add(TRACK, "one"), "two")
    assert (TRACK.composed, twice.composed) == (0, 2)
    assert twice.composition(1) == Composition(job_id="one")
    assert twice.composition() == twice.composition(2) == Composition(job_id="two")


def test_stems_belong_to_one_composition() -> None:
    found = with_stems(add(add(TRACK, "one"), "two"), 1, "stems")
    assert found.compositions == (Composition(job_id="one", stems_job_id="stems"), Composition(job_id="two"))


def test_compositions_that_are_not_there() -> None:
    with pytest.raises(NotFound, match="none yet"):
        TRACK.composition()
    with pytest.raises(NotFound, match="no composition 2"):
        add(TRACK, "one").composition(2)
    for number in (0, -1):
        with pytest.raises(InvalidInput):
            add(TRACK, "one").composition(number)
