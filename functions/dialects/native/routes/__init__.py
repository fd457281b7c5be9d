"""Patchbay's own API: the routes of all nouns, and the dialect that they make."""

from starlette.datastructures import Headers

from functions.dialects.native.errors import ERRORS, MEDIA_TYPE, shape
from functions.dialects.native.routes import accounts, assets, catalogue, costs, documents, events, jobs, webhooks
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas.common import Problem
from functions.http.dialect import Dialect, new_router

router = new_router()
for _part in (jobs, assets, catalogue, webhooks, events, accounts, costs, documents):
    router.routes.extend(_part.router.routes)


def find_key(headers: Headers) -> str | None:
    """The key: `Authorization: Bearer <key>` or `X-API-Key: <key>`."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    bearer = rest.strip() if scheme.lower() == "bearer" else ""
    return bearer or headers.get("x-api-key")


DIALECT = Dialect(
    name="native",
    title="Patchbay",
    description="Patchbay's own API: jobs of every dialect, files, webhooks, events, keys and usage. Lists have a"
    " `limit` and a `cursor`; POST requests take an `Idempotency-Key`, and are then done once. What changes can be"
    " waited for with `wait_s`: answers are given whole, not streamed.",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_media_type=MEDIA_TYPE,
    cookies=True,
    public=frozenset({f"{BASE}/health", "/openapi/{name}.json", "/docs", "/docs/{name}"}),
    # The application's secret is made by looking at it, and whoever has a secret can speak for us.
    writing=frozenset({webhooks.APPLICATION_SECRET, webhooks.WEBHOOK_SECRET}),
    secret=frozenset({accounts.KEYS, accounts.ROTATE_KEY}),
    error_model=Problem,
    key_schemes={
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    },
)
