"""Signing in and out."""
# ruff: noqa: N815

from pydantic import Field

from functions.dialects.twoshot.schemas.common import Body
from functions.dialects.twoshot.schemas.users import User
from functions.http import schemas as base

_EMAIL, _PASSWORD = 320, 256


class Registration(Body):
    """A new user."""

    userName: str = Field(min_length=1, max_length=64)
    email: str = Field(min_length=3, max_length=_EMAIL)
    password: str = Field(min_length=1, max_length=_PASSWORD)
    firstName: str | None = Field(None, max_length=100)
    lastName: str | None = Field(None, max_length=100)
    referralCode: str | None = Field(None, max_length=64)


class Login(Body):
    """Who signs in."""

    email: str = Field(min_length=1, max_length=_EMAIL)
    password: str = Field(min_length=1, max_length=_PASSWORD)


class Refresh(Body):
    """A refresh token."""

    refreshToken: str = Field(min_length=1, max_length=8192)


class Logout(Body):
    """Which session is to end."""

    refreshToken: str | None = Field(None, max_length=8192)


class HandOverOrder(Body):
    """A session that another program is to get into."""

    refreshToken: str = Field(min_length=1, max_length=8192)
    codeChallenge: str = Field(
        min_length=1, max_length=128, description="Base64url of the SHA-256 of the verifier (RFC 7636, S256)"
    )


class HandOver(base.Body):
    """A code to exchange."""

    code: str
    expiresIn: int = Field(description="Seconds")


class Exchange(Body):
    """A code of `/auth/handover`, and what shows that it is yours."""

    code: str = Field(min_length=1, max_length=256)
    codeVerifier: str = Field(min_length=1, max_length=128)


class PasswordChange(Body):
    """A new password for who knows the old one."""

    currentPassword: str = Field(min_length=1, max_length=_PASSWORD)
    newPassword: str = Field(min_length=1, max_length=_PASSWORD)


class Verification(Body):
    """A code that was mailed, and where to."""

    email: str = Field(min_length=1, max_length=_EMAIL)
    code: str = Field(min_length=1, max_length=64)


class Forgotten(Body):
    """Whose password is forgotten."""

    email: str = Field(min_length=1, max_length=_EMAIL)


class Reset(Body):
    """A new password for who got the code."""

    email: str = Field(min_length=1, max_length=_EMAIL)
    code: str = Field(min_length=1, max_length=64)
    newPassword: str = Field(min_length=1, max_length=_PASSWORD)


class Session(base.Body):
    """Tokens of a user."""

    accessToken: str = Field(description="A JWT, for `Authorization: Bearer`")
    refreshToken: str
    expiresIn: int = Field(description="Seconds that the access token is good for")
    user: User


class Done(base.Body):
    """It was done."""

    success: bool
