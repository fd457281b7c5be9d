"""Lengths, tempos in beats per minute, and keys, as prompts write them. What was read is taken out of the text."""

import re
from typing import Final

from patchbay.catalog.composition import MODES

_N: Final = r"\d{1,6}(?:\.\d{1,6})?"
_UNIT: Final = r"(?:hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|milliseconds?|ms)(?![a-z0-9])"
_JOINED: Final = r"(?:hours?|hrs?|h|minutes?|mins?|m)"
_LENGTH: Final = re.compile(rf"(?<![\w.:])(?!808 ?s(?![a-z]))(?:{_N} ?{_JOINED}(?:(?: and|,)? |(?=\d)))*{_N} ?{_UNIT}")
_OF_A_PART: Final = re.compile(r" ?(?:intro|outro|build|drop|break)")
_PIECE: Final = re.compile(rf"({_N}) ?(hours?|hrs?|h|minutes?|mins?|milliseconds?|ms|m|seconds?|secs?|s)")
_CLOCK: Final = re.compile(r"(?<![\d:.])(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?![\d:])(?! ?[ap]m)")
_ERA: Final = re.compile(
    r"\b(?:the|early|mid|late) [1-9]0s\b|\b[5-9]0s(?= (?:hip|rap|rnb|r&b|pop|rock|synth\w*|disco|funk|grunge|house|soul"
    r"|styled?|vibes?|inspired|retro|dance|eurodance|boom|bollywood|music|video|game|sitcom|tv|movie|anime|trance"
    r"|techno|rave|electro|throwback|nostalgia|feel|sound|era|arcade)\b)"
)
_BPM: Final = (
    re.compile(rf"(?<![\w.])({_N})(?: ?(?:-|to) ?({_N}))? ?(?:bpm|beats (?:per|a|/) ?min(?:ute)?)\b"),
    re.compile(rf"\b(?:bpm|tempo)\b(?: ?(?:of|=|:|is|at|around|about|set to))* ?({_N})(?: ?(?:-|to) ?({_N}))?\b"),
)
_BARS: Final = re.compile(r"(?<![\w.])(\d{1,3}) (?:bars?|measures?)\b")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
BEATS_IN_A_BAR: Final = 4

_KEY: Final = re.compile(
    r"(?P<lead>\b(?:in|key of|key:?) (?:the key of )?)?"
    r"\b(?P<note>[a-g])(?:(?P<sign>[#♯b♭])|[ -]?(?P<word>sharp|flat)\b)?"
    rf"[ -]?(?P<mode>{'|'.join(MODES)}|maj|min)\b(?! (?:key|scale|mode|chord|third|mood|way|setting|feel|change|role))",
    re.IGNORECASE,
)
_SHORT: Final = re.compile(
    r"\b(?:[Ii]n|[Kk]ey(?: of|:)?) (?:the key of )?(?P<note>[A-G])(?:(?P<sign>[#♯b♭])|[ -]?(?P<word>sharp|flat)\b)?"
    r"(?P<mode>m|min|maj)?(?= ?(?:$|[.,;:!?)]|at\b|with\b|and\b|for\b))"
)


def take_duration(text: str) -> tuple[float | None, str, str]:
    """(seconds or None, the words that said it, the text without them)."""
    text = _ERA.sub(" era ", text)
    lengths = list(_LENGTH.finditer(text))
    whole = (one for one in lengths if not _OF_A_PART.match(text, one.end()))
    found = next(whole, lengths[0] if lengths else None)
    clock = _CLOCK.search(text)
    if found is not None and (clock is None or found.start() < clock.start()):
        pieces = _PIECE.findall(found[0])
        return sum(float(value) * _SECONDS[_unit(unit)] for value, unit in pieces), found[0], _without(text, found)
    if clock is not None:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return hours * 3600.0 + minutes * 60.0 + seconds, clock[0], _without(text, clock)
    return None, "", text


def take_bpm(text: str) -> tuple[float | None, str, str]:
    """(beats per minute or None, the words that said it, the text without them); of a range the middle."""
    for pattern in _BPM:
        if found := pattern.search(text):
            low, high = float(found[1]), float(found[2] or found[1])
            return (low + high) / 2, found[0], _without(text, found)
    return None, "", text


def take_bars(text: str, bpm: float | None) -> tuple[float | None, str, str]:
    """(seconds or None, the words that said it, the text without them) of a length in bars at a tempo."""
    found = _BARS.search(text)
    if found is None:
        return None, "", text
    length_s = int(found[1]) * BEATS_IN_A_BAR * 60.0 / bpm if bpm else None
    return length_s, found[0] if bpm else "", _without(text, found)


def find_key(text: str) -> tuple[str | None, str]:
    """(key such as `A minor` or None, the words that said it). `text` as it was written: "a minor" is no "A minor"."""
    for found in _KEY.finditer(text):
        article = found["note"] == "a" or (found["note"] == "A" and found.start() == 0)
        if article and not found["lead"] and not found["sign"] and not found["word"]:
            continue
        return _named(found), found[0]
    short = _SHORT.search(text)
    return (_named(short), short[0]) if short else (None, "")


def _named(found: re.Match[str]) -> str:
    word = (found["word"] or "").lower()
    sign = {"♯": "#", "♭": "b", "B": "b"}.get(found["sign"] or "", found["sign"] or "")
    sign = sign or {"sharp": "#", "flat": "b"}.get(word, "")
    mode = {"": "major", "maj": "major", "min": "minor", "m": "minor"}.get(
        (found["mode"] or "").lower(), (found["mode"] or "").lower()
    )
    return f"{found['note'].upper()}{sign} {mode}"


def _unit(name: str) -> str:
    return "ms" if name.startswith(("ms", "milli")) else name[0]


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} ; {text[found.end() :]}"
