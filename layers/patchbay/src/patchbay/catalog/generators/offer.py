"""The generators, made of the catalogue's models and workflows: those are on offer whose models run here."""

import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from patchbay.catalog import composition
from patchbay.catalog.generators.kinds import Generator, Parameter
from patchbay.catalog.models import COMPOSER, FOUR_STEMS, SIX_STEMS, Model, Shelf
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import FORMATS

MUSIC = 101
"""The best generator of music there is here, whichever that is."""
COMPOSE_BY_PROMPT, COMPOSE_BY_WISH = 102, 103
STEMS_FOUR, STEMS_TWO, STEMS_SIX = 201, 202, 203
_MODELS: Mapping[str, tuple[int, int]] = {
    "musicgen-small": (111, 5),
    "musicgen-medium": (112, 10),
    "musicgen-melody": (113, 10),
    "musicgen-stereo-small": (114, 5),
    "musicgen-stereo-medium": (115, 10),
    "musicgen-stereo-melody": (116, 10),
    "patchbay-classic": (211, 1),
    "patchbay-small": (212, 2),
    "htdemucs": (213, 4),
    "htdemucs_ft": (214, 8),
    "htdemucs_6s": (215, 4),
    "mdx_extra": (216, 8),
}
"""Model -> (number, credits)."""
_UNLISTED, _UNLISTED_CREDITS = 100_000, 5
_FIRST = date(2025, 6, 1)
"""When the generators that were there from the beginning were added."""
_ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
KEYS = tuple(f"{root} {mode}" for mode in ("major", "minor") for root in _ROOTS)

_PROMPT = "Describe the music: genre, mood, instruments, tempo"
_FORMAT = Parameter("format", "choice", "Format of the audio", "formats", default="wav", choices=FORMATS)
_STEM_FORMAT = Parameter("format", "choice", "Format of the stems", "format", default="wav", choices=FORMATS)
_SEED = Parameter(
    "seed",
    "number",
    "Another number gives another piece, the same number the same; chosen anew each time if left out",
    "seed",
    least=0,
    most=composition.MAX_SEED,
    whole=True,
)
_MELODY = Parameter("melody", "audio", "A melody that the music follows; `trimStart` and `trimEnd` choose a part of it")
_SONG = Parameter("audio", "audio", "The song; `trimStart` and `trimEnd` choose a part of it", required=True)


@cache
def offered(shelf: Shelf) -> tuple[Generator, ...]:
    """All generators that run here, by number."""
    return tuple(sorted((*_music(shelf), *_separation(shelf)), key=lambda found: found.number))


def find(shelf: Shelf, number: int) -> Generator | None:
    """The generator of a number, if it runs here."""
    return next((found for found in offered(shelf) if found.number == number), None)


def _music(shelf: Shelf) -> Iterator[Generator]:
    here = shelf.served("generation")
    best = shelf.choose_generator(melody=False)
    yield Generator(
        number=MUSIC,
        name="Music",
        description="Makes music of your words with the best model that is installed here",
        category="music_generation",
        tags=("music", "ai", "generation"),
        added=_FIRST,
        credits=5,
        workflow="generate",
        parameters=_wishes(best, melody=any(model.takes_melody for model in here)),
        licence=best.licence,
        max_duration_s=_longest_s(best),
        told=_one_format,
    )
    for model in here:
        yield from (_composer(model), _by_wish(model)) if model.name == COMPOSER else (_musicgen(model),)


def _composer(model: Model) -> Generator:
    return Generator(
        number=COMPOSE_BY_PROMPT,
        name="Patchbay Composer",
        description="Composes by rules what it understands of your words and plays it on its own instruments",
        category="music_generation",
        tags=("music", "composition", "generation"),
        added=_FIRST,
        credits=2,
        workflow="generate",
        parameters=_wishes(model),
        licence=model.licence,
        max_duration_s=_longest_s(model),
        fixed={"model": model.name},
        told=_one_format,
    )


def _by_wish(model: Model) -> Generator:
    """The composer with a field for every wish, for who would rather choose than describe."""
    return Generator(
        number=COMPOSE_BY_WISH,
        name="Patchbay Composer, by Wish",
        description="Composes a piece of a genre, an emotion, a tempo and a key, with stems if you like",
        category="music_generation",
        tags=("music", "composition", "loops", "stems"),
        added=_FIRST,
        credits=2,
        workflow="compose",
        parameters=(
            _choice("genre", "Genre", composition.GENRES, "cinematic"),
            _choice("emotion", "What it should feel like; as usual in the genre if left out", composition.EMOTIONS),
            _choice("tempo", "Speed within what is usual in the genre", composition.TEMPOS, "medium"),
            _choice("key", "Key; free if left out", KEYS),
            _FORMAT,
            _duration(model),
            Parameter(
                "bpm", "number", "Beats per minute, in the place of `tempo`", "bpm",
                least=composition.MIN_BPM, most=composition.MAX_BPM,
            ),
            _SEED,
            Parameter("loop", "boolean", "Whether the end leads into the beginning", "loop", default=False),
            Parameter("stems", "boolean", "Bass, chords, melody and percussion as well", "stems", default=False),
        ),
        licence=model.licence,
        max_duration_s=_longest_s(model),
        told=_of_one_section,
    )  # fmt: skip


def _musicgen(model: Model) -> Generator:
    from patchbay.catalog.workflows.generate import SAMPLING as usual  # noqa: N811 - when a model is first asked for

    number, price = _facts(model)
    least = {"temperature": (0.05, 5), "guidance": (1, 15)}
    texts = {"temperature": "Over 1 wilder, under 1 tamer", "guidance": "How closely to keep to the prompt"}
    sampling = (
        Parameter(name, "number", text, name, default=usual[name], least=least[name][0], most=least[name][1])
        for name, text in texts.items()
    )
    return Generator(
        number=number,
        name=_title(model),
        description=model.title,
        category="music_generation",
        tags=("music", "ai", "generation", *(("melody",) if model.takes_melody else ())),
        added=_FIRST,
        credits=price,
        workflow="generate",
        parameters=(*_wishes(model, melody=model.takes_melody), *sampling),
        licence=model.licence,
        max_duration_s=_longest_s(model),
        fixed={"model": model.name},
        told=_one_format,
    )


def _separation(shelf: Shelf) -> Iterator[Generator]:
    for number, name, stems, price in (
        (STEMS_FOUR, "Stems", FOUR_STEMS, 4),
        (STEMS_TWO, "Vocals and Accompaniment", ("vocals",), 4),
        (STEMS_SIX, "Six Stems", SIX_STEMS, 5),
    ):
        try:
            best = shelf.choose(stems)
        except InvalidInput:  # no model here has them
            continue
        told = "vocals and everything else" if number == STEMS_TWO else ", ".join(stems)
        yield _splits(number, name, f"Parts a song into {told}, with the best model here", price, best, len(stems))
    for model in shelf.served("separation"):
        number, price = _facts(model)
        told = f"{model.title}. Parts a song into {', '.join(model.stems)}"
        yield _splits(number, _title(model), told, price, model, len(model.stems), {"model": model.name})


def _splits(
    number: int, name: str, told: str, price: int, model: Model, stems: int, fixed: Mapping[str, Any] | None = None
) -> Generator:
    return Generator(
        number=number,
        name=name,
        description=told,
        category="stem_separation",
        tags=("stems", "separation", *(("vocals", "karaoke") if number == STEMS_TWO else ())),
        added=_FIRST,
        credits=price,
        workflow="stem-isolation-encoded",
        parameters=(_SONG, _STEM_FORMAT),
        licence=model.licence,
        fixed={"stems": max(stems, 2), **(fixed or {})},
    )


def _wishes(model: Model, *, melody: bool = False) -> tuple[Parameter, ...]:
    """What every generator of music by words takes."""
    prompt = Parameter("prompt", "text", _PROMPT, "prompt", required=True, max_chars=2000)
    return (prompt, _duration(model), _SEED, _FORMAT, *((_MELODY,) if melody else ()))


def _duration(model: Model) -> Parameter:
    from patchbay.catalog.workflows.generate import DURATION_S  # as above

    least, most = model.length_s or (1.0, DURATION_S)
    told = "Length of the music, seconds; what the prompt says of it, else the default, if left out"
    return Parameter("duration", "number", told, "duration_s", default=DURATION_S, least=least, most=most)


def _choice(name: str, told: str, choices: tuple[str, ...], default: str | None = None) -> Parameter:
    return Parameter(name, "choice", told, name, default=default, choices=choices)


def _one_format(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**given, "formats": [given["formats"]]}


def _of_one_section(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters of the workflow `compose`: a piece of one section, in the emotion that is wished for."""
    from patchbay.catalog.workflows.generate import DURATION_S  # as above

    length_s = given.get("duration_s", DURATION_S)
    emotion = given.get("emotion")
    section = {"emotion": emotion, "start_s": 0.0, "length_s": length_s}
    rest = {name: value for name, value in given.items() if name != "emotion"}
    return {**_one_format(rest), "duration_s": length_s, **({"sections": [section]} if emotion else {})}


def _facts(model: Model) -> tuple[int, int]:
    """(number, credits) of a model; one that is not listed here has a number that follows from its name."""
    unlisted = _UNLISTED + zlib.crc32(model.name.encode()) % 10**8
    return _MODELS.get(model.name, (unlisted, _UNLISTED_CREDITS))


def _longest_s(model: Model) -> float | None:
    return model.length_s[1] if model.length_s else None


def _title(model: Model) -> str:
    """`musicgen-stereo-small` as `MusicGen Stereo Small`."""
    names = {"musicgen": "MusicGen", "htdemucs": "HT Demucs", "mdx": "MDX", "ft": "Fine-tuned", "6s": "Six Stems"}
    return " ".join(names.get(word, word.capitalize()) for word in model.name.replace("_", "-").split("-"))
