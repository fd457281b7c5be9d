"""Routes that order generations and list them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import BeforeValidator

from functions.dialects.twoshot.mapping import generations, inputs
from functions.dialects.twoshot.mapping.inputs import FIELD, Given
from functions.dialects.twoshot.routes import sources
from functions.dialects.twoshot.routes.base import NAME
from functions.dialects.twoshot.routes.generation import shown
from functions.dialects.twoshot.schemas import generations as schemas
from functions.dialects.twoshot.schemas import models as model_schemas
from functions.dialects.twoshot.schemas.common import Limit, unless_empty
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.catalog.composition import MAX_SEED
from patchbay.catalog.generators import Generator
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput, Missing, NotFound, PatchbayError
from patchbay.domain.generations import Generation, Kind
from patchbay.domain.jobs import Job
from patchbay.domain.projects import Reference
from patchbay.domain.users import Caller

GENERATIONS = "/generation"
MAX_OFFSET, NAME_CHARS = 900, 80
STARTS_S, PACE = 20.0, 0.5
"""A guess of how long work takes: so long to begin, and so much of the length of its audio."""
TAGS: Final[list[str | Enum]] = ["Generation"]
router = new_router()


@dataclass(frozen=True, slots=True)
class Source:
    """The audio that is worked on."""

    tenant_id: str
    asset_id: str
    part: dict[str, float]
    """Parameters of the workflow that say which part of it; none for all."""
    length_s: float


@router.post(GENERATIONS, response_model=model_schemas.Ordered, tags=TAGS)
async def create_generation(request: Request, body: model_schemas.GenerationOrder) -> JsonAnswer:
    """Generate audio. With an `Idempotency-Key` header it is ordered, and charged, once."""
    services, who, once = bootstrap.services(), caller(request), once_of(request)
    try:
        of = _generator(body.modelId)
        given = inputs.matched(of, body.inputs)
        source = _source(given, who.tenant_id)
        order = _order(of, given, source, who)
    except PatchbayError:  # a repetition of what was ordered is no order of what has gone since
        if once and once.made:
            return _ordered(*services.generations.get(once.made, who.tenant_id))
        raise
    try:
        found, job = services.generations.order(
            order,
            kind="generation",
            model_number=of.number,
            inputs=[each.told() for each in given],
            credits=of.credits,
            plan=who.plan,
            once=once,
            also=lambda job: services.models.using(who.tenant_id, of.number),
        )
    except InvalidInput as error:
        raise InvalidInput(str(error), field=_place(error.field, given)) from None
    length_s = source.length_s if source else _asked_s(given, of)
    return _ordered(found, job, length_s)


@router.get(GENERATIONS, response_model=list[schemas.Generation], tags=TAGS)
async def list_generations(
    request: Request,
    kind: Annotated[
        Annotated[Kind | None, BeforeValidator(unless_empty)],
        Query(alias="type", description="Only these, of your newest 5000"),
    ] = None,
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Results to leave out")] = 0,
) -> JsonAnswer:
    """Your generations, renders and videos, newest first."""
    kinds = (kind,) if kind else ()
    found = bootstrap.services().generations.owned(caller(request).tenant_id, limit=limit, offset=offset, kinds=kinds)
    return JsonAnswer([shown(each, job, mine=True) for each, job in found])


def _ordered(found: Generation, job: Job, length_s: float = 0.0) -> JsonAnswer:
    """What an order is answered."""
    told = generations.started(found, job, STARTS_S + PACE * length_s)
    return JsonAnswer({**told, "creditsUsed": found.credits})


def _generator(number: int) -> Generator:
    try:
        return bootstrap.services().models.generator(number)
    except NotFound as error:
        raise Missing(str(error), field="modelId") from None


def _order(of: Generator, given: Sequence[Given], source: Source | None, who: Caller) -> Order:
    values: dict[str, Any] = {each.parameter.name: each.value for each in given if each.audio is None}
    if of.parameter("seed") and "seed" not in values:
        values["seed"] = secrets.randbelow(MAX_SEED + 1)
    words = " ".join(str(values.get("prompt", "")).split())
    others = source.tenant_id if source and source.tenant_id != who.tenant_id else None
    return Order(
        tenant_id=who.tenant_id,
        application_id=who.application_id,
        dialect=NAME,
        workflow=of.workflow,
        params={**of.params(values), **(source.part if source else {})},
        input_asset_id=source.asset_id if source else None,
        input_tenant_id=others,
        name=(words or of.name)[:NAME_CHARS],
    )


def _source(given: Sequence[Given], tenant_id: str) -> Source | None:
    """The audio among the inputs, if any. Raises `Missing`, `NotReady`, `InvalidInput`."""
    for each in given:
        if (audio := each.audio) is None:
            continue
        reference = Reference(
            name=each.parameter.name,
            audio_id=audio.audioId,
            sample_id=audio.sampleId,
            generation_id=audio.generationJobId,
            output_name=audio.outputName,
            field=_named_at(each),
        )
        found = sources.resolve(reference, tenant_id)
        start_s, end_s = audio.trimStart or 0.0, audio.trimEnd
        if start_s >= found.duration_s:
            told = f"the audio is {found.duration_s:.2f} s long"
            raise InvalidInput(f"{told}: trimStart has to be before its end", field=f"{each.place}.trimStart")
        part = {"input_start_s": start_s, **({} if end_s is None else {"input_end_s": end_s})}
        whole = start_s == 0 and (end_s is None or end_s >= found.duration_s)
        length_s = min(end_s or found.duration_s, found.duration_s) - start_s
        return Source(found.tenant_id, found.asset_id, {} if whole else part, length_s)
    return None


def _named_at(given: Given) -> str:
    """Where the client says which audio it means."""
    names = ("generationJobId", "sampleId", "audioId")
    told = next((name for name in names if getattr(given.audio, name) is not None), "audioId")
    return f"{given.place}.{told}"


def _asked_s(given: Sequence[Given], of: Generator) -> float:
    wanted = next((each.value for each in given if each.parameter.name == "duration"), None)
    found = of.parameter("duration")
    length_s = wanted if wanted is not None else found.default if found else None
    return float(length_s or 0.0)


def _place(field: str | None, given: Sequence[Given]) -> str:
    """Where the client wrote what the core calls `field`."""
    name = (field or "").removeprefix("params.").split(".")[0]
    for each in given:
        if each.parameter.param == name or (each.audio is not None and name.startswith("input")):
            return each.place
    return FIELD
