"""How large answers and callbacks of the AudioShake APIs may be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from functions.dialects.audioshake import sizes
from patchbay.domain.errors import TooLarge

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(['"', "\\", "\x00", "é", "🎵"])
items = st.dictionaries(texts, texts | st.none() | st.integers(), max_size=4)


def envelope(content: Any) -> int:
    """Bytes of the body in the event that Lambda's runtime for Python 3.12 writes: text beyond ASCII stays as it is."""
    return len(json.dumps(to_json(content).decode(), ensure_ascii=False).encode())


@given(items)
def test_an_answer_is_as_large_as_its_place_in_lambdas_event(item: dict[str, Any]) -> None:
    assert sizes.answer_bytes(item) == envelope(item) - len('""')


@given(st.lists(items, max_size=8), st.integers(0, 400))
def test_a_page_holds_what_fits_and_no_less(given_items: list[dict[str, Any]], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "MAX_ANSWER_BYTES", limit)
        page = sizes.page(given_items, whole=False)
        assert page == given_items[: len(page)]
        assert envelope(page) - len('""[]') <= max(limit, 0)
        if page != given_items:
            assert envelope(given_items[: len(page) + 1]) - len('""[]') + 1 > limit
            with pytest.raises(TooLarge, match="take fewer"):
                sizes.page(given_items, whole=True)
        else:
            assert sizes.page(given_items, whole=True) == page


def test_nothing_is_made_beyond_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def making() -> Iterator[dict[str, Any]]:
        for number in range(100):
            made.append(number)
            yield {"link": "x" * 100}

    monkeypatch.setattr(sizes, "MAX_ANSWER_BYTES", 1000)
    assert len(sizes.page(making(), whole=False)) == len(made) - 1 == 8


@pytest.mark.parametrize(("text", "fits"), [("x" * 19_992, True), ("x" * 19_993, False), ("é" * 9_997, False)])
def test_a_callback_has_twenty_thousand_bytes_at_most(text: str, fits: bool) -> None:
    assert sizes.fits_callback({"a": text}) == fits
    assert (len(json.dumps({"a": text}, separators=(",", ":"), ensure_ascii=False).encode()) <= 20_000) == fits
