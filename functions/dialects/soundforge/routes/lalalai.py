"""Routes of one's own account at LALAL.AI: its key, what it has left, and ending what runs there."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.dialects.soundforge import schemas, visits
from functions.dialects.soundforge.pages.forms import METHOD, Field, Form
from functions.dialects.soundforge.pages.markup import NOTHING, Html, fill
from functions.dialects.soundforge.routes.base import data
from functions.dialects.soundforge.routes.people import TAGS as PAGE_TAGS
from functions.dialects.soundforge.routes.people import answered, fault_of, faults
from functions.dialects.soundforge.visits import Visit, wants_json
from functions.http import forms
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.core.vendors import KEY_FIELD
from patchbay.domain.errors import InvalidInput, PatchbayError, VendorRefused
from patchbay.domain.users import WRITE, Caller
from patchbay.ports import VendorMinutes

KEY: Final = "/users/lalalai"
QUOTA, CANCEL, CANCEL_ALL = "/api/lalalai/quota", "/api/lalalai/cancel", "/api/lalalai/cancel-all"
TAGS: Final[list[str | Enum]] = ["lalal.ai"]
_BACK_TO = "/users/settings"
_FIELD = Field(
    KEY_FIELD, "Licence key", "password", "off", "From your profile there. It is kept sealed and never shown again."
)
_SAVE = Form("lalalai", KEY, "Save", (_FIELD,), plain=True)
_REPLACE = Form("lalalai", KEY, "Replace", (_FIELD,), plain=True)
_REMOVE = Form("lalalai-remove", KEY, "Remove the key", method="delete", plain=True)
_BOX = '<div class="box"><h2>LALAL.AI</h2>$content</div>'
_OFFER = """<p>With a licence key of yours, songs can be separated by LALAL.AI. Those you order so are sent there, and
your minutes there are spent.</p>"""
_KEPT = "<p>Your licence key is kept here since $day.</p>"
router = new_router()


@router.get(QUOTA, response_model=schemas.Data[schemas.LalalaiQuota], tags=TAGS)
async def get_quota(request: Request) -> JsonAnswer:
    """What your account at LALAL.AI has left, minutes of audio for one stem each."""
    return JsonAnswer(data(_quota(bootstrap.services().vendors.minutes(caller(request).tenant_id))))


@router.post(CANCEL, response_model=schemas.Data[schemas.LalalaiCancelled], tags=TAGS)
async def cancel(request: Request, body: schemas.LalalaiTask) -> JsonAnswer:
    """End a separation there, and its job here: by the `task_id` that the job tells, or by the job's own id."""
    job = bootstrap.services().vendors.cancel(caller(request).tenant_id, body.task_id)
    return JsonAnswer(data({"task_id": body.task_id, "job_id": job.id, "status": "cancelled"}))


@router.post(CANCEL_ALL, response_model=schemas.Data[schemas.LalalaiCancelledAll], tags=TAGS)
async def cancel_all(request: Request) -> JsonAnswer:
    """End your separations there that are not over. There may be more than one call has time for: then `left` tells how
    many there still are, and another call goes on.
    """
    done = bootstrap.services().vendors.cancel_all(caller(request).tenant_id)
    return JsonAnswer(data({"cancelled": done.ended, "left": done.left}))


@router.get(KEY, include_in_schema=False)
async def to_settings(request: Request) -> Response:
    """The form is on the page of the settings."""
    return visits.of(request).go(_BACK_TO)


@router.post(KEY, response_class=HTMLResponse, tags=PAGE_TAGS)
async def save_key(request: Request) -> Response:
    """Save a licence key for LALAL.AI, in the place of any other."""
    fields = await forms.read(request)
    return _changed(request, fields, removes=fields.get(METHOD) == "delete")


@router.delete(KEY, response_class=HTMLResponse, tags=PAGE_TAGS)
async def remove_key(request: Request) -> Response:
    """Forget the licence key."""
    return _changed(request, await forms.read(request), removes=True)


def _changed(request: Request, fields: Mapping[str, str], *, removes: bool) -> Response:
    visit = visits.of(request)
    who = visit.who
    if who is None:
        return visit.to_log_in(_BACK_TO)

    def done() -> Response:
        who.require(WRITE)
        told: dict[str, Any] = {}
        if removes:
            bootstrap.services().vendors.drop(who.tenant_id)
        else:
            told = _quota(_save(who, fields))
        if wants_json(request):
            return JsonAnswer(data(told))
        return visit.go(_BACK_TO, notice="lalalai-removed" if removes else "lalalai-saved")

    def again(error: PatchbayError) -> Response:
        return visit.page("LALAL.AI", box(visit, who, error), fault=fault_of(error, _SAVE), error=error)

    return answered(request, visit, fields, done, again)


def box(visit: Visit, who: Caller, error: PatchbayError | None = None) -> Html:
    """What the settings show of it; nothing where no keys can be kept."""
    vendors = bootstrap.services().vendors
    if not vendors.offered:
        return NOTHING
    kept = vendors.kept(who.tenant_id)
    told = fill(_KEPT, day=f"{kept.kept_at:%Y-%m-%d}") if kept else NOTHING
    shown = (_REPLACE if kept else _SAVE).html(visit.token, None, faults(error))
    removal = _REMOVE.html(visit.token) if kept else NOTHING
    return fill(_BOX, content=Html(_OFFER + told + shown + removal))


def _save(who: Caller, fields: Mapping[str, str]) -> VendorMinutes:
    try:
        return bootstrap.services().vendors.keep(who.tenant_id, fields.get(KEY_FIELD, ""))
    except VendorRefused as error:
        raise InvalidInput(str(error), field=KEY_FIELD) from None


def _quota(minutes: VendorMinutes) -> dict[str, Any]:
    return {"quota_minutes": minutes.quota, "used_minutes": minutes.used, "remaining_minutes": minutes.left}
