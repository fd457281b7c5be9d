"""Prompts in the form that is read."""

import pytest

from patchbay.catalog.prompts.plain import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thirty-Five seconds", "35 seconds"),
        ("one hundred and twenty bpm", "120 bpm"),
        ("a hundred seconds", "100 seconds"),
        ("twenty", "20"),
        ("two and a half minutes", "2.5 minutes"),
        ("one and a half minutes", "1.5 minutes"),
        ("a minute and a half", "1.5 minute"),
        ("half a minute", "0.5 minute"),
        ("half-minute", "0.5 minute"),
        ("three quarters of a minute", "0.75 minute"),
        ("a quarter of a minute", "0.25 minute"),
        ("2½ minutes", "2.5 minutes"),
        ("a couple of minutes", "2 minute"),
        ("80\u201390 bpm", "80-90 bpm"),
        ("don\u2019t", "dont"),
        ("the '90s", "the era"),
        ("1980s pop", "era pop"),
        ("someone alone, often", "someone alone, often"),
        ("LO-FI\n\tbeats", "lo fi beats"),
    ],
)
def test_numbers_dashes_and_quotes(text: str, expected: str) -> None:
    assert " ".join(plain(text).split()) == expected
