"""Users."""
# ruff: noqa: N815

from pydantic import BaseModel, Field

from functions.dialects.twoshot.schemas.common import Body


class Picture(BaseModel):
    """A picture: a small JPEG."""

    id: int
    url: str = Field(description="Fresh link")


class Owner(BaseModel):
    """A user as others see him beside his things."""

    id: int
    userName: str
    verified: bool
    featured: bool
    displayPicture: Picture | None
    followed: bool = Field(description="Whether you follow him")


class Profile(Owner):
    """A user as others see him."""

    created: str
    firstName: str | None
    lastName: str | None
    instagram: str | None
    soundcloudUrl: str | None
    followerCount: int


class User(BaseModel):
    """You."""

    id: int
    userName: str
    firstName: str | None
    lastName: str | None
    email: str
    created: str
    displayPicture: Picture | None
    verified: bool
    featured: bool
    instagram: str | None
    soundcloudUrl: str | None


class UserInfo(User):
    """You, and how you stand here."""

    plan: str = Field(examples=["standard"])
    requestsPerHour: int = Field(description="How many requests your plan has")
    referralCode: str = Field(description="Whoever registers with it shows up at /user/referred")
    followerCount: int


class Follow(BaseModel):
    """Whether you follow somebody now."""

    following: bool
    followerCount: int


class Instagram(Body):
    """A name at Instagram."""

    instagram: str = Field(max_length=100, description="Name or address; empty to remove it")


class PictureOrder(Body):
    """A picture that is to be uploaded."""

    sizeBytes: int = Field(ge=1, description="The upload URL takes exactly so many bytes")


class PictureUpload(Body):
    """A picture that was sent to an upload URL."""

    uploadId: str = Field(min_length=1, max_length=64)


class Upload(BaseModel):
    """Where to send a file: PUT its bytes to `uploadUrl`, then name `uploadId` where the file is wanted."""

    uploadId: str
    uploadUrl: str
    expiresIn: int = Field(description="Seconds")
