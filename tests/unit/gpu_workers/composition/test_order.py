from typing import Any

import pytest

from gpu_workers.composition.compose import compose
from gpu_workers.composition.order import Order
from gpu_workers.composition.score import TempoWish
from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput


def step(**params: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """(parameters, outputs) of the step that the catalogue plans."""
    workflow = workflows.get("compose")
    (spec,) = workflow.plan(workflow.parse(params), Shelf(()))
    return dict(spec.params), spec.outputs


TWO = [{"emotion": "calm", "start_s": 0, "length_s": 10}, {"emotion": "happy", "start_s": 10, "length_s": 10}]


def test_what_the_catalogue_leaves_out_is_plain() -> None:
    order = Order.from_params(step()[0])
    assert (order.track.genre, order.track.duration_s, order.formats) == ("cinematic", 60.0, ("mp3",))
    assert [wish.emotion for wish in order.track.sections] == ["inspirational"]
    assert not order.cuts
    assert order.uniform == 0


@pytest.mark.parametrize(("given", "tempo"), [({}, "medium"), ({"tempo": "fast"}, "fast"), ({"bpm": 97.5}, 97.5)])
def test_a_number_of_beats_goes_before_a_word(given: dict[str, Any], tempo: TempoWish | float) -> None:
    assert Order.from_params(step(**given)[0]).track.tempo == tempo


def test_each_section_of_the_track_has_its_chosen_version() -> None:
    params, _ = step(duration_s=20, sections=TWO, versions=3, choice=[2, 1])
    order = Order.from_params(params)
    assert [wish.version for wish in order.track.sections] == [2, 1]
    assert [brief.version for brief in order.versions] == [0, 1, 2]
    assert order.uniform is None


@pytest.mark.parametrize("version", [0, 2])
def test_a_track_all_in_one_version_is_that_version(version: int) -> None:
    params, _ = step(duration_s=20, sections=TWO, versions=3, choice=[version] * 2, genre="pop")
    order = Order.from_params(params)
    assert order.uniform == version
    assert compose(order.track) == compose(order.versions[version])


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"stems": True, "formats": ["wav", "mp3"]},
        {"sections_audio": True, "versions": 2, "duration_s": 20, "sections": TWO},
        {"section_stems": True, "sections_audio": True, "stems": True, "versions": 4},
    ],
)
def test_names_are_those_of_the_workflow(wishes: dict[str, Any]) -> None:
    params, outputs = step(**wishes)
    assert tuple(Order.from_params(params).names()) == outputs


@pytest.mark.parametrize(
    "broken", [{"genre": None}, {"choice": [0, 0]}, {"choice": ["x"]}, {"sections": [{}]}, {"formats": ["exe"]}]
)
def test_what_makes_no_piece_is_refused(broken: dict[str, Any]) -> None:
    params = {name: value for name, value in {**step()[0], **broken}.items() if value is not None}
    with pytest.raises(InvalidInput):
        Order.from_params(params)
