"""What a page of the studio begins with."""

from enum import Enum
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from functions.dialects.soundforge import schemas, visits
from functions.dialects.soundforge.routes.base import data
from functions.http.app import JsonAnswer, anybody
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.core.browsers import BROWSER, form_token
from patchbay.domain.users import Caller

SESSION: Final = "/api/session"
TAGS: Final[list[str | Enum]] = ["Session"]
router = new_router()


@router.get(SESSION, response_model=schemas.Data[schemas.Session], tags=TAGS)
async def get_session(request: Request) -> Response:
    """Who is logged in, and the tokens that go with the cookie. A visitor without a cookie gets one."""
    visit = visits.of(request)
    # The cookie lives as long as the session, which goes on while its owner comes back.
    return visit.kept(JsonAnswer(data(told(visit.secret, anybody(request)))), visit.secret, told=False)


def told(secret: str, who: Caller | None) -> dict[str, Any]:
    """A session, as scripts are told it."""
    services = bootstrap.services()
    user = services.people.by_id(who.tenant_id) if who else None
    shown = user and {
        "id": user.id,
        "number": user.number,
        "email": user.email,
        "userName": user.user_name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "plan": user.plan,
        "confirmed": not (who and who.unconfirmed),
    }
    return {
        "user": shown,
        "csrfToken": form_token(secret),
        "socketToken": _ticket(secret, who) if who else None,
        "stage": services.settings.stage,
    }


def _ticket(secret: str, who: Caller) -> str:
    """What opens a socket that lives no longer than the key, or the session, that asks."""
    browser = secret if who.key_id == BROWSER else ""
    return bootstrap.services().sockets.ticket(who.tenant_id, key_id=who.key_id, browser=browser)
