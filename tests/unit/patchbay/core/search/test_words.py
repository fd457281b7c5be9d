import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.search.words import MAX_WORD_CHARS, MAX_WORDS, fold, known_by, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Deep House", ["deep", "house"]),
        ("Café Noël — Forró", ["cafe", "noel", "forro"]),
        ("Øresund, Łódź, Straße, Æther", ["oresund", "lodz", "strasse", "aether"]),
        ("kick_808.wav (2)", ["kick", "808", "wav", "2"]),
        ("F# Minor, C\u266fm, B\u266d", ["f#", "minor", "c#m", "bb"]),
        ("#house track#3 ##", ["house", "track", "3"]),
        ("R&B, D & B, rock & roll", ["rnb", "dnb", "rock", "roll"]),
        ("don't don\u2019t", ["dont", "dont"]),
        ("\u2460 \ufb01eld \uff34\uff25\uff38\uff34", ["1", "field", "text"]),
        ("Ночь Йод Ёлка", ["ночь", "иод", "елка"]),
        ("हिन्दी बीट", ["हिन्दी", "बीट"]),
        ("\U0001f525 !!! \ud800", []),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_compounds_of_two_are_known_in_one_piece_too() -> None:
    assert known_by("Lo-Fi hi\u2010hat", "808-kick-hard") == [
        "lo",
        "fi",
        "lofi",
        "hi",
        "hat",
        "hihat",
        "808",
        "kick",
        "hard",
    ]
    assert known_by("- -a b- --") == ["a", "b"]


def test_each_word_once_whatever_text_it_is_in() -> None:
    assert known_by("Deep House", "house", "deep house") == ["deep", "house"]


@given(st.text(max_size=300))
def test_whatever_the_text_its_words_are_few_short_and_settled(text: str) -> None:
    for word in words(text):
        assert word == word[:MAX_WORD_CHARS]
        assert word == word.strip()
        assert word
        word.encode()
    assert len(known_by(text)) == len(set(known_by(text))) <= MAX_WORDS


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert words(fold(text)) == words(text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_text_is_known_by_every_word_of_a_search_for_it(name: str, other: str) -> None:
    if len(known_by(name, other)) < MAX_WORDS:
        assert {*words(name), *words(other)} <= set(known_by(name, other))
