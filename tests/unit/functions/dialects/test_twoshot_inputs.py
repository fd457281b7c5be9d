"""Which input is for which parameter, in the document's form and in the live client's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dialects.twoshot.mapping.inputs import Given, matched
from patchbay.catalog.generators import Generator, find
from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput

SHELF = Shelf(("musicgen-melody",), allow_research=True)
AUDIO = "550e8400-e29b-41d4-a716-446655440000"


def generator(number: int = 101) -> Generator:
    found = find(SHELF, number)
    assert found is not None
    return found


def values(found: list[Given]) -> dict[str, Any]:
    return {each.parameter.name: each.value if each.audio is None else each.audio.audioId for each in found}


def refused(inputs: Any, field: str, why: str, number: int = 101) -> None:
    with pytest.raises(InvalidInput, match=why) as told:
        matched(generator(number), inputs)
    assert told.value.field == field


def test_the_documents_list() -> None:
    found = matched(
        generator(),
        [
            {"type": "text", "value": "Upbeat electronic dance music with heavy bass"},
            {"type": "number", "value": 15.0},
            {"type": "audio", "audioId": AUDIO, "trimStart": 0.0, "trimEnd": 10.0},
        ],
    )
    assert values(found) == {"prompt": "Upbeat electronic dance music with heavy bass", "duration": 15, "melody": AUDIO}
    assert [each.place for each in found] == ["inputs.0.value", "inputs.1.value", "inputs.2"]
    assert found[2].told() == {
        "type": "audio", "name": "melody", "audioId": AUDIO, "trimStart": 0.0, "trimEnd": 10.0,
    }  # fmt: skip


def test_the_live_clients_object() -> None:
    told = {"prompt": "pop", "duration": 20, "melody": {"audioId": AUDIO, "trimStart": 2}, "seed": None}
    found = matched(generator(), told)
    assert values(found) == {"prompt": "pop", "duration": 20, "melody": AUDIO}
    assert [each.place for each in found] == ["inputs.prompt", "inputs.duration", "inputs.melody"]
    assert values(matched(generator(), {"prompt": "pop", "melody": AUDIO}))["melody"] == AUDIO
    assert found[0].told() == {"type": "text", "name": "prompt", "value": "pop"}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([("number", 10), ("text", "x")], {"prompt": "x", "duration": 10}),
        ([("text", "x"), ("number", 10), ("number", 7)], {"prompt": "x", "duration": 10, "seed": 7}),
        ([("text", "x"), ("number", None), ("number", 7)], {"prompt": "x", "seed": 7}),
        ([("text", "x"), ("number", 7, "seed"), ("number", 10)], {"prompt": "x", "duration": 10, "seed": 7}),
        ([("text", "x"), ("number", 10), ("number", 7, "seed")], {"prompt": "x", "duration": 10, "seed": 7}),
        ([("choice", "mp3"), ("text", "x")], {"prompt": "x", "format": "mp3"}),
    ],
)
def test_in_order_each_of_its_type_and_by_name_where_one_is_told(
    inputs: list[tuple[Any, ...]], expected: dict[str, Any]
) -> None:
    listed = [dict(zip(("type", "value", "name"), each, strict=False)) for each in inputs]
    assert values(matched(generator(), listed)) == expected


def test_switches_and_choices_in_their_order() -> None:
    listed = [
        {"type": "boolean", "value": False},
        {"type": "choice", "value": "pop"},
        {"type": "boolean", "value": True},
    ]
    assert values(matched(generator(103), listed)) == {"loop": False, "genre": "pop", "stems": True}


@given(st.permutations(["text", "number", "number", "choice", "audio"]))
def test_the_order_of_different_types_does_not_matter(types: list[str]) -> None:
    numbers = iter([12, 99])
    told: dict[str, Any] = {"text": "pop", "choice": "flac", "audio": AUDIO}
    listed = [
        {"type": each, "audioId": AUDIO}
        if each == "audio"
        else {"type": each, "value": told.get(each) or next(numbers)}
        for each in types
    ]
    expected = {"prompt": "pop", "duration": 12, "seed": 99, "format": "flac", "melody": AUDIO}
    assert values(matched(generator(), listed)) == expected


@pytest.mark.parametrize(
    ("inputs", "field", "why"),
    [
        (3, "inputs", "a list, or an object"),
        ("text", "inputs", "a list, or an object"),
        (None, "inputs", "a list, or an object"),
        ([], "inputs", "model 101 needs 'prompt'"),
        ({}, "inputs", "needs 'prompt'"),
        ({"prompt": None}, "inputs", "needs 'prompt'"),
        ([{"type": "text", "value": "x"}] * 51, "inputs", "50 inputs at most"),
        ([1], "inputs.0", "valid dictionary"),
        ([{"value": "x"}], "inputs.0.type", "required"),
        ([{"type": "film", "value": "x"}], "inputs.0.type", "'text', 'number'"),
        ([{"type": "text", "value": "x"}] * 2, "inputs.1", "no more than 1 of type text"),
        ([{"type": "text", "value": "x"}, {"type": "boolean", "value": True}], "inputs.1", "no input of type boolean"),
        ([{"type": "text", "value": "x", "name": "nope"}], "inputs.0.name", "it takes: prompt, duration"),
        ([{"type": "text", "value": "x", "name": "seed"}], "inputs.0.type", "'seed' is of type number"),
        ([{"type": "text", "name": "prompt", "value": "x"}] * 2, "inputs.1.name", "twice"),
        ([{"type": "text", "value": 5}], "inputs.0.value", "prompt has to be a text"),
        ([{"type": "text", "value": "x" * 2001}], "inputs.0.value", "at most 2000"),
        ([{"type": "text", "value": "x"}, {"type": "number", "value": -1}], "inputs.1.value", "from 1 to 300"),
        ([{"type": "text", "value": "x"}, {"type": "number", "value": 1e308}], "inputs.1.value", "from 1 to 300"),
        ([{"type": "audio", "audioId": AUDIO, "trimStart": -1}], "inputs.0.trimStart", "greater"),
        ([{"type": "audio", "audioId": AUDIO, "trimEnd": 1e9}], "inputs.0.trimEnd", "less"),
        ([{"type": "audio", "audioId": AUDIO, "trimStart": 5, "trimEnd": 5}], "inputs.0.trimEnd", "after trimStart"),
        ([{"type": "audio", "audioId": 5}], "inputs.0.audioId", "string"),
        ({"nope": 1}, "inputs.nope", "it takes: prompt"),
        ({"n" * 500: 1}, "inputs." + "n" * 64, "it takes: prompt"),
        ({"prompt": ["x"]}, "inputs.prompt", "a text"),
        ({"prompt": "x", "duration": "15"}, "inputs.duration", "a number"),
        ({"prompt": "x", "melody": 5}, "inputs.melody", "valid dictionary"),
        ({"prompt": "x", "melody": {"audioId": AUDIO, "trimEnd": 0}}, "inputs.melody.trimEnd", "after trimStart"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(inputs: Any, field: str, why: str) -> None:
    refused(inputs, field, why)


def test_a_song_is_needed_to_part_it() -> None:
    refused([], "inputs", r"model 201 needs 'audio' \(audio\)", number=201)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
ITEMS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "number", "choice", "audio", "boolean"]) | JSON},
    optional={"value": JSON, "name": st.sampled_from(["prompt", "seed", "melody"]) | JSON, "audioId": JSON},
)


@given(JSON | st.lists(ITEMS, max_size=4) | st.dictionaries(st.sampled_from(["prompt", "melody", "x"]), JSON))
def test_whatever_comes_is_taken_or_refused_by_field(inputs: Any) -> None:
    try:
        found = matched(generator(), inputs)
    except InvalidInput as error:
        assert str(error.field).startswith("inputs")  # noqa: PT017 - every refusal tells where
        return
    assert "prompt" in values(found)
