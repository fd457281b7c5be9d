"""Routes that link a person's own account at Spotify."""

from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.dialects.soundforge import visits
from functions.dialects.soundforge.pages.forms import Form
from functions.dialects.soundforge.pages.markup import NOTHING, Html, fill
from functions.dialects.soundforge.routes.people import TAGS, answered, sentence
from functions.dialects.soundforge.visits import Visit
from functions.http import forms
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.domain.errors import Forbidden, NotConfigured, PatchbayError
from patchbay.domain.users import Caller

START: Final = "/auth/spotify"
CALLBACK: Final = f"{START}/callback"
_BACK_TO = "/users/settings"
_UNLINK = Form("unlink", START, "Unlink", method="delete", plain=True)
_BOX = '<div class="box"><h2>Spotify</h2>$content</div>'
_OFFER = """<p>Link your account, so that your own playlists can be looked up.</p>
<p><a class="button" href="$start">Link Spotify</a></p>"""
router = new_router()


@router.get(START, response_class=HTMLResponse, tags=TAGS)
async def link_spotify(request: Request) -> Response:
    """To Spotify, to consent."""
    visit = visits.of(request)
    if visit.who is None:
        # Not here: a page's form may not lead to another host, not even by way of a redirect (CSP, form-action).
        return visit.to_log_in(_BACK_TO)
    services = bootstrap.services()
    try:
        if not services.settings.public_url:
            raise NotConfigured("no accounts can be linked here; the operator can set PATCHBAY_PUBLIC_URL")
        back = f"{services.settings.public_url.rstrip('/')}{CALLBACK}"
        return visit.go(services.links.begin(visit.who.tenant_id, visit.secret, back))
    except PatchbayError as error:
        return visit.page("Link Spotify", NOTHING, fault=sentence(str(error)), error=error)


@router.get(CALLBACK, response_class=HTMLResponse, tags=TAGS)
async def spotify_consented(request: Request) -> Response:
    """Where Spotify sends who consented, or did not."""
    visit, given = visits.of(request), request.query_params
    if visit.who is None:
        return visit.to_log_in(_BACK_TO)
    links, whose = bootstrap.services().links, (visit.who.tenant_id, visit.secret, given.get("state", ""))
    if "code" not in given:
        links.drop(*whose)
        return visit.go(_BACK_TO, notice="refused")
    try:
        links.finish(*whose, given["code"])
    except Forbidden:
        return visit.go(_BACK_TO, notice="refused")
    except PatchbayError:
        return visit.go(_BACK_TO, notice="not-linked")
    return visit.go(_BACK_TO, notice="linked")


@router.post(START, include_in_schema=False)
@router.delete(START, response_class=HTMLResponse, tags=TAGS)
async def unlink_spotify(request: Request) -> Response:
    """Forget the account and its tokens."""
    visit, fields = visits.of(request), await forms.read(request)
    who = visit.who
    if who is None:
        return visit.to_log_in(_BACK_TO)

    def done() -> Response:
        bootstrap.services().links.unlink(who.tenant_id)
        return visit.go(_BACK_TO, notice="unlinked")

    def again(error: PatchbayError) -> Response:
        return visit.page("Unlink Spotify", _UNLINK.html(visit.token), fault=sentence(str(error)), error=error)

    return answered(request, visit, fields, done, again)


def box(visit: Visit, who: Caller) -> Html:
    """What the settings show of it; nothing where no accounts can be linked."""
    services = bootstrap.services()
    links = services.links
    if not links.offered or not services.settings.public_url:
        return NOTHING
    link = links.get(who.tenant_id)
    if link is None:
        return fill(_BOX, content=fill(_OFFER, start=START))
    told = fill("<p>Linked: $name.</p>", name=link.account_name or link.account_id)
    return fill(_BOX, content=Html(told + _UNLINK.html(visit.token)))
