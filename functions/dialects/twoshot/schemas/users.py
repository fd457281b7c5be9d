"""Users."""
# ruff: noqa: N815

from pydantic import Field

from functions.dialects.twoshot.schemas.common import Body
from functions.http import schemas as base


class Picture(base.Body):
    """A picture: a small JPEG."""

    id: int
    url: str = Field(description="Fresh link")


class Owner(base.Body):
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


class User(base.Body):
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


class Me(User):
    """You, and what you can spend."""

    credits: int | None = Field(description="Credits that you have now; null: as many as you like")


class UserInfo(Me):
    """You, and how you stand here."""

    plan: str = Field(examples=["standard"])
    creditsPerMonth: int | None = Field(description="What your plan gives each month; null: no end of it")
    creditsUsed: int = Field(description="Of this month's")
    creditsExtra: int = Field(description="Credits beside the month's, which no month ends; spent after them")
    creditsRenew: str = Field(description="When the next month's come")
    requestsPerHour: int = Field(description="How many requests your plan has")
    referralCode: str = Field(description="Whoever registers with it shows up at /user/referred")
    followerCount: int


class Follow(base.Body):
    """Whether you follow somebody now."""

    following: bool
    followerCount: int


class Instagram(Body):
    """A name at Instagram."""

    instagram: str | None = Field(max_length=100, description="Name or address; empty or null to remove it")


class PictureOrder(Body):
    """A picture that is to be uploaded."""

    sizeBytes: int = Field(ge=1, description="The upload URL takes exactly so many bytes")


class PictureUpload(Body):
    """A picture that was sent to an upload URL."""

    uploadId: str = Field(min_length=1, max_length=64)


class Upload(base.Body):
    """Where to send a file: PUT its bytes to `uploadUrl`, then name `uploadId` where the file is wanted."""

    uploadId: str
    uploadUrl: str
    expiresIn: int = Field(description="Seconds")
