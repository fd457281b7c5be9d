"""Logs and metrics. Every line is JSON; each request leaves one, which CloudWatch also reads as metrics (EMF)."""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from functools import cache
from json.encoder import encode_basestring_ascii as quoted

NAMESPACE = "Patchbay"
_UNITS = {"Requests": "Count", "Faults": "Count", "Latency": "Milliseconds"}
_METRICS = json.dumps(
    {
        "Namespace": NAMESPACE,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in _UNITS.items()],
    }
)
_log = logging.getLogger(__name__)


def in_lambda() -> bool:
    """Whether this process is a Lambda's."""
    return bool(os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))


@cache
def configure(service: str) -> None:
    """In a Lambda, make every logger of this process write JSON lines under the name `service`."""
    if not in_lambda():
        return
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LambdaPowertoolsFormatter(service=service))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    # These say again, for each request or start, what our own line says.
    for name in ("mangum", "botocore", "boto3", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def request_done(service: str, *, status: int, seconds: float, facts: Mapping[str, str]) -> None:
    """Leave the line of one request: counted, timed, and with `facts` to search by."""
    if in_lambda():
        sys.stdout.write(metrics_line(service, status=status, seconds=seconds, facts=facts))


def metrics_line(service: str, *, status: int, seconds: float, facts: Mapping[str, str]) -> str:
    """The line, in CloudWatch's embedded metric format.

    Put together here because Powertools' `Metrics` takes as long for it as FastAPI for a whole request.
    """
    aws = f'"_aws": {{"Timestamp": {time.time_ns() // 1_000_000}, "CloudWatchMetrics": [{_METRICS}]}}'
    figures = f'"Requests": 1, "Faults": {int(status >= 500)}, "Latency": {seconds * 1000:.2f}'
    told = "".join(f"{quoted(name)}: {quoted(value)}, " for name, value in facts.items())
    return f'{{{aws}, "service": {quoted(service)}, {told}"status": {status}, {figures}}}\n'
