"""Routes about webhooks and the secrets that sign what they are told."""

from fastapi import Request

from functions.dialects.native.mapping import webhooks as mapping
from functions.dialects.native.paging import Cursor, Limit, cut
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import webhooks as schemas
from functions.dialects.native.schemas.common import Gone
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap

APPLICATION_SECRET = f"{BASE}/webhook-secret"
WEBHOOK = f"{BASE}/webhooks/{{webhook_id}}"
WEBHOOK_SECRET = f"{WEBHOOK}/secret"
router = new_router()


@router.get(APPLICATION_SECRET, response_model=schemas.Secret, tags=["Webhooks"])
async def get_application_secret(request: Request) -> JsonAnswer:
    """The secret of your key's application, which signs reports to the `callback_url` of its jobs, in any dialect.

    Made when first asked for. A key that may only read cannot see it.
    """
    who = caller(request)
    found = bootstrap.services().endpoints.application_secret(who.tenant_id, who.application_id)
    return JsonAnswer(mapping.secret(found))


@router.post(f"{APPLICATION_SECRET}/rotate", response_model=schemas.Secret, tags=["Webhooks"])
async def rotate_application_secret(request: Request) -> JsonAnswer:
    """Give your key's application a new secret. For 24 hours reports are signed with both."""
    who = caller(request)
    rotated = bootstrap.services().endpoints.rotate(who.tenant_id, who.application_id, once_of(request))
    return JsonAnswer(mapping.secret(rotated))


@router.post(f"{BASE}/webhooks", response_model=schemas.NewWebhook, tags=["Webhooks"])
async def create_webhook(request: Request, body: schemas.WebhookOrder) -> JsonAnswer:
    """Register a receiver of events, 20 at most. What is sent there is signed with the secret in the answer."""
    made, secret = bootstrap.services().endpoints.create(
        caller(request).tenant_id, body.url, tuple(body.events), body.description, once_of(request)
    )
    return JsonAnswer({**mapping.webhook(made), "secret": secret})


@router.get(f"{BASE}/webhooks", response_model=schemas.WebhookPage, tags=["Webhooks"])
async def list_webhooks(request: Request, limit: Limit = 50, cursor: Cursor = None) -> JsonAnswer:
    """Your receivers, oldest first."""
    found = bootstrap.services().endpoints.list(caller(request).tenant_id)
    page, following = cut(found, lambda endpoint: endpoint.id, limit, cursor)
    return JsonAnswer({"webhooks": [mapping.webhook(each) for each in page], "next_cursor": following})


@router.get(WEBHOOK, response_model=schemas.Webhook, tags=["Webhooks"])
async def get_webhook(request: Request, webhook_id: str) -> JsonAnswer:
    """A receiver of yours."""
    return JsonAnswer(mapping.webhook(bootstrap.services().endpoints.get(caller(request).tenant_id, webhook_id)))


@router.patch(WEBHOOK, response_model=schemas.Webhook, tags=["Webhooks"])
async def change_webhook(request: Request, webhook_id: str, body: schemas.WebhookChange) -> JsonAnswer:
    """Change what is given of a receiver."""
    changed = bootstrap.services().endpoints.change(
        caller(request).tenant_id,
        webhook_id,
        url=body.url,
        events=body.events,
        description=body.description,
        enabled=body.enabled,
    )
    return JsonAnswer(mapping.webhook(changed))


@router.delete(WEBHOOK, response_model=Gone, tags=["Webhooks"])
async def delete_webhook(request: Request, webhook_id: str) -> JsonAnswer:
    """Forget a receiver and its secret. What still waits to be sent there is given up."""
    bootstrap.services().endpoints.delete(caller(request).tenant_id, webhook_id)
    return JsonAnswer({"id": webhook_id})


@router.get(WEBHOOK_SECRET, response_model=schemas.Secret, tags=["Webhooks"])
async def get_webhook_secret(request: Request, webhook_id: str) -> JsonAnswer:
    """The secret of a receiver. A key that may only read cannot see it."""
    found = bootstrap.services().endpoints.endpoint_secret(caller(request).tenant_id, webhook_id)
    return JsonAnswer(mapping.secret(found))


@router.post(f"{WEBHOOK}/rotate", response_model=schemas.Secret, tags=["Webhooks"])
async def rotate_webhook_secret(request: Request, webhook_id: str) -> JsonAnswer:
    """Give a receiver a new secret. For 24 hours events are signed with both."""
    endpoints, tenant_id = bootstrap.services().endpoints, caller(request).tenant_id
    endpoints.get(tenant_id, webhook_id)
    return JsonAnswer(mapping.secret(endpoints.rotate(tenant_id, webhook_id, once_of(request))))


@router.post(f"{WEBHOOK}/test", response_model=schemas.Notice, tags=["Webhooks"])
async def test_webhook(request: Request, webhook_id: str) -> JsonAnswer:
    """Send a receiver a `ping`. The answer is the notice; what becomes of it is told under `/notices/{notice_id}`."""
    notices = bootstrap.services().notices
    return JsonAnswer(mapping.notice(notices.ping(caller(request).tenant_id, webhook_id, once_of(request))))
