"""Models, and what is asked of them."""
# ruff: noqa: N815

from typing import Annotated, Any, Literal

from pydantic import Field

from functions.dialects.twoshot.schemas.common import Body
from functions.dialects.twoshot.schemas.generations import Started
from functions.http import schemas as base
from patchbay.core.numbers import MOST

InputType = Literal["text", "number", "boolean", "choice", "audio"]
MAX_INPUTS = 50
MAX_SECONDS = 6 * 3600
Seconds = Annotated[float | None, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]


class Pricing(base.Body):
    """What one generation costs."""

    free: bool
    credits: int


class Parameter(base.Body):
    """One input. What does not apply to its type is left out."""

    name: str
    type: InputType
    required: bool
    description: str
    default: str | float | bool | None = Field(None, description="What is taken if it is left out")
    min: float | None = None
    max: float | None = None
    integer: bool | None = Field(None, description="Whether a number has to be a whole one")
    maxLength: int | None = None
    options: list[str] | None = Field(None, description="What can be chosen")


class Model(base.Body):
    """A model."""

    id: int
    name: str
    description: str
    category: str = Field(examples=["music_generation"])
    tags: list[str] = Field(description="The model's, then your own")
    inputTypes: list[InputType]
    outputTypes: list[str]
    maxDuration: float | None = Field(description="Longest audio that it makes, seconds; null: as long as its input")
    pricing: Pricing
    parameters: list[Parameter]
    licence: str = Field(description="Of the model's weights")
    created: str
    liked: bool = Field(description="Whether you like it")
    likes: int


class Value(base.Body):
    """An input as `POST /generation` takes it."""

    type: InputType
    name: str
    value: str | float | bool


class Preset(base.Body):
    """Inputs that go well, to be sent as they are."""

    id: int
    name: str
    description: str
    modelId: int
    category: str
    tags: list[str]
    inputs: list[Value]


class Tag(base.Body):
    """A tag that models have."""

    tag: str
    count: int


class Tags(base.Body):
    """The tags of a model."""

    modelId: int
    tags: list[str]


class Audio(base.Body):
    """Audio that is yours, or of a public sample: name it in one of three ways."""

    audioId: str | None = Field(None, min_length=1, max_length=64)
    sampleId: int | None = Field(None, ge=1, le=MOST)
    generationJobId: str | None = Field(None, min_length=1, max_length=64)
    outputName: str | None = Field(None, min_length=1, max_length=128, description="With `generationJobId`")
    trimStart: Seconds = Field(None, description="Where the part that is meant begins, seconds; 0 if left out")
    trimEnd: Seconds = Field(None, description="Where it ends, seconds; the audio's end if left out")


class Input(Audio):
    """One input of a list."""

    type: InputType
    name: str | None = Field(None, max_length=64, description="Which parameter it is for; else the next of its type")
    value: Any = Field(None, description="Of all types but audio; null leaves the parameter out")


class _EitherForm:
    """What the document tells of inputs, a list or an object; made when that is written."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """See pydantic."""
        listed = {"type": "array", "items": Input.model_json_schema(), "maxItems": MAX_INPUTS}
        return {"anyOf": [listed, {"type": "object", "additionalProperties": True, "maxProperties": MAX_INPUTS}]}


Inputs = Annotated[Any, _EitherForm()]


class GenerationOrder(Body):
    """What to generate.

    A list's inputs go to the model's parameters in order: the first number to its first parameter that is a number, and
    so on, those left aside that an input names. An object has the parameters' names; audio in it is an id, or an object
    with `audioId`, `trimStart` and `trimEnd`.
    """

    modelId: int = Field(ge=1, le=MOST)
    inputs: Inputs = Field(default_factory=list)


class Ordered(Started):
    """A generation that was taken on."""

    creditsUsed: int = Field(description="Given back if nothing comes of it")
