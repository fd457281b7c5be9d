"""Routes about who asks: user, applications, keys, usage."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Body, Query, Request

from functions.dialects.native.mapping import accounts as mapping
from functions.dialects.native.mapping.costs import budgets
from functions.dialects.native.paging import Cursor, Limit, cut, walked
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import accounts as schemas
from functions.http import cookies
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.domain.errors import Forbidden, InvalidInput, NotFound
from patchbay.domain.users import ALL_SCOPES, SCOPES, ApiKey, Caller

KEYS = f"{BASE}/keys"
ROTATE_KEY = f"{BASE}/keys/{{key_id}}/rotate"
MAX_MONTHS = 24
router = new_router()


@router.get(f"{BASE}/me", response_model=schemas.Me, tags=["Account"])
async def me(request: Request) -> JsonAnswer:
    """Whom your key speaks for, and what it may do."""
    who, accounts, key = caller(request), bootstrap.services().accounts, _key_of(request)
    return JsonAnswer(
        {
            "user": mapping.user(accounts.user(who.tenant_id)),
            "application": mapping.application(accounts.application(who)),
            "key": _shown(key) if key else None,
        }
    )


@router.get(f"{BASE}/usage", response_model=schemas.Usage, tags=["Account"])
async def usage(
    request: Request,
    months: Annotated[int, Query(ge=1, le=MAX_MONTHS, description="How many months, this one included")] = 3,
) -> JsonAnswer:
    """What you used, by month, dialect and workflow, and what you have now of what is bounded.

    Jobs are counted in the month they ended; those that failed or were cancelled apart, but with what they cost.
    """
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    used = services.usage.months(tenant_id, months)
    held, standing = services.assets.holdings.standing(tenant_id), services.budgets.standing(tenant_id)
    return JsonAnswer({**mapping.usage(used), "held": mapping.held(held), "budgets": budgets(standing)})


@router.get(f"{BASE}/applications", response_model=schemas.ApplicationPage, tags=["Applications"])
async def list_applications(request: Request, limit: Limit = 50, cursor: Cursor = None) -> JsonAnswer:
    """Your applications, oldest first."""
    found = bootstrap.services().accounts.applications(caller(request).tenant_id)
    page, following = cut(found, lambda application: application.id, limit, cursor)
    return JsonAnswer({"applications": [mapping.application(a) for a in page], "next_cursor": following})


@router.post(f"{BASE}/applications", response_model=schemas.Application, tags=["Applications"])
async def create_application(request: Request, body: schemas.ApplicationOrder) -> JsonAnswer:
    """Make one more application, 50 at most."""
    accounts = bootstrap.services().accounts
    made = accounts.create_application(caller(request).tenant_id, body.name, once_of(request))
    return JsonAnswer(mapping.application(made))


@router.get(f"{BASE}/applications/{{application_id}}", response_model=schemas.Application, tags=["Applications"])
async def get_application(request: Request, application_id: str) -> JsonAnswer:
    """An application of yours."""
    found = bootstrap.services().accounts.application_of(caller(request).tenant_id, application_id)
    return JsonAnswer(mapping.application(found))


@router.patch(f"{BASE}/applications/{{application_id}}", response_model=schemas.Application, tags=["Applications"])
async def rename_application(request: Request, application_id: str, body: schemas.ApplicationOrder) -> JsonAnswer:
    """Give an application another name."""
    accounts, tenant_id = bootstrap.services().accounts, caller(request).tenant_id
    accounts.application_of(tenant_id, application_id)
    return JsonAnswer(mapping.application(accounts.rename_application(tenant_id, application_id, body.name)))


@router.get(KEYS, response_model=schemas.KeyPage, tags=["Keys"])
async def list_keys(request: Request, limit: Limit = 50, cursor: Cursor = None) -> JsonAnswer:
    """Your keys, newest first, revoked ones included. Their secrets are stored nowhere."""
    accounts, tenant_id = bootstrap.services().accounts, caller(request).tenant_id
    page, following = walked(
        lambda count, before: accounts.keys(tenant_id, limit=count, before=before), lambda k: k.id, limit, cursor
    )
    return JsonAnswer({"keys": [_shown(key) for key in page], "next_cursor": following})


@router.post(KEYS, response_model=schemas.NewKey, tags=["Keys"])
async def create_key(request: Request, body: schemas.KeyOrder) -> JsonAnswer:
    """Make a key. Its secret is in this answer and nowhere else: a repetition of the request is answered 409."""
    who, accounts = caller(request), bootstrap.services().accounts
    scopes = tuple(body.scopes or who.scopes)
    _may_give(who, scopes)
    key = _key_of(request)
    expires_at = _no_longer_than(key.expires_at if key else None, body.expires_at)
    try:
        application = accounts.application_of(who.tenant_id, body.application_id or who.application_id)
    except NotFound as error:
        raise InvalidInput(str(error), field="application_id") from None
    made, secret = accounts.create_key(
        application, name=body.name, scopes=scopes, expires_at=expires_at, once=once_of(request)
    )
    return JsonAnswer({**_shown(made), "secret": secret})


@router.get(f"{BASE}/keys/{{key_id}}", response_model=schemas.Key, tags=["Keys"])
async def get_key(request: Request, key_id: str) -> JsonAnswer:
    """A key of yours, without its secret."""
    return JsonAnswer(_shown(bootstrap.services().accounts.key(caller(request).tenant_id, key_id)))


@router.post(ROTATE_KEY, response_model=schemas.NewKey, tags=["Keys"])
async def rotate_key(
    request: Request, key_id: str, body: Annotated[schemas.KeyRotation | None, Body()] = None
) -> JsonAnswer:
    """Replace a key by a new one like it. The old one ends at once, or after `keep_old_for_s`."""
    who, accounts = caller(request), bootstrap.services().accounts
    _may_give(who, accounts.key(who.tenant_id, key_id).scopes)
    kept = timedelta(seconds=body.keep_old_for_s if body else 0)
    key, secret = accounts.rotate_key(who.tenant_id, key_id, keep_old_for=kept, once=once_of(request))
    return JsonAnswer({**_shown(key), "secret": secret})


@router.delete(f"{BASE}/keys/{{key_id}}", response_model=schemas.Key, tags=["Keys"])
async def revoke_key(request: Request, key_id: str) -> JsonAnswer:
    """End a key at once, for good. It stays in the list."""
    return JsonAnswer(_shown(bootstrap.services().accounts.revoke_key(caller(request).tenant_id, key_id)))


def _key_of(request: Request) -> ApiKey | None:
    """The key that asks; None for a browser, which has a session instead."""
    who = caller(request)
    return None if cookies.noted(request.scope) else bootstrap.services().accounts.key(who.tenant_id, who.key_id)


def _shown(key: ApiKey) -> dict[str, Any]:
    return mapping.key(key, bootstrap.services().clock.now())


def _no_longer_than(own: datetime | None, wanted: datetime | None) -> datetime | None:
    """When a key ends that is made by one which ends itself: then at the latest. Raises `Forbidden`."""
    if own is not None and wanted is not None and wanted > own:
        raise Forbidden(f"this key ends at {own.isoformat()}; it cannot give a key that lives longer")
    return wanted or own


def _may_give(who: Caller, scopes: Sequence[str]) -> None:
    """Nobody hands out more than they may do. Raises `Forbidden`."""
    wanted = set(SCOPES) if ALL_SCOPES in scopes else set(scopes)
    if ALL_SCOPES not in who.scopes and not wanted <= set(who.scopes):
        raise Forbidden(f"this key may only {' and '.join(who.scopes)}; it cannot give a key that may do more")
