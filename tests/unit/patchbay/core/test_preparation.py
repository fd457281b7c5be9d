import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog.workflows import workflows
from patchbay.core.preparation import WORKFLOW, fewer_peaks
from patchbay.domain.samples import MAX_PEAKS

SIZES = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), max_size=1200)


def test_its_workflow_is_there() -> None:
    assert WORKFLOW in workflows()


@given(SIZES)
def test_no_peak_is_lost_and_none_is_invented(pairs: list[tuple[float, float]]) -> None:
    lowest, highest = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = fewer_peaks(lowest, highest)
    assert len(found) == min(len(pairs), MAX_PEAKS)
    sizes = [max(abs(low), abs(high)) for low, high in pairs]
    assert max(found, default=0.0) == round(max(sizes, default=0.0), 4)
    assert set(found) <= {round(size, 4) for size in sizes}


@given(st.integers(0, 999))
def test_a_peak_stays_in_its_place(place: int) -> None:
    highest = [0.0] * 1000
    highest[place] = 1.0
    found = fewer_peaks([0.0] * 1000, highest)
    assert found.index(1.0) == place * MAX_PEAKS // 1000
    assert sum(found) == 1.0


@pytest.mark.parametrize("highest", [[math.nan], [math.inf], [1.0, 2.0]])
def test_what_are_no_peaks(highest: list[float]) -> None:
    for given_as in ((highest, [0.0]), ([0.0], highest)):
        with pytest.raises(ValueError, match=r"finite|shorter|longer"):
            fewer_peaks(*given_as)
