"""Spans as OTLP/HTTP has them in JSON (opentelemetry-proto 1, "JSON Protobuf Encoding": ids in hexadecimal).

Written here rather than by the OpenTelemetry SDK: one request needs a dozen lines of it, and no Lambda has to import
that, with protobuf and a second HTTP client, for each cold start.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from patchbay.domain.traces import Kind, Span, Value

_KINDS: dict[Kind, int] = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_ERROR = 2
SCOPE = "patchbay"


def request(spans: Sequence[Span], resource: Mapping[str, Value]) -> bytes:
    """The body of an export."""
    scoped = {"scope": {"name": SCOPE}, "spans": [_span(each) for each in spans]}
    told = {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scoped]}
    return json.dumps({"resourceSpans": [told]}, separators=(",", ":")).encode()


def _span(span: Span) -> dict[str, Any]:
    if span.place is None:
        raise ValueError(f"span {span.name!r} is in no trace")
    told = {
        "traceId": span.place.trace_id,
        "spanId": span.place.span_id,
        "name": span.name,
        "kind": _KINDS[span.kind],
        # As texts: JSON's numbers have no 64 bits.
        "startTimeUnixNano": str(span.started_ns),
        "endTimeUnixNano": str(max(span.ended_ns, span.started_ns)),
        "attributes": _attributes(span.attributes),
        "flags": 1,
    }
    if span.parent_id:
        told["parentSpanId"] = span.parent_id
    if span.error:
        told["status"] = {"code": _ERROR, "message": span.error}
    return told


def _attributes(given: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in given.items()]


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
