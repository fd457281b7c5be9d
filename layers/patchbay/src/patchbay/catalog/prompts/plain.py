"""A prompt in the form that the rest reads: lower case, one kind of dash and quote, numbers in digits."""

import re
import unicodedata
from typing import Final

_UP_TO_NINETEEN: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_FROM_TWENTY: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL: Final = {name: number for number, name in enumerate(_UP_TO_NINETEEN.split())}
_TENS: Final = {name: 10 * number for number, name in enumerate(_FROM_TWENTY.split(), start=2)} | {"fourty": 40}
_NUMBER: Final = re.compile(
    rf"\b(?:(?:an?|{'|'.join(_SMALL)}) hundred(?: and)?(?: (?:{'|'.join(_TENS)}))?(?: (?:{'|'.join(_SMALL)}))?"
    rf"|(?:{'|'.join(_TENS)})(?: (?:{'|'.join(_SMALL)}))?|{'|'.join(sorted(_SMALL, key=len, reverse=True))})\b"
)
_UNIT: Final = r"(hour|minute|min|second|sec)"
_FRACTIONS: Final = (
    (re.compile(r"(\d+(?:\.\d+)?) and (?:a|1) half\b"), lambda found: f"{float(found[1]) + 0.5:g}"),
    (re.compile(rf"\b(?:an?|1) {_UNIT} and (?:a|1) half\b"), lambda found: f"1.5 {found[1]}"),
    (re.compile(rf"\bhalf (?:of )?(?:(?:an?|1) )?{_UNIT}\b"), lambda found: f"0.5 {found[1]}"),
    (re.compile(rf"\b(?:3 quarters|3/4) (?:of )?(?:(?:an?|1) )?{_UNIT}\b"), lambda found: f"0.75 {found[1]}"),
    (re.compile(rf"\b(?:(?:a|1) )?quarter (?:of )?(?:(?:an?|1) )?{_UNIT}\b"), lambda found: f"0.25 {found[1]}"),
    (re.compile(rf"\b(?:a )?couple (?:of )?{_UNIT}s?\b"), lambda found: f"2 {found[1]}"),
    (re.compile(r"\ban? (hour|minute|min)\b"), lambda found: f"1 {found[1]}"),
)


def plain(text: str) -> str:
    """The prompt for reading."""
    text = re.sub(r"(\d)\s*½", r"\1.5", text).replace("½", "0.5")
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("`", "'")
    text = re.sub(r"'(\d0)s\b|\b(\d0)'s\b|\b(?:19|20)(\d0)'?s\b", " era ", text).replace("'", "")
    text = re.sub(r"[\u2010-\u2015]", "-", text)
    text = re.sub(r"(?<!\d)-|-(?!\d)", " ", text)
    return _in_digits(re.sub(r"\s+", " ", text).strip())


def _in_digits(text: str) -> str:
    text = _NUMBER.sub(lambda found: str(_number(found[0].split())), text)
    for pattern, how in _FRACTIONS:
        text = pattern.sub(how, text)
    return text


def _number(words: list[str]) -> int:
    total = 0
    for word in words:
        if word == "hundred":
            total = max(total, 1) * 100
        else:
            total += _SMALL.get(word, _TENS.get(word, 0))
    return total
