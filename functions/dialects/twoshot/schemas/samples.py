"""Samples."""
# ruff: noqa: N815

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from functions.dialects.twoshot.schemas.common import Body, Whether, Which
from functions.dialects.twoshot.schemas.users import Owner
from functions.http import schemas as base
from patchbay.core.numbers import MOST
from patchbay.domain.samples import MAX_NAME_CHARS, MAX_TAG_CHARS, MAX_TAGS

Sort = Literal["latest", "oldest", "popular", "name"]


def _listed(given: Any) -> Any:
    """Tags as a form has them: a JSON array, or names with commas between them."""
    if not isinstance(given, str):
        return given
    text = given.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("tags are an array, or names with commas between them") from None
    return [tag for part in text.split(",") if (tag := part.strip())]


Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG_CHARS)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), BeforeValidator(_listed)]


class SampleFacts(Body):
    """What is told of a sample when it is made."""

    name: str | None = Field(None, max_length=MAX_NAME_CHARS, description="The file's name if left out")
    public: Whether = Field(None, description="False if left out")
    scale: str | None = Field(None, max_length=32, description="Such as `C Major`; heard out of the audio if left out")
    tags: Tags = Field(default_factory=list)
    folderId: Which = None
    licenceId: Which = None


class UploadedSample(SampleFacts):
    """A sample of a file that was sent to an upload URL."""

    uploadId: str = Field(min_length=1, max_length=64, description="Of `POST /sample/upload`")


class UploadOrder(Body):
    """A file that is to be uploaded."""

    name: str = Field(min_length=1, max_length=255, description="The file's")
    sizeBytes: int | None = Field(None, ge=1, description="If told, the upload URL takes exactly so many bytes")


class Made(base.Body):
    """A new sample."""

    sampleId: int
    audioId: str
    processing: bool = Field(description="Whether its audio is still to be listened to")


class SampleBody(base.Body):
    """A sample."""

    id: int
    name: str
    created: str
    audioId: str
    ownerId: int
    parentFolderId: int | None
    public: bool
    scale: str | None = Field(examples=["A Minor"])
    imageId: int | None


class AudioInfo(base.Body):
    """What is known of a sample's audio."""

    id: str
    duration: float | None = Field(description="Seconds")
    bpm: float | None
    free: bool
    licenceId: int | None


class Item(base.Body):
    """A sample with what belongs to it."""

    sample: SampleBody
    owner: Owner
    tags: list[str]
    audioInfo: AudioInfo
    liked: bool = Field(description="Whether you like it")
    likes: int


class Details(Item):
    """A sample with all there is to it."""

    processing: bool
    error: str | None = Field(description="Why its audio could not be listened to")
    peaks: list[float] = Field(description="Greatest absolute value of each of at most 200 stretches, 0 to 1")
    imageUrl: str | None = Field(description="Fresh link to its picture")


class Like(base.Body):
    """Whether you like a sample now."""

    liked: bool
    likes: int


class Visibility(Body):
    """Who finds a sample."""

    public: bool


class Name(Body):
    """A new name."""

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS)


class TagList(Body):
    """The tags of a sample, in the place of those that it has."""

    tags: Tags


class InFolder(Body):
    """The folder that a sample is in; null for none."""

    folderId: int | None = Field(ge=1, le=MOST)


class UnderLicence(Body):
    """The licence that a sample is under; null for none."""

    licenceId: int | None = Field(ge=1, le=MOST)


class InScale(Body):
    """The scale of a sample; empty if it has none."""

    scale: str = Field(max_length=32)


class Folder(base.Body):
    """A folder."""

    id: int
    name: str
    created: str
    samples: int = Field(description="How many samples are in it")


class Gone(base.Body):
    """What was deleted."""

    id: int


class Trend(base.Body):
    """A tag that is in use."""

    tag: str
    count: int
