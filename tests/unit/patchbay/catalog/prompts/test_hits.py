"""Known phrases, and what a prompt refuses."""

import pytest

from patchbay.catalog.prompts.hits import find, tokens


def refused(text: str) -> list[str]:
    return [hit.words for hit in find(tokens(text)) if hit.refused]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no drums", ["drums"]),
        ("no drums and bass", ["drums", "bass"]),
        ("no drums, bass or choir", ["drums", "bass", "choir"]),
        ("no drums, bass, or choir", ["drums", "bass", "choir"]),
        ("no drums, piano", ["drums"]),
        ("no drums, piano and strings", ["drums"]),
        ("no drums and sad piano", ["drums"]),
        ("without any heavy drums", ["drums"]),
        ("no angry drums", ["angry", "drums"]),
        ("not too fast", ["fast"]),
        ("neither piano nor strings", ["piano", "strings"]),
        ("drum free", ["drum"]),
        ("not only piano", []),
        ("nothing but piano", []),
        ("there is no time for piano", []),
        ("no", []),
        ("piano, no", []),
    ],
)
def test_what_is_refused(text: str, expected: list[str]) -> None:
    assert refused(text) == expected


@pytest.mark.parametrize("text", ["only piano", "just a piano", "piano only", "solo piano", "nothing but piano"])
def test_what_is_to_play_alone(text: str) -> None:
    assert [hit.only for hit in find(tokens(text))] == [True]


def test_the_longest_phrase_counts() -> None:
    assert [hit.words for hit in find(tokens("drum and bass with electric guitars"))] == [
        "drum and bass",
        "electric guitars",
    ]
