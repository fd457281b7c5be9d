"""Routes about models: find them, like them, tag them."""

from enum import Enum
from typing import Annotated, Final

from fastapi import Path, Query, Request

from functions.dialects.twoshot.mapping import models as mapping
from functions.dialects.twoshot.routes.base import viewer
from functions.dialects.twoshot.schemas import models as schemas
from functions.dialects.twoshot.schemas.common import Limit, Number, Which
from functions.dialects.twoshot.schemas.samples import Like
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.catalog import generators
from patchbay.core.models import Sort, Wanted
from patchbay.domain.samples import MAX_TAG_CHARS

MODELS, MODEL, PRESETS, TAGS_IN_USE = "/model", "/model/{model_id}", "/model/preset", "/model/tag"
MAX_OFFSET = 1000
TAGS: Final[list[str | Enum]] = ["Models"]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Results to leave out")]
Tag = Annotated[str, Path(min_length=1, max_length=MAX_TAG_CHARS + 1)]
router = new_router()


@router.get(MODELS, response_model=list[schemas.Model], tags=TAGS)
async def list_models(
    request: Request,
    category: Annotated[str, Query(max_length=64, description="Such as `music_generation`")] = "",
    sort: Annotated[Sort, Query(description="Order; `recently_used`: those that you used last come first")] = "latest",
    q: Annotated[str, Query(max_length=200, description="Words, or their beginnings, of names, tags, texts")] = "",
    tag: Annotated[str, Query(max_length=MAX_TAG_CHARS + 1, description="Only models with this tag")] = "",
    limit: Limit = 20,
    offset: Offset = 0,
) -> JsonAnswer:
    """The models that are installed here."""
    wanted = Wanted(text=q, category=category, tag=tag, sort=sort)
    found = bootstrap.services().models.find(wanted, viewer(request), limit=limit, offset=offset)
    return JsonAnswer([mapping.model(each) for each in found])


@router.get(PRESETS, response_model=list[schemas.Preset], tags=TAGS)
async def list_presets(
    model_id: Annotated[Which, Query(alias="modelId", description="Only of this model")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> JsonAnswer:
    """Inputs that go well, ready for `POST /generation`."""
    models = bootstrap.services().models
    found = [each for each in generators.presets(models.shelf) if model_id in {None, each.generator}]
    page = found[offset : offset + limit]
    return JsonAnswer([mapping.preset(each, models.generator(each.generator)) for each in page])


@router.get(TAGS_IN_USE, response_model=list[schemas.Tag], tags=TAGS)
async def list_model_tags(request: Request, limit: Limit = 20) -> JsonAnswer:
    """Tags that models have, your own among them, the most used first."""
    found = bootstrap.services().models.tags(viewer(request))
    return JsonAnswer([{"tag": tag, "count": count} for tag, count in found[:limit]])


@router.get(MODEL, response_model=schemas.Model, tags=TAGS)
async def get_model(request: Request, model_id: Number) -> JsonAnswer:
    """A model."""
    return JsonAnswer(mapping.model(bootstrap.services().models.get(model_id, viewer(request))))


@router.post(MODEL + "/like", response_model=Like, tags=TAGS)
async def like_model(request: Request, model_id: Number) -> JsonAnswer:
    """Like a model; asking again changes nothing."""
    count = bootstrap.services().models.like(caller(request).tenant_id, model_id)
    return JsonAnswer({"liked": True, "likes": count})


@router.delete(MODEL + "/like", response_model=Like, tags=TAGS)
async def unlike_model(request: Request, model_id: Number) -> JsonAnswer:
    """Like a model no longer; asking again changes nothing."""
    count = bootstrap.services().models.unlike(caller(request).tenant_id, model_id)
    return JsonAnswer({"liked": False, "likes": count})


@router.post(MODEL + "/tag/{tag}", response_model=schemas.Tags, tags=TAGS)
async def tag_model(request: Request, model_id: Number, tag: Tag) -> JsonAnswer:
    """Tag a model for yourself: nobody else is shown the tag. Asking again changes nothing."""
    found = bootstrap.services().models.tag(caller(request).tenant_id, model_id, tag)
    return JsonAnswer({"modelId": model_id, "tags": list(found)})


@router.delete(MODEL + "/tag/{tag}", response_model=schemas.Tags, tags=TAGS)
async def untag_model(request: Request, model_id: Number, tag: Tag) -> JsonAnswer:
    """Take a tag of yours away; asking again changes nothing."""
    found = bootstrap.services().models.untag(caller(request).tenant_id, model_id, tag)
    return JsonAnswer({"modelId": model_id, "tags": list(found)})
