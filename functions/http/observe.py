"""Logs, metrics and traces of Lambdas. Every line is JSON and says what it is about; some are read as metrics (EMF)."""

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, wraps
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TypeVar

from patchbay import bootstrap
from patchbay.catalog import metrics
from patchbay.core import tracing, work
from patchbay.core.events import job_of
from patchbay.core.secrecy import redacted

Answer = TypeVar("Answer")
Given = TypeVar("Given", bound=Mapping[str, Any])
_log = logging.getLogger(__name__)
_started: set[str] = set()
"""The services that this process has worked for: one, in a Lambda."""


def in_lambda() -> bool:
    """Whether this process is a Lambda's."""
    return bool(os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))


def is_watched() -> bool:
    """Whether CloudWatch reads this process's lines: a Lambda's, or a container's on ECS, which sets this variable."""
    return in_lambda() or bool(os.environ.get("ECS_CONTAINER_METADATA_URI_V4"))


def stage() -> str:
    """The stage whose metrics these are."""
    return os.environ.get("PATCHBAY_STAGE", "") or "dev"


@cache
def configure(service: str) -> None:
    """Where CloudWatch reads them, make every logger of this process write JSON lines under the name `service`."""
    if not is_watched():
        return
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    class Formatter(LambdaPowertoolsFormatter):
        def format(self, record: logging.LogRecord) -> str:
            return redacted(super().format(record))

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter(service=service))
    handler.addFilter(work.AddFacts())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    # These say again, for each request or start, what our own line says.
    for name in ("mangum", "botocore", "boto3", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def watched(service: str) -> Callable[[Callable[[Given, Any], Answer]], Callable[[Given, Any], Answer]]:
    """Around a Lambda's handler: its lines say for which call and job, what it does is a span, its start is counted."""
    configure(service)

    def around(handler: Callable[[Given, Any], Answer]) -> Callable[[Given, Any], Answer]:
        @wraps(handler)
        def call(event: Given, context: Any) -> Answer:
            called = getattr(context, "aws_request_id", None)
            bootstrap.spans_of(service)  # from here on they are recorded, if they are at all
            try:
                with work.begin(request_id=called, **_job(event)), tracing.span(service):
                    return handler(event, context)
            finally:
                call_done(service)

        return call

    return around


def call_done(service: str) -> None:
    """To be called at the end of each call of a Lambda, which may be stopped in its tracks then: sends its spans, and
    counts the first as a start.
    """
    if service not in _started:
        _started.add(service)
        measured(metrics.STARTS, {"ColdStarts": 1}, service=service)
    exporter = bootstrap.spans_of(service)
    if exporter is not None:
        exporter.flush()


def told(event: Mapping[str, Any]) -> dict[str, str]:
    """Whose an event of the bus is, and which job's."""
    return {"tenant_id": str(event.get("tenant_id", "")), "job_id": job_of(event)}


def measured(group: metrics.Group, figures: Mapping[str, float], **facts: object) -> None:
    """Leave a line that CloudWatch reads as metrics, with `facts` and what is known of the work to search by."""
    if is_watched():
        sys.stdout.write(group.line(stage(), figures, {**work.facts(), **facts}) + "\n")


def request_done(service: str, *, status: int, seconds: float, facts: Mapping[str, str]) -> None:
    """Leave the line of one request: counted, timed, and with `facts` to search by."""
    if is_watched():
        sys.stdout.write(metrics_line(service, status=status, seconds=seconds, facts=facts))


def metrics_line(service: str, *, status: int, seconds: float, facts: Mapping[str, str]) -> str:
    """The line, in CloudWatch's embedded metric format.

    Put together here because Powertools' `Metrics` takes as long for it as FastAPI for a whole request.
    """
    aws = f'"_aws": {{"Timestamp": {time.time_ns() // 1_000_000}, "CloudWatchMetrics": [{_directive(stage())}]}}'
    figures = f'"Requests": 1, "Faults": {int(status >= 500)}, "Latency": {seconds * 1000:.2f}'
    told = "".join(f"{quoted(name)}: {quoted(value)}, " for name, value in facts.items())
    return f'{{{aws}, "service": {quoted(service)}, {told}"status": {status}, {figures}}}\n'


@cache
def _directive(stage: str) -> str:
    return metrics.REQUESTS.directive(stage)


def _job(event: Mapping[str, Any]) -> dict[str, object]:
    """Which job a state machine's call, or an event of the bus, is about."""
    detail = event.get("detail")
    if isinstance(detail, Mapping) and "tenant_id" in detail:
        return dict(told(detail))
    return {name: event[name] for name in ("tenant_id", "job_id", "step") if name in event}
