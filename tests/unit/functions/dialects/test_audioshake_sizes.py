"""How large callbacks and pages of the AudioShake APIs may be."""

import json

import pytest

from functions.dialects.audioshake.sizes import fits_callback, page
from functions.http import sizes
from patchbay.domain.errors import TooLarge


def test_who_said_how_many_gets_them_all_or_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"link": "x" * 100} for _ in range(9)]
    monkeypatch.setattr(sizes, "MAX_ANSWER_BYTES", 1000)
    assert page(items, whole=False) == items[:8]
    assert page(items[:8], whole=True) == items[:8]
    with pytest.raises(TooLarge, match="take fewer"):
        page(items, whole=True)


@pytest.mark.parametrize(("text", "fits"), [("x" * 19_992, True), ("x" * 19_993, False), ("é" * 9_997, False)])
def test_a_callback_has_twenty_thousand_bytes_at_most(text: str, fits: bool) -> None:
    assert fits_callback({"a": text}) == fits
    assert (len(json.dumps({"a": text}, separators=(",", ":"), ensure_ascii=False).encode()) <= 20_000) == fits
