"""Projects. Their documents are looked at to the last field: what is not known there is refused, never lost."""
# ruff: noqa: N815

import re
from collections.abc import Iterator, Mapping, Set
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from functions.dialects.twoshot.schemas.users import Owner
from functions.http import schemas as base
from patchbay.core.numbers import MOST
from patchbay.domain.arrangement import MAX_CLIPS, MAX_SOURCES, MAX_TRACKS
from patchbay.domain.errors import InvalidInput
from patchbay.domain.ids import new_id
from patchbay.domain.projects import MAX_LABEL_CHARS
from patchbay.domain.samples import MAX_NAME_CHARS

TEMPO_SYNC: Final = "tempo-sync"
LONGEST_BEATS, LONGEST_S = 400_000, 86_400
_MOST_TOLD = 100
"""Characters of a field's name that nobody knows."""
_NOTED = "A note of your own about the audio; it is kept as it is, and nothing is worked out by it"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _fault(message: str) -> PydanticCustomError:
    """What a validator raises: pydantic puts its own words before a ValueError's."""
    return PydanticCustomError("document", "{message}", {"message": message})


def _id(given: str) -> str:
    if not _UUID.fullmatch(given.lower()):
        raise _fault("an id has the form 550e8400-e29b-41d4-a716-446655440000")
    return given.lower()


def _number_or(word: str, least: float, most: float) -> Any:
    """A number between two bounds, or a word: one field, so that its errors have its own path."""

    def check(given: Any) -> float | str:
        if given == word and isinstance(given, str):
            return word
        if isinstance(given, bool) or not isinstance(given, int | float) or not least <= given <= most:
            raise _fault(f'input should be a number from {least:g} to {most:g}, or "{word}"')
        return float(given)

    told = {"anyOf": [{"type": "number", "minimum": least, "maximum": most}, {"const": word, "type": "string"}]}
    return (PlainValidator(check), WithJsonSchema(told))


_SPEED, _LOOP = _number_or(TEMPO_SYNC, 0.1, 10), _number_or("auto", 1 / 16, LONGEST_BEATS)
Id = Annotated[StrictStr, AfterValidator(_id)]
OwnId = Annotated[str, Field(min_length=1, max_length=64)]
Title = Annotated[str, Field(max_length=MAX_NAME_CHARS)]
Tempo = Annotated[float, Field(ge=20, le=999, description="Beats a minute")]
Volume = Annotated[float, Field(ge=0, le=4, description="Linear amplitude; 1 leaves it as it is")]
Pan = Annotated[float, Field(ge=-1, le=1, description="-1 is left, 1 is right")]
Beats = Annotated[float, Field(ge=0, le=LONGEST_BEATS, description="Beats of the project's tempo")]
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, description="Seconds of the source")]
Speed = Annotated[float | Literal["tempo-sync"], *_SPEED]
LoopEvery = Annotated[float | Literal["auto"], *_LOOP]


class Part(base.Body):
    """A part of a document: JSON's own types, and no field but these."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Choice(Part):
    """A part of which only some fields are filled, and only those told."""

    @model_serializer(mode="wrap")
    def _filled(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value is not None}


class Color(Part):
    """A colour."""

    hue: float = Field(0.0, ge=0, le=360)
    saturation: float = Field(0.0, ge=0, le=100)
    lightness: float = Field(0.5, ge=0, le=100)


class PlayHead(Part):
    """Where playing begins and ends."""

    start: Beats = 0.0
    end: Beats | None = None

    @field_validator("end")
    @classmethod
    def _in_order(cls, end: float | None, told: ValidationInfo) -> float | None:
        if end is not None and end < told.data.get("start", 0.0):
            raise _fault("the end comes before the start")
        return end


class ClipSource(Choice):
    """What a clip is cut from: `audioId`, `sampleId` or both of one thing; or what a generation made, whose `audioId`
    may stand beside it.
    """

    audioId: Id | None = None
    sampleId: Annotated[int, Field(ge=1, le=MOST)] | None = None
    generationJobId: Id | None = None
    outputName: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    duration: Seconds | None = Field(None, description=_NOTED)
    tempo: Annotated[float, Field(ge=0, le=1000)] | None = Field(None, description=_NOTED)
    colour: Color | None = Field(None, description=_NOTED)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.generationJobId is None) != (self.outputName is None):
            raise _fault("generationJobId and outputName go together")
        if self.generationJobId is not None and self.sampleId is not None:
            raise _fault("a source is a sample's or a generation's, not both")
        if self.generationJobId is None and self.audioId is None and self.sampleId is None:
            raise _fault("a source is audioId or sampleId, or generationJobId with outputName")
        return self


class Clip(Part):
    """A piece of a source on a track."""

    id: OwnId = Field(default_factory=new_id)
    name: Title | None = ""
    color: Color | None = None
    position: Beats = 0.0
    muted: StrictBool = False
    volume: Volume = 1.0
    source: ClipSource
    pitchOffset: float = Field(0.0, ge=-48, le=48, description="Semitones")
    reversed: StrictBool = False
    speed: Speed = Field(1.0, description="2 is twice as fast; `tempo-sync`: the project's tempo over the source's")
    preservePitch: StrictBool = Field(True, description="False: faster is higher, as a tape does it")
    cutStart: Seconds = 0.0
    cutEnd: Seconds | None = Field(None, description="A position in the source, not a length; null: its end")
    pan: Pan = 0.0

    @field_validator("cutEnd")
    @classmethod
    def _after_start(cls, end: float | None, told: ValidationInfo) -> float | None:
        start = told.data.get("cutStart")
        if end is not None and start is not None and end <= start:
            raise _fault("a position in the source, which has to be after cutStart")
        return end


class Track(Part):
    """Clips with one fader."""

    id: OwnId = Field(default_factory=new_id)
    name: Title = ""
    clips: list[Clip] = Field(default_factory=list)
    pan: Pan = 0.0
    volume: Volume = 1.0
    muted: StrictBool = False
    loopEvery: LoopEvery | None = Field(
        None, description="The clips begin anew every so many beats; `auto`: after the bar in which the last one ends"
    )


class SoloTarget(Choice):
    """What alone is heard: a track or a clip."""

    track: OwnId | None = None
    clip: OwnId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.track is None) == (self.clip is None):
            raise _fault("either a track or a clip")
        return self


class ProjectData(base.Body):
    """The document of a project."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    tempo: Tempo
    grid: float = Field(0.25, ge=0, le=1024, description="Beats")
    snapToGrid: StrictBool = True
    playHead: PlayHead = Field(default_factory=PlayHead)
    soloTarget: SoloTarget | None = None
    tracks: list[Track] = Field(max_length=MAX_TRACKS)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """What no field can see alone. Raises `InvalidInput`, which names the very field, past pydantic."""
        check(self)
        return self

    def clips(self) -> Iterator[tuple[str, Clip]]:
        """(path, clip) of every clip."""
        for t, track in enumerate(self.tracks):
            for c, clip in enumerate(track.clips):
                yield f"tracks[{t}].clips[{c}]", clip


class Envelope(base.Body):
    """What a body has around a document, which may lie in `data` too, as answers have it. What else an answer tells
    may be sent back with it, and changes nothing.
    """

    @model_validator(mode="before")
    @classmethod
    def _opened(cls, given: Any) -> Any:
        """The document's fields beside the others. Raises `InvalidInput` for one that nobody knows."""
        if not isinstance(given, dict):
            return given
        inner = given.get("data", {})
        if not isinstance(inner, dict):
            raise InvalidInput("input should be a document", field="data")
        _check_known(given, cls.model_fields.keys() | Project.model_fields.keys())
        _check_known(inner, cls.model_fields.keys())
        return {**inner, **{name: value for name, value in given.items() if name != "data"}}


Label = Annotated[StrictStr, Field(max_length=MAX_LABEL_CHARS, description="Your own; it is kept as it is")]
Name = Annotated[StrictStr, Field(min_length=1, max_length=MAX_NAME_CHARS)]


class ProjectBody(Envelope, ProjectData):
    """A new project."""

    name: Name
    version: Label = ""
    public: StrictBool = False


_LEFT: Any = None
"""For what was left out; `model_fields_set` tells."""


class ProjectChange(Envelope):
    """A change: a whole document (name, tempo and tracks) takes the place of the one that is there, less of it changes
    what it names. `public` stays as it is if it is left out.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    name: Name = _LEFT
    version: Label = _LEFT
    public: StrictBool = _LEFT
    tempo: Tempo = _LEFT
    grid: float = Field(_LEFT, ge=0, le=1024, description="Beats")
    snapToGrid: StrictBool = _LEFT
    playHead: PlayHead = _LEFT
    soloTarget: SoloTarget | None = None
    tracks: list[Track] = Field(_LEFT, max_length=MAX_TRACKS)

    @property
    def whole(self) -> bool:
        """Whether it is a document of its own."""
        return {"name", "tempo", "tracks"} <= self.model_fields_set

    def document(self) -> dict[str, Any]:
        """The document's fields that it has."""
        return {name: getattr(self, name) for name in self.model_fields_set & ProjectData.model_fields.keys()}


class ProjectMade(base.Body):
    """A new project."""

    id: str


class Project(base.Body):
    """A project."""

    id: str
    owner: Owner
    public: bool
    name: str
    version: str
    created: str
    updated: str
    revision: int = Field(description="As in the ETag; `If-Match` takes it")
    duration: float = Field(description="Seconds, as far as the sources are known")
    data: ProjectData


class DataHead(base.Body):
    """The document of a project whose tracks would make the answer too large: ask for the project itself."""

    tempo: float
    tracks: None


class ListedProject(base.Body):
    """A project in a list."""

    id: str
    owner: Owner
    public: bool
    name: str
    version: str
    created: str
    updated: str
    revision: int
    duration: float
    data: ProjectData | DataHead


class SavedVersion(base.Body):
    """A document of a project, as it was saved."""

    revision: int
    current: bool = Field(description="Whether it is the one that the project has now")
    name: str
    version: str
    tempo: float
    duration: float
    sizeBytes: int
    saved: str


class ProjectGone(base.Body):
    """What was deleted."""

    id: str


def check(data: ProjectData) -> None:
    """What no field of a document can see alone. Raises `InvalidInput` that names the very field."""
    clips = list(data.clips())
    if len(clips) > MAX_CLIPS:
        raise InvalidInput(f"a project has at most {MAX_CLIPS} clips, not {len(clips)}", field="tracks")
    _unique("track", [(f"tracks[{t}]", track.id) for t, track in enumerate(data.tracks)])
    _unique("clip", [(path, clip.id) for path, clip in clips])
    sources: set[tuple[Any, ...]] = set()
    for path, clip in clips:
        sources.add(source_key(clip.source))
        if len(sources) > MAX_SOURCES:
            raise InvalidInput(f"a project has at most {MAX_SOURCES} different sources", field=f"{path}.source")
    solo = data.soloTarget
    if solo and solo.track is not None and solo.track not in {track.id for track in data.tracks}:
        raise InvalidInput(f"there is no track {solo.track}", field="soloTarget.track")
    if solo and solo.clip is not None and solo.clip not in {clip.id for _, clip in clips}:
        raise InvalidInput(f"there is no clip {solo.clip}", field="soloTarget.clip")


def _check_known(given: Mapping[Any, Any], names: Set[str]) -> None:
    """Raises `InvalidInput` for a field that has none of these names: nothing of a document is lost unsaid."""
    unknown = next((str(name) for name in given if name not in names), None)
    if unknown is not None:
        raise InvalidInput("a document has no such field", field=unknown[:_MOST_TOLD])


def source_key(source: ClipSource) -> tuple[Any, ...]:
    """What tells one source from another."""
    return source.audioId, source.sampleId, source.generationJobId, source.outputName


def _unique(what: str, ids: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for path, name in ids:
        if name in seen:
            raise InvalidInput(f"{path}.id: another {what} has this id, at {seen[name]}", field=f"{path}.id")
        seen[name] = path
