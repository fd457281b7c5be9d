"""Bodies of Patchbay's own API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from patchbay.domain.assets import AssetState, AudioInfo


class UploadOrder(BaseModel):
    """A file that is to be uploaded."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=255, description="File name, for you to know it by")
    size_bytes: int | None = Field(None, ge=1, description="Its size; needed for an upload in parts")
    method: Literal["put", "post", "parts"] = Field(
        "put", description="`put`: one PUT. `post`: a browser's form. `parts`: a PUT for each part, for large files"
    )


class PostForm(BaseModel):
    """A form upload: post `fields` and then the file, as `file`, to `url`."""

    url: str
    fields: dict[str, str]


class Parts(BaseModel):
    """An upload in parts: PUT part n, from 1, of `part_bytes` to `urls[n - 1]`; keep each answer's ETag."""

    upload_id: str
    part_bytes: int
    urls: list[str]


class Asset(BaseModel):
    """An audio file of yours."""

    id: str
    name: str
    state: AssetState = Field(description="`pending` until the bytes were looked at, then `ready` or `rejected`")
    reason: str | None = Field(description="Why it was rejected")
    audio: AudioInfo | None
    size_bytes: int | None
    sha256: str | None
    download_url: str | None = Field(description="A fresh link to the bytes; null while there are none to give")
    created_at: datetime


class Upload(BaseModel):
    """Where to send the bytes: one of `put_url`, `post` and `parts`, by the method asked for."""

    asset_id: str
    input_url: str = Field(description="The URL by which a job names this file")
    put_url: str | None = None
    post: PostForm | None = None
    parts: Parts | None = None


class Completion(BaseModel):
    """The parts that were sent."""

    model_config = ConfigDict(extra="forbid")

    upload_id: str = Field(min_length=1, max_length=1024)
    etags: Annotated[list[Annotated[str, Field(max_length=256)]], Field(min_length=1, max_length=10_000)] = Field(
        description="ETag of each part, in order, as PUT answered it"
    )


class AssetPage(BaseModel):
    """A page of assets, newest first."""

    assets: list[Asset]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one")


class Model(BaseModel):
    """A model that engines can load."""

    name: str
    title: str
    engine: str
    version: str
    stems: list[str]
    licence: str
    commercial_use: bool
    available: bool = Field(description="Whether it may run here: weights installed, licence allowed")


class ModelList(BaseModel):
    """Every model of the catalogue."""

    models: list[Model]


class Workflow(BaseModel):
    """One thing that can be ordered."""

    slug: str
    name: str
    description: str
    params: dict[str, Any] = Field(description="JSON Schema of its parameters")
    available: bool
    reason: str | None = Field(description="What stands in the way, where it is not available")
    outputs: list[str] = Field(description="Results that it makes if no parameter is given")


class WorkflowList(BaseModel):
    """Every workflow of the catalogue."""

    workflows: list[Workflow]


class Health(BaseModel):
    """Sign of life."""

    status: Literal["ok"]
    stage: str


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """Every answer that is not 2xx: RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="The request, as our log knows it")
    code: str
    errors: list[FieldError] | None = None
