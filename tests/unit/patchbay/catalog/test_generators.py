"""The generators on offer: those that run, each with parameters that its workflow takes."""

import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog import workflows
from patchbay.catalog.composition import MAX_SEED
from patchbay.catalog.generators import Generator, Parameter, find, offered, presets
from patchbay.catalog.generators.offer import MUSIC
from patchbay.catalog.models import MODELS, Model, Shelf
from patchbay.catalog.workflow import StepSpec
from patchbay.domain.errors import InvalidInput

BARE = Shelf(())
FULL = Shelf(tuple(MODELS), allow_research=True)
MUSICGEN = Shelf(("musicgen-small", "musicgen-melody"), allow_research=True)
SHELVES = {"bare": BARE, "musicgen": MUSICGEN, "full": FULL}


def generator(number: int, shelf: Shelf = FULL) -> Generator:
    found = find(shelf, number)
    assert found is not None
    return found


def plan(of: Generator, values: Mapping[str, Any], shelf: Shelf, **more: Any) -> tuple[StepSpec, ...]:
    """What is planned for checked values."""
    workflow = workflows.get(of.workflow)
    checked = {name: _parameter(of, name).checked(value) for name, value in values.items()}
    has_input = any(each.type == "audio" and each.required for each in of.parameters) or bool(more.get("melody"))
    params = workflow.parse({**of.params(checked), **{k: v for k, v in more.items() if k != "melody"}})
    return workflow.steps(params, shelf, has_input=has_input)


def _parameter(of: Generator, name: str) -> Parameter:
    found = of.parameter(name)
    assert found is not None
    return found


class TestOffer:
    def test_where_nothing_is_installed_is_what_needs_nothing(self) -> None:
        assert [each.number for each in offered(BARE)] == [101, 102, 103, 201, 202, 211, 212]
        assert all(each.licence == "Apache-2.0" for each in offered(BARE))

    def test_every_installed_model_is_there_once_and_under_the_same_number_everywhere(self) -> None:
        full = {each.number: each for each in offered(FULL)}
        assert len(full) == len(offered(FULL)) == len(MODELS) - 1 + 1 + 5  # the composer twice, four by the best
        for shelf in SHELVES.values():
            assert all(full[each.number].name == each.name for each in offered(shelf))

    def test_research_models_are_not_offered_where_they_may_not_run(self) -> None:
        forbidden = Shelf(tuple(MODELS), allow_research=False)
        assert [each.number for each in offered(forbidden)] == [each.number for each in offered(BARE)]
        assert find(forbidden, 111) is None

    def test_six_stems_need_a_model_that_has_them(self) -> None:
        assert find(BARE, 203) is None
        assert plan(generator(203), {}, FULL)[0].outputs[-1] == "piano"

    def test_a_model_that_nobody_gave_a_number_has_one_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        new = Model("brand-new", "separation", "1", "New", ("vocals", "other"), "MIT", commercial_use=True)
        monkeypatch.setitem(MODELS, "brand-new", new)
        shelf = Shelf(("so that nothing is cached",))
        (found,) = [each for each in offered(shelf) if each.name == "Brand New"]
        assert found.number == 100_000 + zlib.crc32(b"brand-new") % 10**8
        assert find(shelf, found.number) == found
        assert found.credits > 0

    def test_the_best_generator_takes_a_melody_only_where_one_can_follow_it(self) -> None:
        assert "audio" not in generator(MUSIC, BARE).inputs
        assert "audio" in generator(MUSIC, MUSICGEN).inputs
        melody = plan(generator(MUSIC, MUSICGEN), {"prompt": "pop"}, MUSICGEN, melody=True)
        assert melody[0].model == "musicgen-melody"


@pytest.mark.parametrize("shelf", SHELVES.values(), ids=list(SHELVES))
class TestEveryGenerator:
    def test_what_it_needs_is_enough(self, shelf: Shelf) -> None:
        for each in offered(shelf):
            needed = {"prompt": "calm pop with piano"} if each.parameter("prompt") else {}
            assert plan(each, needed, shelf)

    def test_the_bounds_that_it_tells_are_those_that_its_workflow_keeps(self, shelf: Shelf) -> None:
        for each in offered(shelf):
            needed = {"prompt": "calm pop with piano"} if each.parameter("prompt") else {}
            for parameter in each.parameters:
                for bound in (parameter.least, parameter.most):
                    if bound is not None:
                        assert plan(each, {**needed, parameter.name: bound}, shelf), (each.number, parameter.name)
                for choice in parameter.choices:
                    assert plan(each, {**needed, parameter.name: choice}, shelf), (each.number, choice)

    def test_every_default_is_a_value(self, shelf: Shelf) -> None:
        for each in offered(shelf):
            for parameter in each.parameters:
                if parameter.default is not None:
                    assert parameter.checked(parameter.default) == parameter.default

    def test_names_differ_and_texts_are_told(self, shelf: Shelf) -> None:
        for each in offered(shelf):
            names = [parameter.name for parameter in each.parameters]
            assert len(set(names)) == len(names)
            assert each.description
            assert all(parameter.description for parameter in each.parameters)
            assert sum(parameter.type == "audio" for parameter in each.parameters) <= 1, "a job has one input file"

    def test_presets_are_planned_as_they_are(self, shelf: Shelf) -> None:
        assert presets(shelf)
        for preset in presets(shelf):
            assert plan(generator(preset.generator, shelf), preset.inputs, shelf)


class TestParams:
    @pytest.mark.parametrize(
        "prompt",
        [
            "Upbeat electronic dance music with heavy bass",
            "Chill lo-fi hip hop beat",
            "Upbeat house music",
            "Chill lo-fi beat",
        ],
    )
    def test_what_the_documents_clients_ask_for_is_made_without_any_weights(self, prompt: str) -> None:
        (step,) = plan(generator(MUSIC, BARE), {"prompt": prompt, "duration": 15.0}, BARE)
        assert (step.engine, step.params["duration_s"], step.outputs[0]) == ("composition", 15.0, "track.wav")

    def test_the_length_may_stand_in_the_prompt(self) -> None:
        (step,) = plan(generator(MUSIC, BARE), {"prompt": "40 seconds of calm piano"}, BARE)
        assert step.params["duration_s"] == 40.0

    def test_wishes_become_one_section(self) -> None:
        wishes = {"genre": "pop", "emotion": "happy", "duration": 16, "loop": True, "stems": True, "key": "Bb minor"}
        (step,) = plan(generator(103, BARE), wishes, BARE)
        assert step.params["sections"] == [{"emotion": "happy", "start_s": 0.0, "length_s": 16.0}]
        assert (step.params["loop"], step.params["key"], step.params["formats"]) == (True, "Bb minor", ["wav"])
        assert {"stem-bass.wav", "track.wav"} <= set(step.outputs)

    def test_a_model_of_its_own_is_the_one_that_runs(self) -> None:
        for number, name in ((113, "musicgen-melody"), (211, "patchbay-classic"), (215, "htdemucs_6s")):
            found = generator(number)
            values = {"prompt": "pop"} if found.parameter("prompt") else {}
            assert plan(found, values, FULL)[0].model == name

    def test_a_part_of_the_audio_is_cut_first(self) -> None:
        part = {"input_start_s": 1.5, "input_end_s": 4.0}
        cut, split, encoded = plan(generator(201, BARE), {}, BARE, **part)
        assert (cut.engine, cut.params["start_s"], cut.params["end_s"], cut.reported) == ("encoding", 1.5, 4.0, False)
        assert (split.after, encoded.after, cut.outputs) == ("trim", "isolate", ("input",))
        cut, made, *_ = plan(generator(113), {"prompt": "pop"}, FULL, melody=True, **part)
        assert (cut.name, made.after, made.model) == ("trim", "trim", "musicgen-melody")
        assert plan(generator(201, BARE), {}, BARE)[0].after is None

    def test_there_is_no_part_of_nothing(self) -> None:
        with pytest.raises(InvalidInput) as told:
            plan(generator(MUSIC, BARE), {"prompt": "pop"}, BARE, input_start_s=1.0)
        assert told.value.field == "input_start_s"


class TestParameter:
    TEXT = Parameter("t", "text", "x", "t", required=True, max_chars=5)
    NUMBER = Parameter("n", "number", "x", "n", least=1, most=10)
    WHOLE = Parameter("w", "number", "x", "w", least=0, most=MAX_SEED, whole=True)
    CHOICE = Parameter("c", "choice", "x", "c", choices=("a", "b"))
    SWITCH = Parameter("b", "boolean", "x", "b")

    @pytest.mark.parametrize(
        ("parameter", "value", "why"),
        [
            (TEXT, "", "empty"),
            (TEXT, " \n", "empty"),
            (TEXT, "123456", "at most 5"),
            (TEXT, 5, "a text"),
            (TEXT, None, "a text"),
            (NUMBER, "5", "a number"),
            (NUMBER, True, "a number"),
            (NUMBER, 0.5, "from 1 to 10"),
            (NUMBER, 1e300, "from 1 to 10"),
            (NUMBER, 10**400, "from 1 to 10"),
            (NUMBER, float("nan"), "from 1 to 10"),
            (NUMBER, float("inf"), "from 1 to 10"),
            (WHOLE, 1.5, "whole"),
            (WHOLE, -1, "from 0"),
            (CHOICE, "c", "one of: a, b"),
            (CHOICE, ["a"], "one of: a, b"),
            (SWITCH, 1, "true or false"),
            (SWITCH, "true", "true or false"),
        ],
    )
    def test_what_is_wrong_is_told_by_name(self, parameter: Parameter, value: Any, why: str) -> None:
        with pytest.raises(InvalidInput, match=why) as told:
            parameter.checked(value)
        assert str(told.value).startswith(f"{parameter.name} ")

    @given(st.floats(1, 10) | st.integers(1, 10))
    def test_a_number_stays_what_it_is(self, value: float) -> None:
        assert self.NUMBER.checked(value) == value
        assert isinstance(self.NUMBER.checked(value), float)

    def test_a_whole_number_is_an_integer_however_it_was_written(self) -> None:
        assert self.WHOLE.checked(7.0) == 7
        assert isinstance(self.WHOLE.checked(7.0), int)


@pytest.mark.parametrize("workflow", ["generate", "stem-isolation-encoded"])
@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"input_start_s": -1}, "input_start_s"),
        ({"input_start_s": float("inf")}, "input_start_s"),
        ({"input_end_s": 0}, "input_end_s"),
        ({"input_end_s": 1e9}, "input_end_s"),
        ({"input_start_s": 2, "input_end_s": 2}, "input_end_s"),
    ],
)
def test_a_part_has_a_beginning_before_its_end(workflow: str, part: dict[str, float], field: str) -> None:
    with pytest.raises(InvalidInput) as told:
        workflows.get(workflow).parse(part)
    assert told.value.field == field
