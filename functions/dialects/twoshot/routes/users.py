"""Routes about users."""

from enum import Enum
from typing import Annotated, Final

from fastapi import Query, Request

from functions.dialects.twoshot import forms
from functions.dialects.twoshot.mapping import users as mapping
from functions.dialects.twoshot.routes.base import QUOTAS, link, viewer
from functions.dialects.twoshot.schemas import users as schemas
from functions.dialects.twoshot.schemas.common import Limit, Number
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.uploads import form_body
from patchbay import bootstrap
from patchbay.core.numbers import MOST

PROFILE, PICTURE = "/user/{profile_id}", "/user/picture"
TAGS: Final[list[str | Enum]] = ["Users"]
router = new_router()


@router.get("/user", response_model=schemas.Me, tags=TAGS)
async def get_user(request: Request) -> JsonAnswer:
    """You."""
    services, who = bootstrap.services(), caller(request)
    standing = services.credits.standing(who.tenant_id, who.plan)
    return JsonAnswer(mapping.me(services.people.by_id(who.tenant_id), standing, link))


@router.get("/user/info", response_model=schemas.UserInfo, tags=TAGS)
async def get_user_info(request: Request) -> JsonAnswer:
    """You, and how you stand here."""
    services, who = bootstrap.services(), caller(request)
    found = services.people.by_id(who.tenant_id)
    standing, followers = services.credits.standing(who.tenant_id, who.plan), services.people.followers([found])[0]
    return JsonAnswer(mapping.info(found, standing, followers, QUOTAS.of(who).requests, link))


@router.get("/user/referred", response_model=list[schemas.Profile], tags=TAGS)
async def list_referred(
    request: Request,
    limit: Limit = 20,
    before: Annotated[int | None, Query(ge=1, le=MOST, description="Last id of the page before")] = None,
) -> JsonAnswer:
    """Users who registered with your referral code, newest first."""
    people, who = bootstrap.services().people, caller(request)
    last = people.by_number(before).id if before is not None else None
    found = people.referred(who.tenant_id, limit=limit, before=last)
    followed, followers = people.followed(who.tenant_id, found), people.followers(found)
    return JsonAnswer([mapping.profile(*of, link) for of in zip(found, followed, followers, strict=True)])


@router.post(f"{PICTURE}/upload", response_model=schemas.Upload, tags=TAGS)
async def begin_picture(request: Request, body: schemas.PictureOrder) -> JsonAnswer:
    """Where to send a picture, yours or a sample's."""
    services = bootstrap.services()
    upload_id, url = services.picture_uploads.begin(caller(request).tenant_id, body.sizeBytes)
    return JsonAnswer({"uploadId": upload_id, "uploadUrl": url, "expiresIn": services.limits.upload_ttl_s})


@router.patch(
    PICTURE,
    response_model=schemas.User,
    tags=TAGS,
    openapi_extra=forms.file_or_json(form_body(), schemas.PictureUpload),
)
async def set_picture(request: Request) -> JsonAnswer:
    """Take a picture: made a small JPEG, without what cameras write beside it."""
    found = bootstrap.services().people.set_picture(caller(request).tenant_id, await forms.picture(request))
    return JsonAnswer(mapping.user(found, link))


@router.patch("/user/instagram", response_model=schemas.User, tags=TAGS)
async def set_instagram(request: Request, body: schemas.Instagram) -> JsonAnswer:
    """Tell your name at Instagram."""
    found = bootstrap.services().people.set_instagram(caller(request).tenant_id, body.instagram or "")
    return JsonAnswer(mapping.user(found, link))


@router.get(PROFILE, response_model=schemas.Profile, tags=TAGS)
async def get_profile(request: Request, profile_id: Number) -> JsonAnswer:
    """A user."""
    people = bootstrap.services().people
    found = people.by_number(profile_id)
    followed, followers = people.followed(viewer(request), [found]), people.followers([found])
    return JsonAnswer(mapping.profile(found, followed[0], followers[0], link))


@router.post("/user/{user_id}/follow", response_model=schemas.Follow, tags=TAGS)
async def follow_user(request: Request, user_id: Number) -> JsonAnswer:
    """Follow somebody; asking again changes nothing."""
    count = bootstrap.services().people.follow(caller(request).tenant_id, user_id)
    return JsonAnswer({"following": True, "followerCount": count})


@router.delete("/user/{user_id}/follow", response_model=schemas.Follow, tags=TAGS)
async def unfollow_user(request: Request, user_id: Number) -> JsonAnswer:
    """Follow somebody no longer; asking again changes nothing."""
    count = bootstrap.services().people.unfollow(caller(request).tenant_id, user_id)
    return JsonAnswer({"following": False, "followerCount": count})
