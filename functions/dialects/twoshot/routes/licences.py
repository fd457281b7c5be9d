"""Routes about licences."""

from enum import Enum
from typing import Final

from fastapi import Request

from functions.dialects.twoshot.mapping import licences as mapping
from functions.dialects.twoshot.schemas import licences as schemas
from functions.dialects.twoshot.schemas.common import Number
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap

LICENCES, LICENCE = "/licence", "/licence/{licence_id}"
TAGS: Final[list[str | Enum]] = ["Licences"]
router = new_router()


@router.get(LICENCES, response_model=list[schemas.Licence], tags=TAGS)
async def list_licences() -> JsonAnswer:
    """The licences that owners can offer their samples under."""
    return JsonAnswer([mapping.licence(found) for found in bootstrap.services().licences.list()])


@router.get(LICENCE, response_model=schemas.Licence, tags=TAGS)
async def get_licence(licence_id: Number) -> JsonAnswer:
    """A licence."""
    return JsonAnswer(mapping.licence(bootstrap.services().licences.get(licence_id)))


@router.post("/licence/apply", response_model=schemas.Application, status_code=201, tags=TAGS)
async def apply_licence(request: Request, body: schemas.Wish) -> JsonAnswer:
    """Take the licence that a sample is offered under. There is one for each user and sample."""
    taken = bootstrap.services().licences.apply(
        caller(request).tenant_id, body.licenceId, body.contentId, body.contentType, once_of(request)
    )
    return JsonAnswer(mapping.application(taken), 201)
