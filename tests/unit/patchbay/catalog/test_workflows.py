"""Every workflow of the catalogue, the next one included, passes through here."""

from pathlib import Path

import pytest

from patchbay.catalog import workflows
from patchbay.catalog.compute import CLASSES, MAX_STEP_TIMEOUT_S
from patchbay.catalog.models import MODELS, Shelf
from patchbay.catalog.workflow import Workflow, check_slug
from patchbay.domain.errors import InvalidInput

ALL = Shelf(tuple(MODELS), allow_research=True)
WORKFLOWS = list(workflows.workflows().values())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.slug)
def test_a_workflow_is_sound(workflow: Workflow) -> None:
    steps = workflow.plan(workflow.parse({}), ALL)
    assert len({step.name for step in steps}) == len(steps)
    made: dict[str, tuple[str, ...]] = {}
    for step in steps:
        assert step.after is None or step.after in made
        assert step.compute in CLASSES
        assert 0 < step.timeout_s <= MAX_STEP_TIMEOUT_S
        assert step.weight > 0
        assert step.outputs
        assert not step.model or MODELS[step.model].engine == step.engine
        assert Path("gpu_workers", step.engine, "engine.py").is_file()
        made[step.name] = step.outputs
    outputs = workflow.outputs(workflow.parse({}), ALL)
    assert outputs
    assert len(set(outputs)) == len(outputs)
    assert workflow.name
    assert workflow.description.endswith(".")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.slug)
def test_a_parameter_nobody_knows_is_named(workflow: Workflow) -> None:
    with pytest.raises(InvalidInput, match="nonsense") as caught:
        workflow.parse({"nonsense": 1})
    assert caught.value.field == "nonsense"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda w: w.slug)
def test_the_parameters_have_a_schema_with_words(workflow: Workflow) -> None:
    for name, told in workflow.params.model_json_schema()["properties"].items():
        assert told.get("description"), name


def test_wrong_values_are_named() -> None:
    for given in ({"format": "exe"}, {"bitrate_kbps": 100_000}, {"sample_rate_hz": "fast"}, {"channels": 3}):
        with pytest.raises(InvalidInput) as caught:
            workflows.get("audio-encoder").parse(given)
        assert caught.value.field == next(iter(given))


@pytest.mark.parametrize("slug", ["audio-encoder", "stem-isolation-encoded"])
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"format": "mp3", "bit_depth": 24}, "bit_depth"),
        ({"format": "opus", "sample_rate_hz": 44100}, "sample_rate_hz"),
        ({"format": "wav", "bitrate_kbps": 128}, "bitrate_kbps"),
        ({"format": "mp3", "bitrate_kbps": 400}, "bitrate_kbps"),
        ({"format": "flac", "bit_depth": 32}, "bit_depth"),
    ],
)
def test_wishes_that_do_not_go_together_are_named_before_any_work(
    slug: str, given: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        workflows.get(slug).parse(given)
    assert caught.value.field == field


def test_unknown_workflows_are_answered_with_what_there_is() -> None:
    with pytest.raises(InvalidInput, match="stem-isolation-4") as caught:
        workflows.get("nosuch")
    assert caught.value.field == "workflow"


def test_two_stems_need_a_model_with_a_voice_only() -> None:
    workflow = workflows.get("stems-vocals-accompaniment")
    assert workflow.outputs(workflow.parse({}), Shelf(())) == ("vocals", "accompaniment")


def test_a_chain_reports_only_its_end() -> None:
    workflow = workflows.get("stem-isolation-encoded")
    first, last = workflow.plan(workflow.parse({"stems": 2, "format": "flac"}), Shelf(()))
    assert (first.reported, last.reported, last.after) == (False, True, first.name)
    assert last.params == {"format": "flac"}


def test_one_model_workflows_take_no_other_model() -> None:
    with pytest.raises(InvalidInput):
        workflows.get("htdemucs").parse({"model": "mdx_extra"})


def test_every_demucs_model_has_a_workflow() -> None:
    assert {"htdemucs", "htdemucs-ft", "htdemucs-6s", "mdx-extra"} <= set(workflows.workflows())


@pytest.mark.parametrize("slug", ["", "A", "a_b", "-a", "a--b", "a/b"])
def test_what_is_no_slug(slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        check_slug(slug)
