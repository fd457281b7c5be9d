"""Bodies of the Beatoven API."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from functions.http.schemas import Body
from patchbay.catalog.composition import MAX_SECTIONS
from patchbay.catalog.prompts.understand import MAX_PROMPT_CHARS

Milliseconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Word = Annotated[str, Field(max_length=64)]
Format = Literal["mp3", "aac", "wav"]
State = Literal["PENDING", "PROGRESS", "FAILURE", "SUCCESS"]
_PROMPT = "Free English, such as `Make a 30 second upbeat EDM track for a party`, or an object with it as `text`"


class PromptText(Body):
    """A prompt in the current v1's form."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(max_length=MAX_PROMPT_CHARS)


def _either_form(value: Any) -> Any:
    """Raises an error about the prompt itself: those of a union are about each of its forms."""
    text = value.get("text") if isinstance(value, dict) else value
    if value is not None and not isinstance(text, str):
        raise PydanticCustomError("prompt_form", "a prompt is a text, or an object with one as `text`")
    if text is not None and len(text) > MAX_PROMPT_CHARS:
        raise PydanticCustomError("prompt_length", f"a prompt has {MAX_PROMPT_CHARS} characters at most")
    return value


Prompt = Annotated[
    Annotated[str, Field(max_length=MAX_PROMPT_CHARS)] | PromptText | None, BeforeValidator(_either_form)
]


class SectionOrder(Body):
    """A section: what it should feel like, and where it is."""

    model_config = ConfigDict(extra="ignore")

    emotion: Word = Field(description="One of the emotions of `/api/v2/composition_params`")
    start: Milliseconds = Field(description="Where it begins, ms")
    length: Milliseconds = Field(description="How long it is, ms")


class TrackOrder(Body):
    """What a track is to be like, by a prompt, by fields, or both: then fields go before the prompt."""

    model_config = ConfigDict(extra="ignore")

    prompt: Prompt = Field(None, description=_PROMPT)
    genre: Word | None = Field(None, description="One of the genres of `/api/v2/composition_params`")
    duration_ms: Milliseconds | None = Field(None, description="Length, ms; that of the sections, or a minute")
    tempo: Word | None = Field(None, description="slow, medium or fast")
    title: Any = Field(None, description="Title; any JSON, answered back as it was sent")
    sections: Annotated[list[SectionOrder], Field(max_length=MAX_SECTIONS)] | None = Field(
        None, description="Sections in order, that cover the track without gaps"
    )
    format: Format | None = Field(None, description="Format of the track; current v1 only")
    looping: bool | None = Field(None, description="Whether the end leads back into the beginning")


class PromptOrder(Body):
    """A track to compose at once."""

    # Left out or null, a prompt is asked for in the words for an empty one.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"required": ["prompt"]})

    prompt: Prompt = Field(None, description=_PROMPT)
    format: Format = Field("wav", description="Format of the track and its stems")
    looping: bool | None = Field(None, description="Whether the end leads back into the beginning")


class StemsOrder(Body):
    """An empty object, or which composition the stems are wanted of."""

    model_config = ConfigDict(extra="ignore")

    version: int | None = Field(None, ge=0, description="Number of the composition, from 1; the latest if left out")


class Section(Body):
    """A section as answered."""

    emotion: str
    length: int
    start: int


class Track(Body):
    """A track as answered."""

    created_at: str = Field(examples=["Tue, 04 Apr 2023 09:49:33 GMT"])
    duration_ms: int
    genre: str
    sections: list[Section]
    tempo: str
    title: Any
    version: int = Field(description="How often it was composed")
    music_prompt: str | None = Field(description="The prompt, if it was made by one")
    understood: dict[str, str] = Field(description="Words of the prompt, and what was understood by them")


class Created(Body):
    """A new track. `tracks` has its id once more, where the current v1 looks for it."""

    status: str
    uuid: str
    track: Track
    tracks: list[str]


class ListedTrack(Body):
    """A track in the list."""

    title: Any
    project_id: str
    version: int


class TrackList(Body):
    """Tracks, newest first."""

    tracks: list[ListedTrack]


class TaskId(Body):
    """A composition or a making of stems that was begun."""

    task_id: str


class Started(TaskId):
    """The same in the current v1."""

    status: Literal["started"]


class SectionOption(Body):
    """A version of a section."""

    instruments: list[str] = Field(examples=[["percussion-tabla", "melody-sarangi"]])
    object_name: str
    option_number: int
    preview_url: str
    section_duration: int = Field(description="ms")
    track_url: str


class StemUrls(Body):
    """A stem of a version of a section."""

    preview_url: str
    track_url: str


SectionOptions = list[list[SectionOption]]
InstrumentUrls = list[list[dict[str, StemUrls]]]


class StatusMeta(Body):
    """How far a task is, and what came of it."""

    message: str | None = None
    percentage: int | None = None
    generationProgress: int | None = Field(None, description="The same; the document has both names")  # noqa: N815
    download_url: str | None = None
    section_options: SectionOptions | None = Field(None, description="[version][section]")


class Status(Body):
    """How a task stands. `meta` of finished stems is a list: [version][section], stem -> its addresses."""

    state: State
    meta: StatusMeta | InstrumentUrls
    error: str | None = Field(None, description="Why it failed; absent unless it did")


class ComposedTrack(Body):
    """A composition of a track; null and empty until it is done."""

    uuid: str
    state: State | None = Field(description="State of the composition; null before the first")
    version: int
    track: Track
    download_url: str | None
    section_options: SectionOptions
    instrument_urls: InstrumentUrls


class TaskMeta(Body):
    """What a task is about, and what came of it."""

    project_id: str | None
    track_id: str | None
    prompt: PromptText | None
    version: int | None
    track_url: str | None
    stems_url: dict[str, str] = Field(description="bass, chords, melody and percussion")


class Task(Body):
    """How a task stands."""

    status: Literal["composing", "composed", "failed"]
    percentage: int | None = Field(None, description="How much is done; absent unless it is composing")
    meta: TaskMeta | None = Field(None, description="Absent until it is composed")
    error: str | None = Field(None, description="Why it failed; absent unless it did")


class Blocked(Body):
    """A combination that is refused."""

    genre: str
    moods: list[str] | None = None
    mood: list[str] | None = None
    tempo: str


class CompositionParams(Body):
    """What can be asked for."""

    genre: list[str]
    emotion: list[str]
    tempo: list[str]
    blockedParams: list[Blocked]  # noqa: N815


class Error(Body):
    """Every answer that is not 200."""

    error: str
    code: str
    field: str | None = Field(None, description="The part of the request at fault; absent if none is")
