"""The Lambda handler of a dialect."""

from collections.abc import Callable
from typing import Any

from mangum import Mangum

from functions.http import app, observe
from functions.http.dialect import Dialect
from patchbay import bootstrap

Event = dict[str, Any]
Handler = Callable[[Event, Any], dict[str, Any]]
NO_HOST = {"host": "localhost:443"}


def lambda_handler(dialect: Dialect) -> Handler:
    """What Lambda calls with API Gateway's events.

    In a Lambda the services are made here, before the first request: a wrong setting shows at the start, and Lambda
    gives a starting process more of a processor than one that answers.
    """
    observe.configure(dialect.name)
    if observe.in_lambda():
        _ = bootstrap.services().jobs
    text_types = ["text/", "application/json", dialect.error_media_type]
    adapter = Mangum(app.build(dialect), lifespan="off", text_mime_types=text_types)

    def handler(event: Event, context: Any) -> dict[str, Any]:
        bootstrap.spans_of(dialect.name)  # from here on they are recorded, if they are at all
        try:
            # Nothing here looks at the host, and Mangum fails on one that it cannot part into a name and a number.
            return adapter({**event, "headers": {**(event.get("headers") or {}), **NO_HOST}}, context)
        finally:
            observe.call_done(dialect.name)

    return handler
