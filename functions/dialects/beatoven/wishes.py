"""From bodies to what the core is asked for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from functions.dialects.beatoven import options, schemas
from patchbay.catalog.composition import (
    EMOTIONS,
    FACTS,
    GENRES,
    MAX_DURATION_S,
    MIN_DURATION_S,
    MIN_SECTION_S,
    TEMPOS,
    usual_genre,
)
from patchbay.catalog.prompts import brief
from patchbay.catalog.prompts.understand import HELP, Understood, understand
from patchbay.core.tracks import Wish
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tracks import Track
from patchbay.domain.users import Caller

DIALECT: Final = "beatoven"
DEFAULT_DURATION_S: Final = 60.0
VERSIONS: Final = 4
"""How many tracks the document promises of each composition."""
FORMATS: Final[Mapping[str, str]] = {"mp3": "mp3", "aac": "m4a", "wav": "wav"}
"""The vendor's names of formats -> ours."""
DOCUMENTED: Final[Mapping[str, Any]] = {"versions": VERSIONS, "sections_audio": True, "formats": ["mp3"]}
"""What a composition of the document's API makes."""
STEMS: Final[Mapping[str, Any]] = {"section_stems": True, "sections_audio": False, "stems": False, "formats": ["mp3"]}
_FIELDS: Final = {
    "duration_s": "duration_ms",
    "bpm": "prompt",
    "key": "prompt",
    "include": "prompt",
    "exclude": "prompt",
}
_SECTION: Final = {"start_s": "start", "length_s": "length"}
_MAX_TITLE: Final = 200


def current(fmt: str) -> dict[str, Any]:
    """What a composition of the current v1 makes."""
    return {"versions": 1, "stems": True, "formats": [FORMATS[fmt]]}


def create(caller: Caller, given: schemas.TrackOrder) -> Wish:
    """A new track. Raises `InvalidInput`."""
    asked = (given.prompt, given.genre, given.duration_ms, given.tempo, given.sections)
    if all(one in (None, []) for one in asked):
        told = "say what to compose, by a prompt or by genre, duration_ms, tempo and sections"
        raise InvalidInput(f"{told}; {HELP}", field="prompt")
    params, tempo = _merged(given, {}, None)
    text = prompt_text(given.prompt)
    request = {"title": given.title, "prompt": text, "tempo": tempo}
    return _wish(caller, params, title(given.title, text, params), request)


def compose(caller: Caller, track: Track, given: schemas.TrackOrder) -> Wish:
    """A composition of a track, with what the body says in place of what the track says. Raises `InvalidInput`."""
    params, tempo = _merged(given, track.params, track.request.get("tempo"))
    text = prompt_text(given.prompt) or track.request.get("prompt")
    return _wish(caller, params, track.title, {"prompt": text, "tempo": tempo})


def stems(caller: Caller) -> Wish:
    """The stems of a composition, section by section."""
    return _wish(caller, STEMS, "", {})


def with_params(wish: Wish, params: Mapping[str, Any]) -> Wish:
    """A wish with more parameters."""
    return Wish(wish.tenant_id, wish.application_id, wish.dialect, {**wish.params, **params}, wish.title, wish.request)


def check(wish: Wish) -> None:
    """Raises `InvalidInput` for a combination that the document blocks."""
    options.check(wish.params["genre"], [one["emotion"] for one in wish.params["sections"]], wish.params["tempo"])


def in_client_words(error: InvalidInput) -> InvalidInput:
    """An error of the core, with the names that the client used."""
    place, _, name = (error.field or "").partition(".")
    if place != "params":
        return error
    head, *rest = name.split(".")
    theirs = ".".join([_FIELDS.get(head, head), *(_SECTION.get(part, part) for part in rest)])
    return InvalidInput(str(error), field=theirs)


def prompt_text(prompt: str | schemas.PromptText | None) -> str | None:
    """The words of a prompt in either form."""
    return prompt.text if isinstance(prompt, schemas.PromptText) else prompt


def understood(text: str | None) -> dict[str, str]:
    """Words of a prompt -> what was understood by them."""
    told: dict[str, list[str]] = {}
    for reading in understand(text).readings if text else ():
        told.setdefault(reading.words, []).append(f"{reading.field}: {reading.value}")
    return {words: "; ".join(readings) for words, readings in told.items()}


def title(given: Any, prompt: str | None, params: Mapping[str, Any]) -> str:
    """A title as text: the client's, or the prompt, or one made of genre and emotion."""
    if given not in (None, "", []):
        return (given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))[:_MAX_TITLE]
    return (prompt or f"{params['sections'][0]['emotion']} {params['genre']} track".capitalize())[:_MAX_TITLE]


def _wish(caller: Caller, params: Mapping[str, Any], name: str, request: Mapping[str, Any]) -> Wish:
    return Wish(caller.tenant_id, caller.application_id, DIALECT, params, name, request)


def _merged(given: schemas.TrackOrder, base: Mapping[str, Any], tempo: str | None) -> tuple[dict[str, Any], str | None]:
    """(parameters, the tempo that was asked for): fields go before the prompt, and that before what a track has."""
    text = prompt_text(given.prompt)
    read = understand(text) if text is not None else Understood()
    told = {**base, **brief.params(read)}
    told["include"] = [name for name in told.get("include", ()) if name not in read.exclude]
    told["exclude"] = [name for name in told.get("exclude", ()) if name not in read.include]
    genre = _word("genre", given.genre, GENRES) or read.genre or base.get("genre")
    own_tempo = _word("tempo", given.tempo, TEMPOS)
    duration_s = _duration_s(given, read, base)
    genre = genre or usual_genre(_first_emotion(given, read))
    sections = _sections(given, read, base, genre, duration_s)
    asked = own_tempo or read.tempo or tempo
    emotions = [one["emotion"] for one in sections]
    told |= {
        "genre": genre,
        "duration_s": duration_s,
        "sections": sections,
        "tempo": asked or options.free_tempo(genre, emotions),
    }
    if own_tempo or (read.tempo and read.bpm is None):
        told.pop("bpm", None)
    if given.looping is not None:
        told["loop"] = given.looping
    return told, asked


def _word(name: str, value: str | None, known: Sequence[str]) -> str | None:
    """A word of a list, however it is spelt. Raises `InvalidInput` that tells the list."""
    if value is None:
        return None
    found = value.casefold().replace("-", "").replace("_", "").replace(" ", "")
    if found not in known:
        raise InvalidInput(
            f"there is no {name.rpartition('.')[2]} {value!r}; there are: {', '.join(known)}", field=name
        )
    return found


def _duration_s(given: schemas.TrackOrder, read: Understood, base: Mapping[str, Any]) -> float:
    if given.duration_ms is not None:
        duration_s = given.duration_ms / 1000
    elif given.sections:
        duration_s = (given.sections[-1].start + given.sections[-1].length) / 1000
    else:
        duration_s = float(read.duration_s or base.get("duration_s") or DEFAULT_DURATION_S)
    if not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        least, most = MIN_DURATION_S * 1000, MAX_DURATION_S * 1000
        message = f"a track is {least:.0f} to {most:.0f} ms long, not {duration_s * 1000:.0f}"
        raise InvalidInput(message, field="duration_ms" if given.duration_ms is not None else "sections")
    return duration_s


def _first_emotion(given: schemas.TrackOrder, read: Understood) -> str | None:
    if given.sections:
        return _word("sections.0.emotion", given.sections[0].emotion, EMOTIONS)
    return read.emotions[0] if read.passages else None


def _sections(
    given: schemas.TrackOrder, read: Understood, base: Mapping[str, Any], genre: str, duration_s: float
) -> list[dict[str, Any]]:
    if given.sections:
        return [_section(number, one) for number, one in enumerate(given.sections)]
    if read.passages:
        return brief.sections(read.passages, duration_s)
    if base.get("sections"):
        return brief.stretched(base["sections"], duration_s)
    return [{"emotion": FACTS[genre].emotion, "start_s": 0.0, "length_s": duration_s}]


def _section(number: int, given: schemas.SectionOrder) -> dict[str, Any]:
    if given.length < MIN_SECTION_S * 1000:
        least = f"{MIN_SECTION_S * 1000:.0f}"
        raise InvalidInput(
            f"a section is at least {least} ms long, not {given.length:g}", field=f"sections.{number}.length"
        )
    emotion = _word(f"sections.{number}.emotion", given.emotion, EMOTIONS)
    return {"emotion": emotion, "start_s": given.start / 1000, "length_s": given.length / 1000}
