"""What was spent."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request

from functions.dialects.native.mapping import costs as mapping
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import costs as schemas
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap

router = new_router()
_FIRST = "The first day, `yyyy-mm-dd` (UTC); the first of the last day's month if left out"
_LAST = "The last day, which is included; today if left out. 366 days at the most"


@router.get(f"{BASE}/costs", response_model=schemas.Costs, tags=["Account"])
async def costs(
    request: Request,
    first: Annotated[date | None, Query(alias="from", description=_FIRST)] = None,
    last: Annotated[date | None, Query(alias="to", description=_LAST)] = None,
    by: Annotated[schemas.By, Query(description="What to group by")] = "day",
) -> JsonAnswer:
    """What your jobs cost, those that failed or were cancelled too, on the days they ended; and your budgets."""
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    end = last or services.clock.now().date()
    begin = first or end.replace(day=1)
    told = mapping.costs(services.usage.spent(tenant_id, begin, end), begin, end, by)
    return JsonAnswer({**told, "budgets": mapping.budgets(services.budgets.standing(tenant_id))})
