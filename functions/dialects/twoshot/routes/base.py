"""What the routes share."""

import re
from collections.abc import Sequence
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from functions.dialects.twoshot.mapping import samples as mapping
from functions.dialects.twoshot.mapping import users
from functions.http.app import JsonAnswer, anybody
from functions.http.limits import Quotas
from patchbay import bootstrap
from patchbay.core.limits import Quota
from patchbay.domain.errors import NotFound
from patchbay.domain.samples import Sample

NAME: Final = "twoshot"
_HOUR_S = 3600
QUOTAS: Final = Quotas(Quota(100, _HOUR_S), Quota(1000, _HOUR_S), Quota(5000, _HOUR_S))
"""The document's: anonymous, authenticated, premium."""
_WEIGHT: Final = r"[01](\.\d{0,3})?"


def find_key(headers: Headers) -> str | None:
    """The credential: `Authorization: Bearer <JWT or key>` or `X-API-Key: <key>`."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    bearer = rest.strip() if scheme.lower() == "bearer" else ""
    return bearer or headers.get("x-api-key")


def viewer(request: Request) -> str | None:
    """Tenant id of who asks, on a route that answers anybody."""
    who = anybody(request)
    return who.tenant_id if who else None


def link(key: str) -> str:
    """A fresh link to an object of ours."""
    services = bootstrap.services()
    return services.objects.presign_get(key, expires_s=services.limits.link_ttl_s)


def tenant_of(number: int) -> str | None:
    """Tenant id of the user of a public number, or None."""
    try:
        return bootstrap.services().people.by_number(number).id
    except NotFound:
        return None


def items(found: Sequence[Sample], watcher: str | None) -> list[dict[str, Any]]:
    """Samples with what belongs to them, as somebody sees them. Of one whose owner is gone nothing is told."""
    services = bootstrap.services()
    people = services.people.by_ids(list(dict.fromkeys(sample.tenant_id for sample in found)))
    followed = services.people.followed(watcher, people)
    owners = {user.id: users.owner(user, follows, link) for user, follows in zip(people, followed, strict=True)}
    shown = [sample for sample in found if sample.tenant_id in owners]
    likes, liked = services.samples.likes(shown), services.samples.liked(watcher, shown)
    return [
        mapping.item(sample, owners[sample.tenant_id], liked=by_me, likes=count, mine=sample.tenant_id == watcher)
        for sample, count, by_me in zip(shown, likes, liked, strict=True)
    ]


def to_file(request: Request, told: dict[str, Any], licence_id: int | None = None) -> Response:
    """The way to a file: its address as JSON for who would rather have that, else a redirection.

    The licence that the file is under is in both (RFC 8288, relation `license`).
    """
    headers = {"vary": "accept"}
    if licence_id is not None:
        headers["link"] = f'</licence/{licence_id}>; rel="license"'
    if prefers_json(",".join(request.headers.getlist("accept"))):
        return JsonAnswer(told, headers=headers)
    return Response(status_code=302, headers={**headers, "location": told["url"]})


def prefers_json(accept: str) -> bool:
    """Whether JSON is wanted more than whatever there is (RFC 9110, section 12.5.1).

    Programs whose HTTP library names it beside `*/*` on every request, as axios does, ask for files all the same.
    """
    wanted = dict.fromkeys(("application/json", "*/*"), 0.0)
    for part in accept.lower().split(","):
        kind, *more = (text.strip() for text in part.split(";"))
        weight = next((text[2:].strip() for text in more if text.startswith("q=")), "1")
        if kind in wanted and re.fullmatch(_WEIGHT, weight):
            wanted[kind] = float(weight)
    return wanted["application/json"] > wanted["*/*"]
