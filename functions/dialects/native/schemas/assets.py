"""Bodies about audio files."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from functions.dialects.native.schemas.common import NEXT, Order
from functions.http.schemas import Body
from patchbay.domain.assets import AssetState, AudioInfo

_KEEP = "When the file is to be forgotten, with a time zone; the stage's own rule if left out, which may be never"


class UploadOrder(Order):
    """A file that is to be uploaded."""

    name: str = Field("", max_length=255, description="File name, for you to know it by", examples=["song.wav"])
    size_bytes: int | None = Field(None, ge=1, description="Its size; needed for an upload in parts")
    method: Literal["put", "post", "parts"] = Field(
        "put", description="`put`: one PUT. `post`: a browser's form. `parts`: a PUT for each part, for large files"
    )
    keep_until: AwareDatetime | None = Field(None, description=_KEEP, examples=["2030-01-31T12:00:00Z"])


class PostForm(Body):
    """A form upload: post `fields` and then the file, as `file`, to `url`."""

    url: str = Field(description="Where to post the form")
    fields: dict[str, str] = Field(description="Fields to send before the file")


class Parts(Body):
    """An upload in parts: PUT part n, from 1, of `part_bytes` to `urls[n - 1]`; keep each answer's ETag."""

    upload_id: str = Field(description="Name it when the parts are complete")
    part_bytes: int = Field(description="Size of every part but the last")
    urls: list[str] = Field(description="One for each part, in order")


class AssetOrder(Order):
    """A file that is to be fetched from the web."""

    source_url: str = Field(
        min_length=1,
        max_length=8192,
        description="Public http or https URL of the file; it is fetched soon, and once",
        examples=["https://example.org/song.mp3"],
    )
    name: str = Field("", max_length=255, description="File name to know it by; the URL's own if left out")
    keep_until: AwareDatetime | None = Field(None, description=_KEEP, examples=["2030-01-31T12:00:00Z"])


class Retention(Order):
    """How long a file is to be kept."""

    keep_until: AwareDatetime | None = Field(
        description="When the file is to be forgotten, with a time zone; null to keep it until you delete it",
        examples=["2030-01-31T12:00:00Z"],
    )


class Asset(Body):
    """An audio file of yours."""

    id: str = Field(description="Its id, by which a job can name it")
    name: str = Field(description="File name, as you gave it")
    state: AssetState = Field(description="`pending` until the bytes were looked at, then `ready` or `rejected`")
    reason: str | None = Field(description="Why it was rejected")
    audio: AudioInfo | None = Field(description="What the bytes are; null until they were looked at")
    size_bytes: int | None = Field(description="Size of the file")
    sha256: str | None = Field(description="Hash of the file, in hexadecimal digits")
    source_url: str | None = Field(description="Where it was, or is to be, fetched from; null for an upload")
    download_url: str | None = Field(description="A fresh link to the bytes; null while there are none to give")
    created_at: datetime = Field(description="When it was asked for")
    keep_until: datetime | None = Field(description="When it is forgotten; null if it is kept until you delete it")


class Upload(Body):
    """Where to send the bytes: one of `put_url`, `post` and `parts`, by the method asked for."""

    asset_id: str = Field(description="Id of the asset that the file becomes")
    input_url: str = Field(description="The URL by which a job of any dialect names this file")
    put_url: str | None = Field(None, description="Where to PUT the file")
    post: PostForm | None = Field(None, description="The form by which a browser posts the file")
    parts: Parts | None = Field(None, description="Where to PUT the parts of the file")


class Completion(Order):
    """The parts that were sent."""

    upload_id: str = Field(min_length=1, max_length=1024, description="As the upload's answer told it")
    etags: Annotated[list[Annotated[str, Field(max_length=256)]], Field(min_length=1, max_length=10_000)] = Field(
        description="ETag of each part, in order, as PUT answered it"
    )


class AssetPage(Body):
    """A page of assets, newest first."""

    assets: list[Asset] = Field(description="At most `limit` of them")
    next_cursor: str | None = Field(description=NEXT)
