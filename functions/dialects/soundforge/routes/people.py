"""Pages where people register, log in and out, and set a new password by mail.

A script may post the same forms: with `Accept: application/json` it is answered in JSON.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.dialects.soundforge import visits
from functions.dialects.soundforge.pages.forms import Field, Form
from functions.dialects.soundforge.pages.markup import Html, fill
from functions.dialects.soundforge.routes.base import data
from functions.dialects.soundforge.routes.session import told
from functions.dialects.soundforge.visits import LOG_IN, Visit, local_path, wants_json
from functions.http import forms
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from functions.http.errors import FieldProblem, InvalidFields
from patchbay import bootstrap
from patchbay.core.browsers import new_secret
from patchbay.core.numbers import new_number
from patchbay.domain.errors import InvalidInput, PatchbayError, Taken, Unauthenticated
from patchbay.domain.people import MIN_PASSWORD_CHARS, checked_password, checked_user_name
from patchbay.domain.users import normal_email

REGISTER, LOG_OUT, RESET = "/users/register", "/users/log-out", "/users/reset-password"
TAGS: Final[list[str | Enum]] = ["Pages"]
EMAIL = Field("email", "E-mail address", "email", "username")
CODE = Field("code", "Code", autocomplete="one-time-code")
NEW_PASSWORD = Field(
    "password", "Password", "password", "new-password", f"{MIN_PASSWORD_CHARS} characters or more, of any kind."
)
_REGISTER = Form(
    "register",
    REGISTER,
    "Register",
    (EMAIL, Field("user_name", "User name", "text", "nickname", "Others see it beside what you share."), NEW_PASSWORD),
)
_LOG_IN = Form("log-in", LOG_IN, "Log in", (EMAIL, Field("password", "Password", "password", "current-password")))
_LOG_OUT = Form("log-out", LOG_OUT, "Log out", method="delete", plain=True)
_FORGOT = Form("forgot", RESET, "Mail me a code", (EMAIL,), title="1. Get a code", plain=True)
_RESET = Form("reset", RESET, "Set the password", (EMAIL, CODE, NEW_PASSWORD), title="2. Set a new password")
router = new_router()


@router.get(REGISTER, response_class=HTMLResponse, tags=TAGS)
async def register_page(request: Request) -> Response:
    """The form to register with."""
    visit = visits.of(request)
    back = _return_to(request)
    return visit.go(back) if visit.who else _registration(visit, back)


@router.post(REGISTER, response_class=HTMLResponse, tags=TAGS)
async def register(request: Request) -> Response:
    """Become a user, and be logged in."""
    visit, fields = visits.of(request), await forms.read(request)
    back = local_path(fields.get("return_to", ""))

    def done() -> Response:
        # Phoenix's own form knows no user names.
        name = fields.get("user_name", f"user{new_number()}")
        email, password = fields.get("email", ""), fields.get("password", "")
        _check_all(lambda: normal_email(email), lambda: checked_user_name(name), lambda: checked_password(password))
        return _inside(
            request, visit, bootstrap.services().browsers.register(email, password, name, asker=visit.asker), back
        )

    return answered(request, visit, fields, done, lambda error: _registration(visit, back, fields, error))


@router.get(LOG_IN, response_class=HTMLResponse, tags=TAGS)
async def log_in_page(request: Request) -> Response:
    """The form to log in with."""
    visit = visits.of(request)
    back = _return_to(request)
    return visit.go(back) if visit.who else _log_in(visit, back)


@router.post(LOG_IN, response_class=HTMLResponse, tags=TAGS)
async def log_in(request: Request) -> Response:
    """Log in."""
    visit, fields = visits.of(request), await forms.read(request)
    back = local_path(fields.get("return_to", ""))

    def done() -> Response:
        email, password = fields.get("email", ""), fields.get("password", "")
        try:
            secret = bootstrap.services().browsers.log_in(email, password, asker=visit.asker)
        except Unauthenticated as error:
            raise InvalidInput(str(error), field="email") from None
        return _inside(request, visit, secret, back)

    return answered(request, visit, fields, done, lambda error: _log_in(visit, back, fields, error))


@router.post(LOG_OUT, include_in_schema=False)
@router.delete(LOG_OUT, response_class=HTMLResponse, tags=TAGS)
async def log_out(request: Request) -> Response:
    """Log out: end the session of this browser."""
    visit, fields = visits.of(request), await forms.read(request)

    def done() -> Response:
        bootstrap.services().browsers.log_out(visit.secret)
        fresh = new_secret()
        if wants_json(request):
            return visit.kept(JsonAnswer(data(told(fresh, None))), fresh, told=False)
        return visit.go(LOG_IN, secret=fresh, notice="logged-out")

    def again(error: PatchbayError) -> Response:
        return visit.page("Log out", log_out_form(visit), fault=sentence(str(error)), error=error)

    return answered(request, visit, fields, done, again)


@router.get(RESET, response_class=HTMLResponse, tags=TAGS)
async def reset_page(request: Request) -> Response:
    """The forms to set a new password with by who forgot the old one."""
    return _reset(visits.of(request))


@router.post(RESET, response_class=HTMLResponse, tags=TAGS)
async def reset(request: Request) -> Response:
    """Have a code mailed; or, with a code, set a new password. Whether somebody has the address, nobody learns."""
    visit, fields = visits.of(request), await forms.read(request)
    email, identity = fields.get("email", ""), bootstrap.services().identity

    def done() -> Response:
        if "code" not in fields:
            identity.forgot(email, visit.asker)
            return visit.go(RESET, notice="forgot")
        identity.reset(email, fields["code"].strip(), fields.get("password", ""), asker=visit.asker)
        return visit.go(LOG_IN, notice="reset")

    return answered(request, visit, fields, done, lambda error: _reset(visit, fields, error))


def answered(
    request: Request,
    visit: Visit,
    fields: Mapping[str, str],
    done: Callable[[], Response],
    again: Callable[[PatchbayError], Response],
) -> Response:
    """What comes of a form of this session's pages; where it cannot be done, `again` shows it with what is wrong.

    Raises what is wrong where a script asks.
    """
    try:
        visit.check(request, fields)
        return done()
    except PatchbayError as error:
        if wants_json(request):
            raise
        return again(error)


def log_out_form(visit: Visit) -> Html:
    """What logs out."""
    return _LOG_OUT.html(visit.token)


def faults(error: PatchbayError | None) -> dict[str, str]:
    """Field -> what is wrong with it."""
    if isinstance(error, InvalidFields):
        return {problem.field: sentence(problem.message) for problem in error.problems}
    named = getattr(error, "field", None)
    return {named: sentence(str(error))} if named else {}


def fault_of(error: PatchbayError | None, *shown: Form) -> str:
    """What is told at the top of a page: an error that none of its forms tells beside a field."""
    if error is None or any(form.names(field) for form in shown for field in faults(error)):
        return ""
    return sentence(str(error))


def sentence(text: str) -> str:
    """An error's message, written as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _inside(request: Request, visit: Visit, secret: str, back: str) -> Response:
    """Where somebody goes whose session has begun; the one that the browser had is over."""
    browsers = bootstrap.services().browsers
    if visit.who:
        browsers.log_out(visit.secret)
    if wants_json(request):
        return visit.kept(JsonAnswer(data(told(secret, browsers.caller_of(secret)))), secret, told=False)
    return visit.go(back, secret=secret)


def _registration(
    visit: Visit, back: str, typed: Mapping[str, str] | None = None, error: PatchbayError | None = None
) -> Response:
    form = _REGISTER.html(visit.token, typed, faults(error), return_to=back)
    more = fill('<p>You have an account? <a href="$at">Log in</a></p>', at=LOG_IN)
    return visit.page("Register", Html(form + more), fault=fault_of(error, _REGISTER), error=error)


def _log_in(
    visit: Visit, back: str, typed: Mapping[str, str] | None = None, error: PatchbayError | None = None
) -> Response:
    form = _LOG_IN.html(visit.token, typed, faults(error), return_to=back)
    words = '<p>New here? <a href="$new">Register</a></p><p><a href="$reset">Forgot your password?</a></p>'
    more = fill(words, new=REGISTER, reset=RESET)
    return visit.page("Log in", Html(form + more), fault=fault_of(error, _LOG_IN), error=error)


def _reset(visit: Visit, typed: Mapping[str, str] | None = None, error: PatchbayError | None = None) -> Response:
    second = typed is not None and "code" in typed
    wrong = faults(error)
    first = _FORGOT.html(visit.token, None if second else typed, None if second else wrong)
    form = Html(first + _RESET.html(visit.token, typed if second else None, wrong if second else None))
    shown = _RESET if second else _FORGOT
    return visit.page("Set a new password", form, fault=fault_of(error, shown), error=error)


def _return_to(request: Request) -> str:
    return local_path(request.query_params.get("return_to", ""))


def _check_all(*checks: Callable[[], object]) -> None:
    """Raises `InvalidFields` with all that is wrong, where the first would do for a script."""
    problems = []
    for check in checks:
        try:
            check()
        except (InvalidInput, Taken) as error:
            problems.append(FieldProblem(error.field or "", str(error)))
    if problems:
        raise InvalidFields(problems)
