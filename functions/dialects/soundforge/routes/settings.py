"""The page of one's own settings."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.dialects.soundforge import visits
from functions.dialects.soundforge.pages.forms import Field, Form
from functions.dialects.soundforge.pages.markup import Html, fill
from functions.dialects.soundforge.routes import lalalai, linking
from functions.dialects.soundforge.routes.base import data
from functions.dialects.soundforge.routes.people import (
    CODE,
    NEW_PASSWORD,
    TAGS,
    answered,
    fault_of,
    faults,
    log_out_form,
)
from functions.dialects.soundforge.routes.session import told
from functions.dialects.soundforge.visits import Visit, wants_json
from functions.http import forms
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.domain.errors import InvalidInput, PatchbayError, Unauthenticated
from patchbay.domain.users import WRITE, Caller

SETTINGS: Final = "/users/settings"
_PASSWORD_NOW = Field("current_password", "Current password", "password", "current-password")
_NEXT_PASSWORD = replace(NEW_PASSWORD, label="New password")
_NAMES = Form(
    "names",
    SETTINGS,
    "Save",
    (
        Field("first_name", "First name", autocomplete="given-name", required=False),
        Field("last_name", "Last name", autocomplete="family-name", required=False),
    ),
    method="put",
    title="Your name",
    plain=True,
)
_PASSWORD = Form(
    "password",
    SETTINGS,
    "Change the password",
    (_PASSWORD_NOW, _NEXT_PASSWORD),
    method="put",
    title="Password",
    plain=True,
)
_VERIFY = Form(
    "verify",
    SETTINGS,
    "Verify",
    (
        _PASSWORD_NOW,
        Field("code", CODE.label, autocomplete=CODE.autocomplete, hint="Empty: a new one is mailed.", required=False),
    ),
    method="put",
    title="Verify your e-mail address",
)
_FORMS: Final[Mapping[str, Form]] = {"update_profile": _NAMES, "update_password": _PASSWORD, "verify": _VERIFY}
_ACCOUNT = """<div class="box"><h2>Account</h2>
<dl><dt>E-mail address</dt><dd>$email</dd><dt>User name</dt><dd>$name</dd>
<dt>Plan</dt><dd>$plan</dd></dl></div>"""
_LEAVE = '<div class="box"><h2>This browser</h2>$log_out</div>'
_PROGRAMS = Html(
    """<div class="box"><h2>Programs</h2><p><a href="/studio/#/keys">API keys and webhooks</a> of programs that work in
your name are in the studio.</p></div>"""
)
router = new_router()


@router.get(SETTINGS, response_class=HTMLResponse, tags=TAGS)
async def settings_page(request: Request) -> Response:
    """Your settings."""
    visit = visits.of(request)
    return _page(visit, visit.who) if visit.who else visit.to_log_in(SETTINGS)


@router.post(SETTINGS, include_in_schema=False)
@router.put(SETTINGS, response_class=HTMLResponse, tags=TAGS)
async def change_settings(request: Request) -> Response:
    """Change one of them: `action` is `update_profile`, `update_password` or `verify`."""
    visit, fields = visits.of(request), await forms.read(request)
    who, action = visit.who, fields.get("action", "")
    if who is None:
        if wants_json(request):
            raise Unauthenticated("your session is over; log in again")
        return visit.to_log_in(SETTINGS)

    def done() -> Response:
        change = _CHANGES.get(action)
        if change is None:
            raise InvalidInput(f"action is one of {', '.join(_CHANGES)}", field="action")
        secret, notice = change(visit, who, fields)
        if wants_json(request):
            now = secret or visit.secret
            answer = JsonAnswer(data(told(now, bootstrap.services().browsers.caller_of(now))))
            return visit.kept(answer, secret, told=False)
        return visit.go(SETTINGS, secret=secret, notice=notice)

    return answered(request, visit, fields, done, lambda error: _page(visit, who, action, fields, error))


def _change_names(_: Visit, who: Caller, fields: Mapping[str, str]) -> tuple[str, str]:
    who.require(WRITE)
    bootstrap.services().people.set_names(who.tenant_id, fields.get("first_name", ""), fields.get("last_name", ""))
    return "", "names"


def _change_password(visit: Visit, who: Caller, fields: Mapping[str, str]) -> tuple[str, str]:
    old, new = fields.get("current_password", ""), fields.get("password", "")
    return bootstrap.services().browsers.change_password(who.tenant_id, old, new, asker=visit.asker), "password"


def _verify(visit: Visit, who: Caller, fields: Mapping[str, str]) -> tuple[str, str]:
    browsers, password = bootstrap.services().browsers, fields.get("current_password", "")
    code = fields.get("code", "").strip()
    if not code:
        browsers.send_proof(who.tenant_id, password, asker=visit.asker)
        return "", "mailed"
    browsers.verify(who.tenant_id, password, code, asker=visit.asker)
    return "", "verified"


_CHANGES: Final[Mapping[str, Callable[[Visit, Caller, Mapping[str, str]], tuple[str, str]]]] = {
    "update_profile": _change_names,
    "update_password": _change_password,
    "verify": _verify,
}
"""What each does; it returns the secret of a new session, if one began, and the notice to give."""


def _page(
    visit: Visit,
    who: Caller,
    action: str = "",
    typed: Mapping[str, str] | None = None,
    error: PatchbayError | None = None,
) -> Response:
    """The page, with one form as it was typed and what is wrong with it."""
    user = bootstrap.services().people.by_id(who.tenant_id)
    wrong = faults(error)
    if "old_password" in wrong:
        wrong["current_password"] = wrong.pop("old_password")
    saved = {"first_name": user.first_name, "last_name": user.last_name}

    def shown(name: str) -> Html:
        here = name == action
        return _FORMS[name].html(visit.token, typed if here else saved, wrong if here else None, action=name)

    parts = [fill(_ACCOUNT, email=user.email, name=user.user_name, plan=user.plan)]
    parts += [shown("verify")] if who.unconfirmed else []
    elsewhere = [linking.box(visit, who), lalalai.box(visit, who)]
    parts += [shown("update_profile"), shown("update_password"), *elsewhere, _PROGRAMS]
    parts += [fill(_LEAVE, log_out=log_out_form(visit))]
    top = "" if action in _FORMS and any(map(_FORMS[action].names, wrong)) else fault_of(error)
    return visit.page("Settings", Html("".join(parts)), fault=top, error=error)
