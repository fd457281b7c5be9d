"""Pages that end before an answer would be too large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dialects.native.paging import fitted, walked
from functions.http import sizes

MOST_BYTES = 400


@given(
    lengths=st.lists(st.integers(0, MOST_BYTES - 50), max_size=30),
    limit=st.integers(1, 12),
    choosing=st.booleans(),
)
def test_small_answers_still_walk_the_whole_list(lengths: list[int], limit: int, choosing: bool) -> None:
    stored = [(f"{number:02d}", "x" * length) for number, length in enumerate(lengths)][::-1]

    def read(count: int, before: str | None) -> list[tuple[str, str]]:
        return [thing for thing in stored if before is None or thing[0] < before][:count]

    def shown(thing: tuple[str, str]) -> dict[str, str]:
        return {"id": thing[0], "text": thing[1]}

    def place(thing: tuple[str, str]) -> str:
        return thing[0]

    pages: list[list[dict[str, str]]] = []
    cursor: str | None = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "MAX_ANSWER_BYTES", MOST_BYTES)
        for _ in range(len(stored) + 1):
            page, following = walked(read, place, limit, cursor, (lambda _: True) if choosing else None)
            told, cursor = fitted(page, shown, place, following)
            pages.append(told)
            if cursor is None:
                break
    assert cursor is None
    assert all(sum(sizes.answer_bytes(one) + 1 for one in page) <= MOST_BYTES for page in pages)
    assert [one["id"] for page in pages for one in page] == [thing[0] for thing in stored]
