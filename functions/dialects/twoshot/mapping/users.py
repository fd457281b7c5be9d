"""Users in the words of the TwoShot API. Links are made anew for each answer."""

from collections.abc import Callable
from typing import Any

from functions.dialects.twoshot.mapping.times import iso
from patchbay.domain.credits import Standing
from patchbay.domain.users import User

MakeLink = Callable[[str], str]
"""Makes a fresh link to an object of that key."""


def picture(number: int, key: str, link: MakeLink) -> dict[str, Any] | None:
    """A picture, if there is one."""
    return {"id": number, "url": link(key)} if key else None


def owner(found: User, followed: bool, link: MakeLink) -> dict[str, Any]:
    """A user as others see him beside his things."""
    return {
        "id": found.number,
        "userName": found.user_name,
        "verified": found.verified,
        "featured": found.featured,
        "displayPicture": picture(found.picture_number, found.picture_key, link),
        "followed": followed,
    }


def profile(found: User, followed: bool, followers: int, link: MakeLink) -> dict[str, Any]:
    """A user as others see him."""
    return {**owner(found, followed, link), **_about(found), "followerCount": followers}


def user(found: User, link: MakeLink) -> dict[str, Any]:
    """A user as he sees himself."""
    return {
        "id": found.number,
        "userName": found.user_name,
        "email": found.email,
        "displayPicture": picture(found.picture_number, found.picture_key, link),
        "verified": found.verified,
        "featured": found.featured,
        **_about(found),
    }


def me(found: User, standing: Standing, link: MakeLink) -> dict[str, Any]:
    """A user as he sees himself, and what he can spend."""
    return {**user(found, link), "credits": standing.left}


def info(found: User, standing: Standing, followers: int, requests_per_hour: int, link: MakeLink) -> dict[str, Any]:
    """A user as he sees himself, and how he stands."""
    return {
        **me(found, standing, link),
        "plan": found.plan,
        "creditsPerMonth": None if standing.left is None else standing.allowance,
        "creditsUsed": standing.spent,
        "creditsExtra": standing.extra,
        "creditsRenew": iso(standing.renews_at),
        "requestsPerHour": requests_per_hour,
        "referralCode": found.referral_code,
        "followerCount": followers,
    }


def _about(found: User) -> dict[str, Any]:
    return {
        "created": iso(found.created_at),
        "firstName": found.first_name or None,
        "lastName": found.last_name or None,
        "instagram": found.instagram or None,
        "soundcloudUrl": found.soundcloud_url or None,
    }
