"""Words, as names, tags and searches are compared by: without case, accents and punctuation."""

import re
import unicodedata

MAX_WORDS = 64
MAX_WORD_CHARS = 32
_ACCENTS = re.compile("[\u0300-\u036f]")
"""Combining Diacritical Marks: accents where they stand; in other scripts marks are vowels, which stay."""
_LETTERS = str.maketrans(
    {
        "\u00f8": "o",  # what has no decomposition although it reads as one: o with stroke, and so on
        "\u0142": "l",
        "\u0111": "d",
        "\u00f0": "d",
        "\u00fe": "th",
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u0131": "i",
        "\u266f": "#",
        "\u266d": "b",
        "\u2010": "-",
        "\u2011": "-",
        "'": None,
        "\u2019": None,
        "\u02bc": None,
    }
)
_AND = re.compile(r"\b(\w)\s?&\s?(\w)\b")
_NO_SHARP = re.compile(r"(?<!\b[a-g])#")


def fold(text: str) -> str:
    """Small letters without accents; "R&B" is "rnb", and "don't" is "dont"."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LETTERS)
    return _AND.sub(r"\1n\2", unicodedata.normalize("NFC", _ACCENTS.sub("", plain)))


def words(text: str) -> list[str]:
    """The words of a text in their order. A sharp belongs to its note; everything else but letters, digits and marks
    parts words.
    """
    return [word[:MAX_WORD_CHARS] for word in _split(fold(text), " ")]


def known_by(*texts: str) -> list[str]:
    """The words that something with these texts is found by, each once, `MAX_WORDS` at most.

    A compound of two is known by both and in one piece: "lo-fi" by "lo", "fi" and "lofi".
    """
    found: dict[str, None] = {}
    for text in texts:
        for piece in _split(fold(text), "-"):
            parts = [part for part in piece.split("-") if part]
            joined = ["".join(parts)] if len(parts) == 2 else []
            found.update(dict.fromkeys(word[:MAX_WORD_CHARS] for word in parts + joined))
    return list(found)[:MAX_WORDS]


def _split(folded: str, hyphen: str) -> list[str]:
    sharps = _NO_SHARP.sub(" ", folded)
    return "".join(_kept(char, hyphen) for char in sharps).split()


def _kept(char: str, hyphen: str) -> str:
    if char == "-":
        return hyphen
    return char if char == "#" or unicodedata.category(char)[0] in "LNM" else " "
