"""Bodies of the SoundForge API. Requests may have fields that we do not know: its own program's clients send some."""

from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from functions.http import schemas as base
from patchbay.domain.errors import InvalidInput

T = TypeVar("T")
MAX_PATH_CHARS = 4096
AnalysisFeature = Literal["tempo", "key", "energy", "spectral", "mfcc", "chroma", "all"]
AnalysisType = Literal["full", "tempo", "key", "spectral", "energy", "structure", "loops", "arrangement"]
Engine = Literal["local", "lalalai"]


class Error(base.Body):
    """What is wrong."""

    error: str
    code: str
    message: str | None = None
    details: dict[str, list[str]] | None = Field(None, description="Field -> what is wrong with it")
    retry_after: int | None = Field(None, description="Seconds")
    request_id: str


class Data(base.Body, Generic[T]):
    """An answer."""

    data: T


class JobAnswer(Data[T], Generic[T]):
    """How a job stands, also in the form of the service's own program."""

    success: bool = True
    job_id: str
    status: str
    progress: int


class Body(base.Body):
    """Base of requests."""

    model_config = ConfigDict(extra="ignore")


class OnAudio(Body):
    """A request about a track, or about a file."""

    track_id: str | None = Field(None, max_length=64, description="A track, or an audio file, by its id")
    file_path: str | None = Field(
        None, max_length=MAX_PATH_CHARS, description="A path under `/files` in its place; beside it, of its audio"
    )

    @model_validator(mode="after")
    def names_one(self) -> Self:
        """Raises `InvalidInput` where neither is named."""
        if self.track_id is None and self.file_path is None:
            raise InvalidInput("name a track by track_id, or a file by file_path", field="track_id")
        return self


class SeparationOrder(OnAudio):
    """What to separate, and how."""

    model: str | None = Field(None, max_length=64, description="`htdemucs`, or the best installed one, if left out")
    engine: Engine | None = Field(
        "local", description="`lalalai`: LALAL.AI, by the key in your settings; your minutes there"
    )
    stems: Literal[2, 4, 6] | None = Field(
        None,
        description="With `lalalai`: 2 cost a minute there for a minute, 4 three, 6 six; as the model has if left out",
    )


class AnalysisOrder(OnAudio):
    """What to look for, and in what."""

    features: list[AnalysisFeature] | None = Field(None, min_length=1, max_length=16, description="All if left out")
    type: AnalysisType | None = Field(None, description="One of these in the place of features")


class Separation(Body):
    """A separation that was ordered."""

    job_id: str
    track_id: str
    model: str
    status: str


class Started(Body):
    """An analysis or a download that was ordered."""

    job_id: str
    track_id: str
    status: str


class Ordered(Body):
    """An order of a file, as the service's own program answers it."""

    success: bool = True
    job_id: str
    status: str
    model: str | None = Field(None, description="Of a separation")
    type: str | None = Field(None, description="Of an analysis for which no features were named")


class Stem(Body):
    """One stem of a separation."""

    id: str
    job_id: str
    track_id: str | None
    stem_type: str = Field(examples=["vocals"])
    file_path: str = Field(description="Path under this address")
    file_size: int | None = Field(description="Bytes")


class SeparationJob(Body):
    """How a separation stands."""

    id: str
    track_id: str | None
    status: Literal["queued", "processing", "completed", "failed"]
    progress: int = Field(ge=0, le=100)
    model: str
    stems: list[Stem]
    error: str | None
    engine: Engine | None = Field(None, description="Told where it is not `local`")
    task_id: str | None = Field(None, description="Of `lalalai`: its number there, while it is under way")


class AnalysisJob(Body):
    """How an analysis stands."""

    id: str
    track_id: str | None
    status: Literal["queued", "processing", "completed", "failed"]
    progress: int = Field(ge=0, le=100)
    result: dict[str, Any] | None
    error: str | None


class Mix(Body):
    """How a mix stands."""

    job_id: str
    track_id: str | None
    status: Literal["queued", "processing", "completed", "failed"]
    progress: int = Field(ge=0, le=100)
    url: str | None = Field(description="Where the mix is, for some time; null until it is completed")
    error: str | None


class KeptStem(Body):
    """A stem that an editor made, as the service's own program is answered."""

    ok: bool
    stem_id: str
    file_path: str = Field(description="Path under this address")


class Model(Body):
    """A model that separates."""

    name: str
    description: str
    stems: int
    available: bool = Field(description="Whether its weights are installed here")


class EngineChoice(Body):
    """What separates."""

    name: Engine
    available: bool = Field(description="Whether you can use it: `lalalai` takes a key in your settings")
    stems: list[int] = Field(description="How many it can make, where that can be chosen")


class Models(Body):
    """The models, and what else separates."""

    models: list[Model]
    engines: list[EngineChoice]


class LalalaiQuota(Body):
    """An account at LALAL.AI, minutes; null where it does not tell."""

    quota_minutes: float | None
    used_minutes: float | None
    remaining_minutes: float


class LalalaiTask(Body):
    """A separation there."""

    task_id: str = Field(min_length=1, max_length=64, description="As the job tells it, or the job's own id")


class LalalaiCancelled(Body):
    """What was ended."""

    task_id: str
    job_id: str
    status: Literal["cancelled"]


class LalalaiCancelledAll(Body):
    """How many were ended, and how many are left for another call: one has little time."""

    cancelled: int
    left: int


class AnalysisExport(Body):
    """What is known of a track's music."""

    track_id: str
    title: str
    artist: str
    analysis: dict[str, Any]


class SpotifyOrder(Body):
    """What to look up."""

    url: str = Field(min_length=1, max_length=2048, description="A track, an album or a playlist at Spotify")


class Track(Body):
    """One track of yours."""

    id: str
    spotify_id: str | None
    title: str
    artist: str
    album: str
    album_art_url: str | None
    duration: int | None = Field(description="Seconds")
    spotify_url: str | None
    has_audio: bool = Field(description="Whether it can be worked on")


class Found(Body):
    """What an address at Spotify is of: a track, or the tracks of an album or a playlist."""

    type: Literal["track", "album", "playlist"]
    name: str
    track: Track | None = None
    tracks: list[Track] | None = None


class FoundAnswer(Data[Found]):
    """What was found, also in the form of the service's own program."""

    success: bool = True
    metadata: Found


class TrackOrder(Body):
    """A track of audio of your own."""

    title: str = Field(min_length=1, max_length=400)
    artist: str = Field("", max_length=400)
    album: str = Field("", max_length=400)
    audio_id: str | None = Field(None, max_length=64, description="Audio that you uploaded, by its id")


class TrackAnswer(Body):
    """A track; where its audio is still to come, where to PUT that."""

    track: Track
    upload_url: str | None = None


class TrackPage(Body):
    """Tracks, newest first."""

    tracks: list[Track]
    next_before: str | None = Field(description="Give it as `before` for what comes after")


class Gone(Body):
    """What was deleted."""

    id: str


class DownloadOrder(Body):
    """Whose audio to download, and how good."""

    url: str | None = Field(None, min_length=1, max_length=2048, description="A track at Spotify")
    track_id: str | None = Field(None, max_length=64, description="A track of yours in its place")
    audio_url: str | None = Field(None, max_length=8192, description="Where its audio is, if you know that")
    quality: Literal["lossless", "high", "medium", "low"] | None = "high"

    @model_validator(mode="after")
    def names_one(self) -> Self:
        """Raises `InvalidInput` where neither is named, or both."""
        if (self.url is None) is (self.track_id is None):
            raise InvalidInput("name a track by its url at Spotify, or one of yours by track_id", field="url")
        return self


class DownloadJob(Body):
    """How a download stands."""

    id: str
    track_id: str | None
    status: Literal["queued", "downloading", "processing", "completed", "failed"]
    progress: int = Field(ge=0, le=100)
    output_path: str | None = Field(description="Path under this address")
    file_size: int | None = Field(description="Bytes")
    error: str | None


class Health(Body):
    """Whether it runs."""

    status: Literal["ok"] = "ok"


class Camel(Body):
    """Base of what scripts of our own pages read."""

    model_config = ConfigDict(alias_generator=to_camel)


class SessionUser(Camel):
    """Who is logged in."""

    id: str
    number: int = Field(description="By which the TwoShot API knows the same user")
    email: str
    user_name: str
    first_name: str
    last_name: str
    plan: str
    confirmed: bool = Field(description="Whether the e-mail address is verified, or need not be")


class Session(Camel):
    """What the studio begins with."""

    user: SessionUser | None = Field(None, description="Nobody is logged in, if null")
    csrf_token: str = Field(description="Goes into `x-csrf-token` of whatever changes something by the cookie")
    socket_token: str | None = Field(None, description="Opens one socket, within a minute")
    stage: str
