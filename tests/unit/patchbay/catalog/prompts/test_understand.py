"""Prompts as people write them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.catalog.composition import EMOTIONS, GENRES, INSTRUMENTS, TEMPOS
from patchbay.catalog.prompts.understand import MAX_PROMPT_CHARS, Reading, Understood, understand
from patchbay.catalog.prompts.words import vocabulary
from patchbay.domain.errors import InvalidInput
from tests.unit.patchbay.catalog.prompts.table import NONSENSE, PROMPTS


@pytest.mark.parametrize(("prompt", "expected"), PROMPTS, ids=[prompt[:40] for prompt, _ in PROMPTS])
def test_a_prompt_is_read_as_a_person_would(prompt: str, expected: dict[str, Any]) -> None:
    found = understand(prompt)
    fields = {name: value for name, value in expected.items() if name != "excluded"}
    assert {name: getattr(found, name) for name in fields} == fields
    assert set(expected.get("excluded", ())) <= set(found.exclude), found.exclude


@pytest.mark.parametrize("prompt", NONSENSE)
def test_what_says_nothing_is_answered_with_what_can_be_asked(prompt: str) -> None:
    with pytest.raises(InvalidInput, match="genre") as told:
        understand(prompt)
    assert told.value.field == "prompt"


@pytest.mark.parametrize("prompt", ["3 hours of rain music", "1 second jingle", "pop at 999 bpm", "x" * 2001])
def test_what_cannot_be_had_is_named(prompt: str) -> None:
    with pytest.raises(InvalidInput) as told:
        understand(prompt)
    assert told.value.field == "prompt"


def test_what_was_understood_is_told_word_by_word() -> None:
    told = understand("a 30-second sad piano loop in D minor at 90 bpm, no drums").readings
    assert Reading("30-second", "duration_s", "30") in told or Reading("30 second", "duration_s", "30") in told
    assert Reading("sad", "emotion", "sad") in told
    assert Reading("90 bpm", "bpm", "90") in told
    assert Reading("in D minor", "key", "D minor") in told
    assert Reading("loop", "loop", "loop") in told
    assert {(r.words, r.field) for r in told} >= {("piano", "include"), ("drums", "exclude")}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("{} music 1 minute 5 seconds", 65),
        ("{} music, 1:05", 65),
        ("sixty five seconds of {} music", 65),
        ("{} music 65s long", 65),
        ("a 10 second intro, then {} music, 65 sec", 65),
        ("a 65 second intro with {} music", 65),
        ("{} music for half an hour", None),
        ("a second {} song", None),
        ("{} song for a minute", 60),
        ("{} song, ½ minute", 30),
        ("2½ minutes of {} music", 150),
        ("{} music, a couple of minutes", 120),
        ("one hundred and twenty seconds of {} music", 120),
        ("{} music from the 90s", None),
        ("{} music with 808s", None),
        ("{} music at 10:30 pm", None),
    ],
)
def test_lengths(text: str, seconds: float | None) -> None:
    if "half an hour" in text:
        with pytest.raises(InvalidInput, match="15 minutes"):
            understand(text.format("calm"))
        return
    found = understand(text.format("calm"))
    assert (found.duration_s, found.emotions) == (seconds, ("calm",))


def test_every_word_of_the_vocabulary_means_something_that_is_on_offer() -> None:
    offered = {"genre": GENRES, "emotion": EMOTIONS, "tempo": TEMPOS, "instrument": INSTRUMENTS}
    for phrase, meanings in vocabulary().items():
        for meaning in meanings:
            values = meaning.value.split() if meaning.kind == "instrument" else [meaning.value]
            assert not set(values) - set(offered.get(meaning.kind, values)), phrase
    assert {m.value for told in vocabulary().values() for m in told if m.kind == "emotion"} == set(EMOTIONS)


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_names_of_the_catalogue_are_understood(genre: str, emotion: str) -> None:
    found = understand(f"{emotion} {genre}, 20 s")
    assert (found.genre, found.emotions, found.duration_s) == (genre, (emotion,), 20)


def test_refused_wins_over_nothing_and_asked_for_wins_over_refused() -> None:
    found = understand("instrumental with a choir, no percussion but taiko")
    assert found.include == ("choir", "taiko")
    assert "vowel" in found.exclude
    assert not {"choir", "taiko"} & set(found.exclude)


words = st.sampled_from([" ".join(phrase) for phrase in vocabulary()])
GLUE = "no without and or , . then to only just from a 30 90s 2:30 120 bpm in A minor with not"
glue = st.sampled_from(GLUE.split())


def read(text: str) -> Understood | None:
    """What was understood; None for a refusal, which must name the prompt."""
    try:
        return understand(text)
    except InvalidInput as refused:
        if refused.field != "prompt":
            raise
        return None


@given(st.lists(words | glue | st.text(max_size=6), max_size=25))
@settings(max_examples=150, deadline=None)
def test_whatever_is_said_is_read_or_refused(parts: list[str]) -> None:
    found = read(" ".join(parts))
    if found is None:
        return
    assert found.genre is None or found.genre in GENRES
    assert set(found.emotions) <= set(EMOTIONS)
    assert set(found.include) | set(found.exclude) <= set(INSTRUMENTS)
    assert not set(found.include) & set(found.exclude)
    assert all(passage.length > 0 for passage in found.passages)
    assert understand(" ".join(parts)) == found


@given(st.text(max_size=MAX_PROMPT_CHARS))
@settings(max_examples=100, deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    found = read(text)
    assert found is None or found == read(text)


@given(words, st.integers(5, 900))
@settings(max_examples=60, deadline=None)
def test_a_length_in_seconds_is_understood_beside_anything(word: str, seconds: int) -> None:
    assert understand(f"{word} music, {seconds} seconds").duration_s == seconds
    assert understand(f"{seconds}s {word} music".replace(f"{seconds}s", f"{seconds} sec")).duration_s == seconds


@pytest.mark.parametrize(
    "text", ["1" * 2000, "1 m " * 500, "no " * 600, "a minor " * 250, "0:" * 1000, "and a half " * 180]
)
def test_long_nonsense_is_read_at_once(text: str) -> None:
    with pytest.raises(InvalidInput):
        understand(text + " x")
