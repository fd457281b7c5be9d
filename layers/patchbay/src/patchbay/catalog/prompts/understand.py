"""What a prompt asks for, read from free English. Nothing is guessed that no word says; defaults are others' work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patchbay.catalog.composition import EFFECTS, FACTS, INSTRUMENTS, MAX_BPM, MAX_DURATION_S, MIN_BPM, MIN_DURATION_S
from patchbay.catalog.composition import matching as fitting
from patchbay.catalog.prompts import measures, passages
from patchbay.catalog.prompts.hits import Hit, find, tokens
from patchbay.catalog.prompts.passages import Passage
from patchbay.catalog.prompts.plain import plain
from patchbay.catalog.prompts.words import BEATLESS, VOICELESS, Kind, phrases
from patchbay.catalog.prompts.words import INSTRUMENTS as INSTRUMENT_WORDS
from patchbay.domain.errors import InvalidInput

MAX_PROMPT_CHARS = 2000
HELP: Final = (
    "a prompt can name a genre (indian, pop, ambient, indie, rnb, cinematic, hiphop, electronic), a mood, a length, a"
    " tempo, a key and instruments, such as 'a 30 second calm ambient track with piano and no drums'"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that was understood: the prompt's words, and the field and value that they gave."""

    words: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What a prompt asks for; None and empty where it says nothing."""

    duration_s: float | None = None
    genre: str | None = None
    passages: tuple[Passage, ...] = ()
    tempo: str | None = None
    bpm: float | None = None
    key: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    structure: tuple[str, ...] = ()
    loop: bool | None = None
    readings: tuple[Reading, ...] = ()

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions in the order in which they come."""
        return tuple(passage.emotion for passage in self.passages)


def understand(text: str) -> Understood:
    """Read a prompt.

    Raises `InvalidInput`, its field `prompt`, for one that is too long, says nothing about music, or asks for a length
    or a tempo that cannot be had.
    """
    if len(text) > MAX_PROMPT_CHARS:
        raise InvalidInput(f"the prompt has more than {MAX_PROMPT_CHARS} characters", field="prompt")
    rest = plain(text)
    duration_s, long_words, rest = measures.take_duration(rest)
    bpm, bpm_words, rest = measures.take_bpm(rest)
    if duration_s is None:
        duration_s, long_words, rest = measures.take_bars(rest, bpm)
    key, key_words = measures.find_key(text)
    _check(duration_s, bpm)
    words = tokens(rest)
    hits = find(words)
    genre, genre_words = _genre(hits)
    include, exclude = _instruments(words, hits, genre)
    found = passages.read(words, hits, FACTS[genre].emotion if genre else None)
    tempo, tempo_words = _first(hits, "tempo")
    measured = _readings(
        (long_words, "duration_s", duration_s), (bpm_words, "bpm", bpm), (key_words, "key", key),
        (genre_words, "genre", genre), (tempo_words, "tempo", tempo),
    )  # fmt: skip
    readings = (*measured, *_others(hits))
    if not readings and not exclude and not any(hit.says("music") for hit in hits):
        raise InvalidInput(f"nothing in the prompt says what music to compose; {HELP}", field="prompt")
    return Understood(
        duration_s=duration_s,
        genre=genre,
        passages=found,
        tempo=tempo,
        bpm=bpm,
        key=key,
        include=include,
        exclude=exclude,
        structure=tuple(dict.fromkeys(m.value for hit in hits if not hit.refused for m in hit.says("structure"))),
        loop=_loop(hits),
        readings=readings,
    )


def _check(duration_s: float | None, bpm: float | None) -> None:
    if duration_s is not None and not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        least, most = f"{MIN_DURATION_S:g} seconds", f"{MAX_DURATION_S / 60:g} minutes"
        raise InvalidInput(f"a piece is {least} to {most} long, not {duration_s:g} seconds", field="prompt")
    if bpm is not None and not MIN_BPM <= bpm <= MAX_BPM:
        raise InvalidInput(f"a tempo is {MIN_BPM:g} to {MAX_BPM:g} beats per minute, not {bpm:g}", field="prompt")


def _genre(hits: Sequence[Hit]) -> tuple[str | None, str]:
    """The genre of the words that are surest; of words in a row the last, which the others only colour."""
    told = [(hit, m) for hit in hits if not hit.refused for m in hit.says("genre")]
    weight = max((meaning.weight for _, meaning in told), default=0)
    sure = [(hit, meaning) for hit, meaning in told if meaning.weight == weight]
    if not sure:
        return None, ""
    chosen = sure[0]
    for following in sure[1:]:
        if following[0].start != chosen[0].end:
            break
        chosen = following
    return chosen[1].value, chosen[0].words


def _first(hits: Sequence[Hit], kind: Kind) -> tuple[str | None, str]:
    found = next(((m.value, hit.words) for hit in hits if not hit.refused for m in hit.says(kind)), None)
    return found or (None, "")


def _loop(hits: Sequence[Hit]) -> bool | None:
    told = [hit.refused for hit in hits if hit.says("loop")]
    return not any(told) if told else None


def _instruments(
    words: Sequence[str], hits: Sequence[Hit], genre: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what must play, what must not). What is asked for goes before what is refused by a wider word."""
    asked = [(hit, m.value.split()) for hit in hits if not hit.refused for m in hit.says("instrument")]
    include = [_choice(tuple(names), genre) for _, names in asked]
    exclude = [name for hit in hits if hit.refused for m in hit.says("instrument") for name in m.value.split()]
    exclude += [name for told, names in _REFUSALS if _has(words, told) for name in names]
    if any(hit.only for hit, _ in asked):
        wanted = {name for _, names in asked for name in names}
        exclude += [name for name in INSTRUMENTS if name not in wanted or name in EFFECTS]
    kept = tuple(dict.fromkeys(include))
    return kept, tuple(name for name in dict.fromkeys(exclude) if name not in kept)


def _choice(names: tuple[str, ...], genre: str | None) -> str:
    return fitting(names, genre) if genre else names[0]


def _family(word: str) -> tuple[str, ...]:
    """The instruments that a word stands for."""
    return next(tuple(names.split()) for names, told in INSTRUMENT_WORDS.items() if (word,) in phrases(told))


_REFUSALS: Final = ((BEATLESS, _family("percussion")), (VOICELESS, _family("vocal")))


def _has(words: Sequence[str], told: str) -> bool:
    text = f" {' '.join(words)} "
    return any(f" {' '.join(phrase)} " in text for phrase in phrases(told))


def _readings(*told: tuple[str, str, object]) -> tuple[Reading, ...]:
    return tuple(
        Reading(words.strip(), field, f"{value:g}" if isinstance(value, float) else str(value))
        for words, field, value in told
        if value is not None
    )


def _others(hits: Sequence[Hit]) -> list[Reading]:
    """What words said of moods, instruments, form and looping."""
    fields: dict[Kind, tuple[str, str]] = {
        "emotion": ("emotion", "not_emotion"),
        "instrument": ("include", "exclude"),
        "structure": ("structure", "not_structure"),
        "loop": ("loop", "not_loop"),
    }
    return [
        Reading(hit.words, fields[meaning.kind][hit.refused], meaning.value)
        for hit in hits
        for meaning in hit.meanings
        if meaning.kind in fields
    ]
