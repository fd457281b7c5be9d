"""Routes about what happened, and who was told."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request

from functions.dialects.native.mapping import webhooks as mapping
from functions.dialects.native.paging import Cursor, Limit, walked
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import webhooks as schemas
from functions.dialects.native.waiting import Wait, until
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.domain.errors import InvalidInput
from patchbay.domain.webhooks import Notice, NoticeState

router = new_router()
Found = list[tuple[str, dict[str, Any]]]


@router.get(f"{BASE}/events", response_model=schemas.EventPage, tags=["Events"])
async def list_events(
    request: Request,
    order: Annotated[Literal["asc", "desc"], Query(description="`desc`: newest first. `asc`: oldest first")] = "desc",
    wait_s: Wait = 0,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JsonAnswer:
    """What happened to your jobs and files, for 30 days.

    To follow it without a public address, ask with `order=asc`, `wait_s=20` and the `next_cursor` of the answer before:
    while there is nothing new the answer waits. Events are in order of arrival, to within seconds: one may come to lie
    a little below those you have. So read the last minute once more now and then, and drop the ids that you know.
    """
    ascending = order == "asc"
    if wait_s and not ascending:
        raise InvalidInput("only what comes after the newest event can be waited for: order=asc", field="wait_s")
    notices, tenant_id = bootstrap.services().notices, caller(request).tenant_id

    def look() -> Found:
        return notices.events(tenant_id, limit=limit + 1, cursor=cursor, ascending=ascending)

    found = await until(look, bool, wait_s)
    page = found[:limit]
    last = page[-1][0] if page else cursor
    shown = [mapping.event(place, event) for place, event in page]
    return JsonAnswer({"events": shown, "next_cursor": last if ascending or len(found) > limit else None})


@router.get(f"{BASE}/notices", response_model=schemas.NoticePage, tags=["Events"])
async def list_notices(
    request: Request,
    endpoint_id: Annotated[str | None, Query(max_length=64, description="Only those to this webhook")] = None,
    state: Annotated[NoticeState | None, Query(description="Only those in this state")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JsonAnswer:
    """Events on their way to your receivers, or arrived there, newest first, for 30 days."""
    notices, tenant_id = bootstrap.services().notices, caller(request).tenant_id

    def wanted(notice: Notice) -> bool:
        return endpoint_id in (None, notice.endpoint_id) and state in (None, notice.state)

    page, following = walked(
        lambda count, before: notices.list(tenant_id, limit=count, before=before),
        lambda notice: notice.id,
        limit,
        cursor,
        wanted if endpoint_id or state else None,
    )
    return JsonAnswer({"notices": [mapping.listed_notice(each) for each in page], "next_cursor": following})


@router.get(f"{BASE}/notices/{{notice_id}}", response_model=schemas.Notice, tags=["Events"])
async def get_notice(request: Request, notice_id: str) -> JsonAnswer:
    """One event on its way to one receiver, with every attempt."""
    return JsonAnswer(mapping.notice(bootstrap.services().notices.get(caller(request).tenant_id, notice_id)))


@router.post(f"{BASE}/notices/{{notice_id}}/replay", response_model=schemas.Notice, tags=["Events"])
async def replay_notice(request: Request, notice_id: str) -> JsonAnswer:
    """Send an event once more that was taken or given up, under its old id; 409 while it is still being delivered."""
    return JsonAnswer(mapping.notice(bootstrap.services().notices.replay(caller(request).tenant_id, notice_id)))
