"""Routes about one's own samples: make them, change them, keep them apart."""

from contextlib import suppress
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Final

from fastapi import Query, Request

from functions.dialects.twoshot import forms
from functions.dialects.twoshot.mapping import samples as mapping
from functions.dialects.twoshot.routes.base import NAME, items, link
from functions.dialects.twoshot.schemas import samples as schemas
from functions.dialects.twoshot.schemas.common import Limit, Number
from functions.dialects.twoshot.schemas.users import PictureUpload, Upload
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from functions.http.uploads import form_body, receive_file
from patchbay import bootstrap
from patchbay.core.idempotency import Once
from patchbay.core.numbers import MOST
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, PatchbayError, TooLarge, Unavailable
from patchbay.domain.samples import MAX_NAME_CHARS, Sample

AUDIO, ART, FOLDERS = "/sample/audio", "/sample/{sample_id}/art", "/sample/folder"
TAGS: Final[list[str | Enum]] = ["Samples"]
FOLDER_TAGS: Final[list[str | Enum]] = ["Folders"]
_TEXTS = {
    "name": "The file's name if left out",
    "public": "`true` or `false`, which it is if left out",
    "scale": "Such as `C Major`; heard out of the audio if left out",
    "tags": "Names with commas between them, or a JSON array",
    "folderId": "Id of a folder",
    "licenceId": "Id of a licence",
}
router = new_router()


@router.post(
    AUDIO,
    response_model=schemas.Made,
    status_code=201,
    tags=TAGS,
    openapi_extra=forms.file_or_json(form_body(field="file", needed=True, **_TEXTS), schemas.UploadedSample),
)
async def create_sample(request: Request) -> JsonAnswer:
    """Make a sample of a file: of the one in the form, or of one that was sent to an upload URL (as JSON)."""
    request, is_form = await forms.arrived(request)
    if is_form:
        asset, texts = await receive_file(request, check=lambda given: forms.of_texts(schemas.SampleFacts, given))
        return _made(_of_form(request, asset, forms.of_texts(schemas.SampleFacts, texts)))
    wish = await forms.json_body(request, schemas.UploadedSample)
    return _made(_sample(request, _uploaded(caller(request).tenant_id, wish.uploadId), wish, once_of(request)))


@router.post("/sample/upload", response_model=Upload, tags=TAGS)
async def begin_upload(request: Request, body: schemas.UploadOrder) -> JsonAnswer:
    """Where to send a file of any size that a sample is to be made of."""
    services = bootstrap.services()
    services.assets.check_size(body.sizeBytes or 0)
    asset = services.assets.create(caller(request).tenant_id, name=body.name, once=once_of(request))
    url = services.assets.put_url(asset, size_bytes=body.sizeBytes)
    return JsonAnswer({"uploadId": asset.id, "uploadUrl": url, "expiresIn": services.limits.upload_ttl_s})


@router.get(FOLDERS, response_model=list[schemas.Folder], tags=FOLDER_TAGS)
async def list_folders(request: Request) -> JsonAnswer:
    """Your folders, oldest first."""
    found = bootstrap.services().samples.folders.list(caller(request).tenant_id)
    return JsonAnswer([mapping.folder(folder) for folder in found])


@router.post(FOLDERS, response_model=schemas.Folder, status_code=201, tags=FOLDER_TAGS)
async def create_folder(request: Request, body: schemas.Name) -> JsonAnswer:
    """A new folder."""
    made = bootstrap.services().samples.folders.create(caller(request).tenant_id, body.name, once_of(request))
    return JsonAnswer(mapping.folder(made), 201)


@router.get(FOLDERS + "/{folder_id}", response_model=list[schemas.Item], tags=FOLDER_TAGS)
async def list_folder(
    request: Request,
    folder_id: Number,
    limit: Limit = 20,
    before: Annotated[int | None, Query(ge=1, le=MOST, description="Last sample of the page before")] = None,
) -> JsonAnswer:
    """Your samples in a folder, newest first."""
    service, tenant_id = bootstrap.services().samples, caller(request).tenant_id
    service.folders.get(tenant_id, folder_id)
    last = service.get(before, tenant_id).id if before is not None else None
    found = service.owned(tenant_id, limit=limit, before=last, folder_number=folder_id)
    return JsonAnswer(items(found, tenant_id))


@router.patch(FOLDERS + "/{folder_id}", response_model=schemas.Folder, tags=FOLDER_TAGS)
async def rename_folder(request: Request, folder_id: Number, body: schemas.Name) -> JsonAnswer:
    """Give a folder another name."""
    changed = bootstrap.services().samples.folders.rename(caller(request).tenant_id, folder_id, body.name)
    return JsonAnswer(mapping.folder(changed))


@router.delete(FOLDERS + "/{folder_id}", response_model=schemas.Gone, tags=FOLDER_TAGS)
async def delete_folder(request: Request, folder_id: Number) -> JsonAnswer:
    """Remove an empty folder."""
    bootstrap.services().samples.folders.delete(caller(request).tenant_id, folder_id)
    return JsonAnswer({"id": folder_id})


@router.delete("/sample/{sample_id}", response_model=schemas.Gone, tags=TAGS)
async def delete_sample(request: Request, sample_id: Number) -> JsonAnswer:
    """Remove a sample and its audio."""
    bootstrap.services().samples.delete(caller(request).tenant_id, sample_id)
    return JsonAnswer({"id": sample_id})


@router.patch("/sample/{sample_id}/visibility", response_model=schemas.Item, tags=TAGS)
async def set_visibility(request: Request, sample_id: Number, body: schemas.Visibility) -> JsonAnswer:
    """Say whether everybody finds a sample, or you alone."""
    return _shown(bootstrap.services().samples.set_visibility(caller(request).tenant_id, sample_id, body.public))


@router.patch("/sample/{sample_id}/rename", response_model=schemas.Item, tags=TAGS)
async def rename_sample(request: Request, sample_id: Number, body: schemas.Name) -> JsonAnswer:
    """Give a sample another name."""
    return _shown(bootstrap.services().samples.rename(caller(request).tenant_id, sample_id, body.name))


@router.patch("/sample/{sample_id}/tags", response_model=schemas.Item, tags=TAGS)
async def set_tags(request: Request, sample_id: Number, body: schemas.TagList) -> JsonAnswer:
    """Give a sample other tags."""
    return _shown(bootstrap.services().samples.set_tags(caller(request).tenant_id, sample_id, body.tags))


@router.patch("/sample/{sample_id}/scale", response_model=schemas.Item, tags=TAGS)
async def set_scale(request: Request, sample_id: Number, body: schemas.InScale) -> JsonAnswer:
    """Say what scale a sample is in."""
    return _shown(bootstrap.services().samples.set_scale(caller(request).tenant_id, sample_id, body.scale))


@router.patch("/sample/{sample_id}/folder", response_model=schemas.Item, tags=TAGS)
async def set_folder(request: Request, sample_id: Number, body: schemas.InFolder) -> JsonAnswer:
    """Put a sample into a folder, or take it out."""
    return _shown(bootstrap.services().samples.set_folder(caller(request).tenant_id, sample_id, body.folderId))


@router.patch("/sample/{sample_id}/licence", response_model=schemas.Item, tags=TAGS)
async def set_licence(request: Request, sample_id: Number, body: schemas.UnderLicence) -> JsonAnswer:
    """Offer a sample under a licence, or under none."""
    return _shown(bootstrap.services().samples.set_licence(caller(request).tenant_id, sample_id, body.licenceId))


@router.patch(
    ART,
    response_model=schemas.Details,
    tags=TAGS,
    openapi_extra=forms.file_or_json(form_body(), PictureUpload),
)
async def set_art(request: Request, sample_id: Number) -> JsonAnswer:
    """Give a sample a picture: made a small JPEG, without what cameras write beside it."""
    service, tenant_id = bootstrap.services().samples, caller(request).tenant_id
    if service.get(sample_id, tenant_id).tenant_id != tenant_id:  # before a picture is read for nothing
        raise NotFound(f"there is no sample {sample_id} of yours")
    changed = service.set_art(tenant_id, sample_id, await forms.picture(request))
    return JsonAnswer(mapping.details(changed, items([changed], tenant_id)[0], link))


def _of_form(request: Request, asset: Asset, facts: schemas.SampleFacts) -> Sample:
    """The sample of a file that just came; if it cannot be made, the file goes again."""
    try:
        return _sample(request, asset, facts, None)
    except (InvalidInput, NotFound, Conflict, Forbidden, TooLarge, Unavailable):
        with suppress(PatchbayError):
            bootstrap.services().assets.delete(asset.tenant_id, asset.id)
        raise


def _sample(request: Request, asset: Asset, facts: schemas.SampleFacts, once: Once | None) -> Sample:
    who = caller(request)
    return bootstrap.services().samples.create(
        who.tenant_id,
        who.application_id,
        asset,
        name=facts.name or PurePath(asset.name).stem.strip()[:MAX_NAME_CHARS] or "Untitled",
        public=bool(facts.public),
        scale=facts.scale or "",
        tags=facts.tags,
        folder_number=facts.folderId,
        licence_id=facts.licenceId,
        dialect=NAME,
        once=once,
    )


def _uploaded(tenant_id: str, upload_id: str) -> Asset:
    """The file of an upload. Raises `InvalidInput` if there is none."""
    services = bootstrap.services()
    try:
        asset = services.assets.get(tenant_id, upload_id)
    except NotFound:
        raise InvalidInput(f"there is no upload {upload_id}", field="uploadId") from None
    if asset.state is AssetState.PENDING and not asset.source_url and not services.assets.arrived(asset):
        raise InvalidInput("nothing has come at this upload's URL yet", field="uploadId")
    return asset


def _made(found: Sample) -> JsonAnswer:
    return JsonAnswer(mapping.made(found), 201)


def _shown(changed: Sample) -> JsonAnswer:
    return JsonAnswer(items([changed], changed.tenant_id)[0])
