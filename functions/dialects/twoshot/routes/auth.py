"""Routes about signing in and out. None needs a key: what they need is in their bodies, or is looked at by the core."""

from contextlib import suppress
from enum import Enum
from typing import Final

from fastapi import Request

from functions.dialects.twoshot.mapping import users
from functions.dialects.twoshot.routes.base import find_key, link
from functions.dialects.twoshot.schemas import auth as schemas
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from functions.http.limits import address
from patchbay import bootstrap
from patchbay.core.hand_over import LIVES
from patchbay.core.identity import Session
from patchbay.domain.errors import Conflict, RateLimited, Unauthenticated, Unavailable

TAGS: Final[list[str | Enum]] = ["Authentication"]
router = new_router()


@router.post("/auth/register", response_model=schemas.Session, status_code=201, tags=TAGS)
async def register(body: schemas.Registration) -> JsonAnswer:
    """Become a user, and sign in."""
    services = bootstrap.services()
    services.people.register(
        body.email, body.password, body.userName, body.firstName or "", body.lastName or "", body.referralCode or ""
    )
    session = services.identity.sign_in(body.email, body.password)
    with suppress(Conflict, RateLimited, Unavailable):  # it can be asked for again
        services.identity.send_proof(session.access_token)
    return JsonAnswer(_session(session), 201)


@router.post("/auth/verify", response_model=schemas.Done, tags=TAGS)
async def verify(request: Request, body: schemas.Verification) -> JsonAnswer:
    """Show, by the code that was mailed to it, that your address is yours. Needs an access token, not an API key."""
    bootstrap.services().identity.verify(_token(request), body.email, body.code)
    return JsonAnswer({"success": True})


@router.post("/auth/verify/resend", response_model=schemas.Done, tags=TAGS)
async def resend(request: Request) -> JsonAnswer:
    """Have the code mailed once more. Needs an access token, not an API key."""
    bootstrap.services().identity.send_proof(_token(request))
    return JsonAnswer({"success": True})


@router.post("/auth/login", response_model=schemas.Session, tags=TAGS)
async def login(request: Request, body: schemas.Login) -> JsonAnswer:
    """Sign in."""
    identity, asker = bootstrap.services().identity, address(request.scope)
    return JsonAnswer(_session(identity.sign_in(body.email, body.password, asker=asker)))


@router.post("/auth/refresh", response_model=schemas.Session, tags=TAGS)
async def refresh(body: schemas.Refresh) -> JsonAnswer:
    """A fresh access token."""
    return JsonAnswer(_session(bootstrap.services().identity.refresh(body.refreshToken)))


@router.post("/auth/logout", response_model=schemas.Done, tags=TAGS)
async def logout(request: Request, body: schemas.Logout | None = None) -> JsonAnswer:
    """Sign out: end the session of the refresh token, or without one that of the access token in `Authorization`."""
    token = (body.refreshToken if body else None) or find_key(request.headers)
    if not token:
        raise Unauthenticated("say which session is to end: by a refresh token, or by an access token")
    bootstrap.services().identity.sign_out(token)
    return JsonAnswer({"success": True})


@router.post("/auth/handover", response_model=schemas.HandOver, tags=TAGS)
async def hand_over(body: schemas.HandOverOrder) -> JsonAnswer:
    """A code by which another program of yours gets into your session, once."""
    code = bootstrap.services().identity.hand_over(body.refreshToken, body.codeChallenge)
    return JsonAnswer({"code": code, "expiresIn": int(LIVES.total_seconds())})


@router.post("/auth/exchange", response_model=schemas.Session, tags=TAGS)
async def exchange(body: schemas.Exchange) -> JsonAnswer:
    """The session that a code of `/auth/handover` stands for."""
    return JsonAnswer(_session(bootstrap.services().identity.exchange(body.code, body.codeVerifier)))


@router.post("/auth/password", response_model=schemas.Session, tags=TAGS)
async def change_password(request: Request, body: schemas.PasswordChange) -> JsonAnswer:
    """Change your password. All sessions end; the answer has a new one. Needs an access token, not an API key."""
    identity = bootstrap.services().identity
    token, asker = _token(request), address(request.scope)
    return JsonAnswer(_session(identity.change_password(token, body.currentPassword, body.newPassword, asker=asker)))


@router.post("/auth/password/forgot", response_model=schemas.Done, tags=TAGS)
async def forgot_password(request: Request, body: schemas.Forgotten) -> JsonAnswer:
    """Have a code mailed. The answer is the same whether there is such a user or not."""
    bootstrap.services().identity.forgot(body.email, address(request.scope))
    return JsonAnswer({"success": True})


@router.post("/auth/password/reset", response_model=schemas.Done, tags=TAGS)
async def reset_password(request: Request, body: schemas.Reset) -> JsonAnswer:
    """Set a new password by the code that was mailed."""
    asker = address(request.scope)
    bootstrap.services().identity.reset(body.email, body.code, body.newPassword, asker=asker)
    return JsonAnswer({"success": True})


def _token(request: Request) -> str:
    token = find_key(request.headers)
    if not token:
        raise Unauthenticated("an access token is needed in Authorization")
    return token


def _session(found: Session) -> dict[str, object]:
    return {
        "accessToken": found.access_token,
        "refreshToken": found.refresh_token,
        "expiresIn": found.expires_in_s,
        "user": users.user(found.user, link),
    }
