"""What is planned for an order of music, with and without a melody, by a neural model and by the composer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog import workflows
from patchbay.catalog.composition import EMOTIONS, GENRES
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import StepSpec
from patchbay.catalog.workflows.compose import NOTES, ComposeParams
from patchbay.catalog.workflows.generate import WORKFLOW
from patchbay.domain.errors import InvalidInput

BARE = Shelf(())
SMALL = Shelf(("musicgen-small",), allow_research=True)
BOTH = Shelf(("musicgen-small", "musicgen-melody"), allow_research=True)


def plan(shelf: Shelf, *, melody: bool = False, **params: Any) -> tuple[StepSpec, ...]:
    return WORKFLOW.steps(WORKFLOW.parse(params), shelf, has_input=melody)


def refused(field: str, why: str, shelf: Shelf = BARE, *, melody: bool = False, **params: Any) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        plan(shelf, melody=melody, **params)
    assert caught.value.field == field


class TestChoice:
    def test_the_composer_where_nothing_is_installed(self) -> None:
        (step,) = plan(BARE, prompt="calm piano")
        assert (step.model, step.engine, step.compute) == ("patchbay-composer", "composition", "cpu")

    def test_the_best_that_is_installed(self) -> None:
        assert plan(SMALL)[0].model == "musicgen-small"
        assert plan(BOTH)[0].model == "musicgen-melody"
        assert plan(BOTH, model="patchbay-composer")[0].model == "patchbay-composer"
        assert plan(BOTH, model="musicgen-small")[0].model == "musicgen-small"

    def test_with_a_melody_one_that_follows_it(self) -> None:
        assert plan(BOTH, melody=True)[0].model == "musicgen-melody"
        refused("model", "no model installed here follows a melody", SMALL, melody=True)
        refused(
            "model", "'musicgen-small' takes no melody.*: musicgen-melody$", BOTH, melody=True, model="musicgen-small"
        )
        refused("model", "takes no melody.*: none here$", melody=True, model="patchbay-composer")

    def test_what_is_not_served_is_refused_with_what_is(self) -> None:
        refused("model", "not installed here; served here: .*composer, musicgen-small$", SMALL, model="musicgen-medium")
        forbidden = Shelf(("musicgen-small",))
        refused("model", "not allowed it here; served here: patchbay-composer$", forbidden, model="musicgen-small")
        refused("model", "one for separation", model="patchbay-classic")


class TestStems:
    def test_what_is_made_of_parts_comes_in_parts(self) -> None:
        (step,) = plan(BARE, prompt="calm piano", formats=["wav"], stems=True)
        assert [name for name in step.outputs if name.startswith("stem-")] == [
            "stem-bass.wav", "stem-chords.wav", "stem-melody.wav", "stem-percussion.wav",
        ]  # fmt: skip
        assert not [name for name in plan(BARE, prompt="calm piano")[0].outputs if name.startswith("stem-")]

    def test_a_neural_model_makes_none_and_says_what_does(self) -> None:
        refused("stems", "in one piece; leave stems out, and separate", SMALL, prompt="calm piano", stems=True)
        (step,) = plan(SMALL, prompt="calm piano", model="patchbay-composer", stems=True)
        assert "stem-bass.mp3" in step.outputs


class TestNeural:
    def test_one_generation_and_an_encoding_for_each_format(self) -> None:
        first, *encodings = plan(SMALL, prompt=" calm  piano ", duration_s=12.5, formats=["wav", "mp3"])
        assert (first.engine, first.compute, first.outputs, first.reported) == ("generation", "gpu", ("track",), False)
        assert [(step.outputs, step.after, step.takes, step.compute) for step in encodings] == [
            (("track.wav",), "generate", ("track",), "cpu"),
            (("track.mp3",), "generate", ("track",), "cpu"),
        ]
        assert first.params == {
            "prompt": "calm piano", "duration_s": 12.5, "seed": 0,
            "temperature": 1.0, "top_k": 250, "top_p": 1.0, "guidance": 3.0,
        }  # fmt: skip

    def test_a_default_that_is_named_is_the_same_computation(self) -> None:
        named = plan(SMALL, prompt="x", duration_s=30, temperature=1, top_k=250, top_p=1, guidance=3, seed=0)
        assert named[0].params == plan(SMALL, prompt="x")[0].params

    def test_another_format_is_the_same_generation(self) -> None:
        assert plan(SMALL, formats=["opus"])[0] == plan(SMALL, formats=["wav"])[0]

    @pytest.mark.parametrize(
        ("params", "seconds"),
        [
            ({"prompt": "90 seconds of jazz"}, 90),
            ({"prompt": "80s pop track with drums"}, 30),
            ({"prompt": "a 2 minute waltz", "duration_s": 5}, 5),
            ({}, 30),
        ],
    )
    def test_the_length_is_told_by_field_or_prompt(self, params: dict[str, Any], seconds: float) -> None:
        assert plan(SMALL, **params)[0].params["duration_s"] == seconds

    def test_lengths_that_the_model_does_not_make(self) -> None:
        refused("duration_s", "'musicgen-small' makes 1 to 300 seconds of music, not 301", SMALL, duration_s=301)
        refused("prompt", "1 to 300 seconds", SMALL, prompt="10 minutes of rain")
        assert plan(SMALL, duration_s=300)


class TestComposer:
    def test_what_the_prompt_says_is_composed(self) -> None:
        (step,) = plan(BARE, prompt="40 seconds of happy indian music with sitar, no drums", seed=5, formats=["flac"])
        assert step.outputs == ("track.flac", *NOTES)
        told = step.params
        assert (told["genre"], told["duration_s"], told["seed"], told["include"]) == ("indian", 40.0, 5, ["sitar"])
        assert [section["emotion"] for section in told["sections"]] == ["happy"]

    def test_no_prompt_is_a_piece_of_its_own(self) -> None:
        assert plan(BARE, prompt="  ")[0].params == plan(BARE)[0].params
        assert plan(BARE)[0].params["duration_s"] == 30.0

    def test_a_mood_alone_chooses_genre_and_tempo(self) -> None:
        told = plan(BARE, prompt="something calm")[0].params
        assert (told["genre"], told["tempo"]) == ("ambient", "slow")

    def test_what_cannot_be_understood_says_what_can(self) -> None:
        refused("prompt", "a prompt can name a genre", prompt="xyzzy plugh")
        refused("prompt", "do not go together.*no instrument is left", prompt="pop with only riser")

    def test_lengths_that_it_does_not_make(self) -> None:
        refused("duration_s", "'patchbay-composer' makes 5 to 900 seconds", duration_s=2)
        refused("prompt", "5 minutes|5 seconds|5 to 900", prompt="3 seconds of calm piano")

    @pytest.mark.parametrize("name", ["temperature", "top_k", "top_p", "guidance"])
    def test_sampling_is_not_its_way(self, name: str) -> None:
        given: dict[str, Any] = {name: 1}
        refused(name, f"has no {name}", prompt="calm piano", **given)

    @given(
        prompt=st.lists(
            st.sampled_from([*GENRES, *EMOTIONS, "fast", "with piano", "no drums", "then", "in A minor", "loop"])
        )
        .filter(lambda words: {*words} & {*GENRES, *EMOTIONS})
        .map(" ".join),
        duration_s=st.floats(5, 900),
    )
    def test_whatever_is_planned_the_composer_takes(self, prompt: str, duration_s: float) -> None:
        try:
            (step,) = plan(BARE, prompt=prompt, duration_s=duration_s)
        except InvalidInput as error:
            assert error.field == "prompt"  # noqa: PT017 - what is refused is refused for the right reason
            return
        again = ComposeParams.model_validate(dict(step.params))
        assert again.duration_s == step.params["duration_s"]
        assert again.sections


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt", "x" * 2001), ("duration_s", 0.5), ("duration_s", 901), ("duration_s", float("nan")), ("seed", -1),
        ("formats", []), ("formats", ["exe"]), ("formats", ["wav", "wav"]), ("temperature", 0), ("top_k", -1),
        ("top_p", 0), ("guidance", 0.5), ("guidance", float("inf")),
    ],
)  # fmt: skip
def test_wrong_values_are_named(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        WORKFLOW.parse({name: value})
    assert str(caught.value.field).split(".")[0] == name


def test_it_is_on_offer() -> None:
    assert workflows.get("generate") is WORKFLOW
    assert WORKFLOW.input == "optional"
    assert WORKFLOW.files(WORKFLOW.parse({"formats": ["wav", "ogg"]}), BOTH, has_input=True) == (
        "track.wav",
        "track.ogg",
    )
    assert "key" not in WORKFLOW.files(WORKFLOW.parse({}), BARE, has_input=False)
