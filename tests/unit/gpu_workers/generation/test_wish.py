import pytest

from gpu_workers.generation.wish import Wish
from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput
from tests.unit.gpu_workers.generation import tiny


def test_what_the_workflow_plans_is_understood() -> None:
    workflow = workflows.get("generate")
    shelf = Shelf(("musicgen-small",), allow_research=True)
    first, *_ = workflow.plan(workflow.parse({"prompt": "calm  piano", "seed": 2**31 - 1}), shelf)
    wish = Wish.from_params(first.params)
    assert (wish.prompt, wish.duration_s, wish.seed) == ("calm piano", 30.0, 2**31 - 1)
    assert (wish.temperature, wish.top_k, wish.top_p, wish.guidance) == (1.0, 250, 1.0, 3.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt", None), ("prompt", "x" * 10_001), ("duration_s", 0), ("duration_s", float("nan")),
        ("duration_s", 1e9), ("seed", -1), ("seed", True), ("temperature", 0), ("top_k", -1), ("top_p", 1.5),
        ("guidance", 0.5), ("guidance", "3"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        Wish.from_params({**tiny.PARAMS, name: value})
    assert caught.value.field == name
