"""The workflow `render`: what it asks of its engine, and what that makes of it."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu_workers.rendering.engine import create
from gpu_workers.rendering.order import Order
from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import StepSpec
from patchbay.catalog.workflows.render import ARRANGEMENT
from patchbay.domain.arrangement import Arrangement
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tasks import EngineInput, EngineTask

SESSION = {
    "tempo_bpm": 120,
    "sources": [{"name": "source-1"}],
    "tracks": [{"id": "t", "clips": [{"id": "c", "source": "source-1", "start_beats": 1}]}],
}


def step(**params: Any) -> StepSpec:
    workflow = workflows.get("render")
    (found,) = workflow.steps(workflow.parse(params), Shelf(()), has_input=False)
    return found


def test_it_works_on_files_and_needs_nothing_else() -> None:
    assert workflows.get("render").input == "files"
    found = step()
    assert (found.engine, found.compute) == ("rendering", "cpu")
    assert found.params == {
        "format": "wav",
        "bit_depth": 16,
        "sample_rate_hz": 44100,
        "quality": "standard",
        "start_s": 0.0,
        "stems": False,
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"format": "opus"}, "format"),
        ({"format": "mp3", "bit_depth": 16}, "bit_depth"),
        ({"format": "flac", "bit_depth": 32}, "bit_depth"),
        ({"format": "wav", "bitrate_kbps": 128}, "bitrate_kbps"),
        ({"format": "m4a", "sample_rate_hz": 192_000}, "sample_rate_hz"),
        ({"quality": "best"}, "quality"),
        ({"start_s": -1}, "start_s"),
        ({"start_s": float("nan")}, "start_s"),
        ({"end_s": float("inf")}, "end_s"),
        ({"start_s": 2, "end_s": 2}, "end_s"),
        ({"loudness_lufs": 3}, "loudness_lufs"),
        ({"stems": "maybe"}, "stems"),
    ],
    ids=str,
)
def test_wrong_wishes_are_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        workflows.get("render").parse(given)
    assert caught.value.field == field


@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
@pytest.mark.parametrize("fmt", ["wav", "flac", "mp3", "m4a", "ogg"])
def test_the_engine_takes_what_the_workflow_lets_through(fmt: str, quality: str) -> None:
    for more in ({}, {"sample_rate_hz": 48000, "loudness_lufs": -14, "end_s": 3.5, "stems": True}):
        order = Order.from_params(step(format=fmt, quality=quality, **more).params)
        assert (order.format, order.quality, order.end_s) == (fmt, quality, more.get("end_s"))


@pytest.mark.parametrize("params", [{}, {"format": "ogg", "stems": True}], ids=str)
def test_the_engine_makes_what_the_workflow_promises(params: dict[str, Any], tmp_path: Path) -> None:
    """In its order: files are files, and values are values."""
    source, told = tmp_path / "source", tmp_path / "told"
    with wave.open(str(source), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(22050) / 20) * 16000).astype("<i2").tobytes())
    told.write_text(Arrangement.model_validate(SESSION).model_dump_json(exclude_defaults=True))
    work = tmp_path / "work"
    work.mkdir()
    spec = step(**params)
    inputs = (EngineInput(ARRANGEMENT, told), EngineInput("source-1", source))
    made = create().run(EngineTask(inputs=inputs, params=json.loads(json.dumps(spec.params)), work_dir=work))
    assert tuple(output.name for output in made) == spec.outputs
    assert tuple(output.name for output in made if output.path is None) == spec.values
    values = {output.name: output.value for output in made if output.path is None}
    assert values["duration_s"] == pytest.approx(1.0, abs=1e-3)
