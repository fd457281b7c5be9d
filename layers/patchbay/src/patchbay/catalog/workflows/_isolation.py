"""What the stem isolation workflows share."""

from typing import Literal

from pydantic import Field

from patchbay.catalog.models import FOUR_STEMS, MODELS, Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.domain.errors import InvalidInput
from patchbay.domain.stems import left_without

SampleFormat = Literal["wav16", "wav24", "wav32f"]


class IsolationParams(Params):
    """Parameters of every stem isolation."""

    model: str | None = Field(
        None, max_length=64, description="Model that separates; the best installed one if left out"
    )
    sample_format: SampleFormat = Field("wav16", description="Sample format of the stems")


def isolate(params: IsolationParams, shelf: Shelf, stems: tuple[str, ...], *, reported: bool = True) -> StepSpec:
    """The step that separates `stems` with the model asked for, or the best there is."""
    needed = tuple(dict.fromkeys(left_without(stem) or stem for stem in stems))
    model = shelf.check(params.model) if params.model else shelf.choose(needed)
    if missing := [stem for stem in needed if stem not in model.stems]:
        raise InvalidInput(f"model {model.name!r} has no {', '.join(missing)}", field="model")
    return StepSpec(
        name="isolate",
        engine="separation",
        compute="gpu",
        outputs=stems,
        model=model.name,
        params={"stems": list(stems), "sample_format": params.sample_format},
        timeout_s=3 * 3600,
        weight=10.0,
        reported=reported,
    )


class OneModelParams(Params):
    """Parameters of an isolation whose model is given by the workflow."""

    sample_format: SampleFormat = Field("wav16", description="Sample format of the stems")


def one_model(name: str) -> Workflow:
    """The workflow that separates with one model, into all the stems it has."""
    model = MODELS[name]

    def plan(params: OneModelParams, shelf: Shelf) -> tuple[StepSpec, ...]:
        asked = IsolationParams(model=name, sample_format=params.sample_format)
        return (isolate(asked, shelf, model.stems),)

    return Workflow(
        slug=name.replace("_", "-"),
        name=f"Stems with {model.title}",
        description=f"{model.title}: {', '.join(model.stems)}. Licence of the weights: {model.licence}.",
        params=OneModelParams,
        plan=plan,
    )


def stems(slug: str, name: str, description: str, wanted: tuple[str, ...] = FOUR_STEMS) -> Workflow:
    """The workflow that separates `wanted` with a model of the caller's choice."""
    return Workflow(
        slug=slug,
        name=name,
        description=description,
        params=IsolationParams,
        plan=lambda params, shelf: (isolate(params, shelf, wanted),),
    )
