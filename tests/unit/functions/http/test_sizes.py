"""How large answers may be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from functions.http import sizes

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(['"', "\\", "\x00", "é", "🎵"])
items = st.dictionaries(texts, texts | st.none() | st.integers(), max_size=4)


def envelope(content: Any) -> int:
    """Bytes of the body in the event that Lambda's runtime for Python 3.12 writes: text beyond ASCII stays as it is."""
    return len(json.dumps(to_json(content).decode(), ensure_ascii=False).encode())


@given(items)
def test_an_answer_is_as_large_as_its_place_in_lambdas_event(item: dict[str, Any]) -> None:
    assert sizes.answer_bytes(item) == envelope(item) - len('""')


@given(st.lists(items, max_size=8), st.integers(0, 400))
def test_an_answer_holds_what_fits_and_no_less(given_items: list[dict[str, Any]], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "MAX_ANSWER_BYTES", limit)
        taken, all_of_them = sizes.fitting(given_items)
    assert taken == given_items[: len(taken)]
    assert envelope(taken) - len('""[]') <= limit
    assert all_of_them == (taken == given_items)
    if not all_of_them:
        assert envelope(given_items[: len(taken) + 1]) - len('""[]') + 1 > limit


def test_nothing_is_made_beyond_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def making() -> Iterator[dict[str, Any]]:
        for number in range(100):
            made.append(number)
            yield {"link": "x" * 100}

    monkeypatch.setattr(sizes, "MAX_ANSWER_BYTES", 1000)
    taken, all_of_them = sizes.fitting(making())
    assert (len(taken), all_of_them) == (len(made) - 1, False) == (8, False)
