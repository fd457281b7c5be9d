import pytest

from patchbay.catalog.licences import LICENCES, get
from patchbay.domain.errors import NotFound


def test_each_is_found_by_its_id() -> None:
    assert [get(licence.id) for licence in LICENCES] == list(LICENCES)
    assert len({licence.id for licence in LICENCES}) == len({licence.name for licence in LICENCES}) == len(LICENCES)


@pytest.mark.parametrize("licence_id", [-1, 0, 99, 2**60])
def test_others_are_not_there(licence_id: int) -> None:
    with pytest.raises(NotFound):
        get(licence_id)


def test_what_was_published_stays() -> None:
    """Samples and licences taken tell these numbers: a change of what one says is a new one."""
    assert [(one.id, one.price, one.valid_days, *one.terms.model_dump().values()) for one in LICENCES] == [
        (1, 9.99, 365, True, 1_000_000, False),
        (2, 49.99, None, True, None, False),
        (3, 0.0, None, True, None, False),
        (4, 0.0, None, True, None, True),
        (5, 0.0, None, False, None, False),
    ]
