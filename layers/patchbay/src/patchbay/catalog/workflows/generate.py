"""Music from words, by whichever generator is here; with a melody to follow, where one takes it.

Outputs: `track.<format>`, one for each format. With `patchbay-composer` those of the workflow `compose` come after
them: with `stems` `stem-<part>.<format>`, then `score.mid`, `pianoroll.png`, `composition.json`, and the plain values
`key`, `bpm` and `instruments`.
"""

from dataclasses import replace
from typing import Any

from pydantic import Field

from patchbay.catalog.composition import MAX_SEED
from patchbay.catalog.models import COMPOSER, Model, Shelf
from patchbay.catalog.workflow import StepSpec, Workflow
from patchbay.catalog.workflows import compose
from patchbay.catalog.workflows._encoding import EncodingParams, PartParams, encode, trim
from patchbay.catalog.workflows._formats import Formats
from patchbay.domain.errors import InvalidInput

TRACK = "track"
DURATION_S = 30.0
"""How long music is that is asked for without a length."""
SAMPLING = {"temperature": 1.0, "top_k": 250, "top_p": 1.0, "guidance": 3.0}
"""How a neural model chooses if nothing else is said: as MusicGen's authors have it."""
_NO_MUSIC = "patchbay-composer makes music of what it understands of the prompt"


class GenerateParams(PartParams):
    """What to generate, and to what part of a melody.

    The same parameters give the same music on the same kind of machine.
    """

    prompt: str = Field(
        "", max_length=2000, description="The music in words; left out, the model makes something of its own"
    )
    duration_s: float | None = Field(
        None,
        ge=1,
        le=900,
        allow_inf_nan=False,
        description="Length in seconds, within the model's limits; what the prompt says, or 30, if left out",
    )
    model: str | None = Field(
        None, max_length=64, description="Model that generates; the best installed one if left out"
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Another number gives another piece")
    formats: Formats = Field(("mp3",), min_length=1, max_length=6, description="The track in each of these")
    stems: bool = Field(False, description="patchbay-composer: each part of the music by itself as well")
    temperature: float | None = Field(
        None, ge=0.05, le=5, allow_inf_nan=False, description="Neural models: over 1 wilder, under 1 tamer; 1 if unset"
    )
    top_k: int | None = Field(
        None, ge=0, le=4096, description="Neural models: choose among so many likeliest; 0: all; 250 if unset"
    )
    top_p: float | None = Field(
        None,
        ge=0.001,
        le=1,
        allow_inf_nan=False,
        description="Neural models: choose among the likeliest of so much; 1 if unset",
    )
    guidance: float | None = Field(
        None,
        ge=1,
        le=15,
        allow_inf_nan=False,
        description="Neural models: how closely to keep to the prompt; 3 if unset",
    )


def _plan(params: GenerateParams, shelf: Shelf, *, melody: bool = False) -> tuple[StepSpec, ...]:
    model = shelf.check(params.model, "generation") if params.model else shelf.choose_generator(melody=melody)
    if melody and not model.takes_melody:
        takers = ", ".join(m.name for m in shelf.served("generation") if m.takes_melody) or "none here"
        why = f"model {model.name!r} takes no melody: leave the input out; models that take one: {takers}"
        raise InvalidInput(why, field="model")
    if not melody and not params.is_all:
        raise InvalidInput("there is no input to take a part of", field="input_start_s")
    return _composed(params, model) if model.name == COMPOSER else _generated(params, model)


def _generated(params: GenerateParams, model: Model) -> tuple[StepSpec, ...]:
    """The work of a neural model; encoding is another machine's, which costs less."""
    if params.stems:
        why = f"model {model.name!r} makes music in one piece; leave stems out, and separate the result"
        raise InvalidInput(why, field="stems")
    # Written out in full, so that an order that leaves a default out is the same computation as one that names it.
    wishes: dict[str, Any] = {
        "prompt": " ".join(params.prompt.split()),
        "duration_s": _duration_s(params, model),
        "seed": params.seed,
        **{name: usual if (own := getattr(params, name)) is None else own for name, usual in SAMPLING.items()},
    }
    trimmed = trim(params)
    first = StepSpec(
        name="generate",
        engine=model.engine,
        compute="gpu",
        outputs=(TRACK,),
        model=model.name,
        params=wishes,
        after=trimmed[0].name if trimmed else None,
        timeout_s=2 * 3600,
        weight=10.0,
        reported=False,
    )
    asked = EncodingParams.model_construct
    formats = params.formats
    return (
        *trimmed,
        first,
        *(encode(asked(format=f), first.outputs, after=first.name, one_of_many=True) for f in formats),
    )


def _composed(params: GenerateParams, model: Model) -> tuple[StepSpec, ...]:
    """The composition engine's work, on what was understood of the prompt."""
    if given := [name for name in SAMPLING if getattr(params, name) is not None]:
        raise InvalidInput(f"model {COMPOSER!r} has no {given[0]}; leave it out", field=given[0])
    from patchbay.catalog.prompts import brief  # the vocabulary is made when it is first needed
    from patchbay.catalog.prompts.understand import Understood, understand

    read = understand(params.prompt) if params.prompt.strip() else Understood()
    told = brief.composition(read, _duration_s(params, model))
    try:
        wishes = compose.WORKFLOW.parse({**told, "seed": params.seed, "formats": params.formats, "stems": params.stems})
        (step,) = compose.WORKFLOW.plan(wishes, Shelf(()))
    except InvalidInput as error:
        raise InvalidInput(f"{_NO_MUSIC}, and these do not go together: {error}", field="prompt") from None
    return (replace(step, name="generate", model=model.name),)


def _duration_s(params: GenerateParams, model: Model) -> float:
    """The length that is asked for. Raises `InvalidInput` where the model does not make such."""
    from patchbay.catalog.prompts.measures import take_duration
    from patchbay.catalog.prompts.plain import plain

    told = params.duration_s if params.duration_s is not None else take_duration(plain(params.prompt))[0]
    least, most = model.length_s or (0.0, 0.0)
    duration_s = DURATION_S if told is None else told
    if not least <= duration_s <= most:
        field = "prompt" if params.duration_s is None else "duration_s"
        why = f"model {model.name!r} makes {least:g} to {most:g} seconds of music, not {duration_s:g}"
        raise InvalidInput(why, field=field)
    return duration_s


WORKFLOW = Workflow(
    slug="generate",
    name="Generation",
    description="Generates music from words, and where the model takes one, a melody, by the best model installed.",
    params=GenerateParams,
    plan=_plan,
    input="optional",
    plan_with_input=lambda params, shelf: _plan(params, shelf, melody=True),
)
