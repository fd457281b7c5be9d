"""Spans on their way to a collector that is there, that is not, and that never answers."""

import base64
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from patchbay.adapters.otlp import exporter as module
from patchbay.adapters.otlp import form
from patchbay.adapters.otlp.exporter import Exporter
from patchbay.domain import traces
from patchbay.domain.traces import Span, Value

pytestmark = pytest.mark.enable_socket
IDS = ("traceId", "spanId", "parentSpanId")


class Collector:
    """Answers POSTs as told, and keeps them."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.taken = status, list[tuple[str, Mapping[str, str], bytes]]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.taken.append((self.path, dict(self.headers.items()), body))
                self.send_response(outer.status)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def sending() -> Iterator[list[Exporter]]:
    """Exporters whose connections are closed at the end."""
    made: list[Exporter] = []
    yield made
    for each in made:
        each.close()


def span(name: str = "GET", **attributes: Value) -> Span:
    place = traces.begin(sampled=True)
    return Span(
        name, "server", 1_700_000_000_000_000_001, attributes, place, "00f067aa0ba902b7", True, 1_700_000_001 * 10**9
    )


def by_the_standard(body: bytes) -> ExportTraceServiceRequest:
    """As OpenTelemetry's own definition reads it; ids are hexadecimal in OTLP's JSON, where protobuf's has Base64."""

    def based(value: Any) -> Any:
        if isinstance(value, list):
            return [based(each) for each in value]
        if isinstance(value, dict):
            return {
                name: base64.b64encode(bytes.fromhex(each)).decode() if name in IDS else based(each)
                for name, each in value.items()
            }
        return value

    read = ExportTraceServiceRequest()
    json_format.ParseDict(based(json.loads(body)), read)
    return read


@given(
    st.dictionaries(
        st.text(min_size=1),
        st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
        max_size=5,
    )
)
def test_the_standard_reads_what_is_sent(attributes: dict[str, Value]) -> None:
    made = Span("GET /x", "client", 5, attributes, traces.begin(sampled=True), "00f067aa0ba902b7", True, 7, "Fault")
    read = by_the_standard(form.request([made], {"service.name": "patchbay-test"}))
    (resource,) = read.resource_spans
    assert [(a.key, a.value.string_value) for a in resource.resource.attributes] == [("service.name", "patchbay-test")]
    (found,) = resource.scope_spans[0].spans
    assert made.place is not None
    assert (found.trace_id.hex(), found.span_id.hex()) == (made.place.trace_id, made.place.span_id)
    assert found.parent_span_id.hex() == made.parent_id
    assert (found.name, found.kind, found.start_time_unix_nano, found.end_time_unix_nano) == ("GET /x", 3, 5, 7)
    assert (found.status.code, found.status.message) == (2, "Fault")
    told = {a.key: getattr(a.value, str(a.value.WhichOneof("value"))) for a in found.attributes}
    assert told == attributes


def test_a_span_in_no_trace_is_refused() -> None:
    with pytest.raises(ValueError, match="in no trace"):
        form.request([Span("x", "internal", 1)], {})


@pytest.mark.parametrize("end", ["", "/", "/v1/traces"])
def test_all_that_came_together_is_sent_at_once(collector: Collector, sending: list[Exporter], end: str) -> None:
    made = Exporter(collector.url + end, {"service.name": "x"})
    sending.append(made)
    for _ in range(3):
        made.add(span())
    made.flush()
    made.flush()
    ((path, headers, body),) = collector.taken
    assert path == "/v1/traces"
    assert headers["content-type"] == "application/json"
    assert len(by_the_standard(body).resource_spans[0].scope_spans[0].spans) == 3
    assert made.dropped == 0


def test_many_go_in_several_requests(collector: Collector, sending: list[Exporter]) -> None:
    made = Exporter(collector.url, {})
    sending.append(made)
    for _ in range(module.MOST_SENT + 1):
        made.add(span())
    made.flush()
    counts = [len(by_the_standard(body).resource_spans[0].scope_spans[0].spans) for _, _, body in collector.taken]
    assert counts == [module.MOST_SENT, 1]


def test_a_slow_collector_keeps_work_for_one_request_at_most(
    collector: Collector, sending: list[Exporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now_s[0]))

    def sign(url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        now_s[0] += module.TIMEOUT_S
        return headers

    made = Exporter(collector.url, {}, sign)
    sending.append(made)
    for _ in range(module.MOST_SENT + 1):
        made.add(span())
    made.flush()
    assert len(collector.taken) == 1
    made.flush()
    assert len(collector.taken) == 2
    assert made.dropped == 0


def test_a_request_is_signed_where_that_is_asked(collector: Collector, sending: list[Exporter]) -> None:
    def sign(url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, "authorization": f"signed {url} {len(body)}"}

    made = Exporter(collector.url, {}, sign)
    sending.append(made)
    made.add(span())
    made.flush()
    ((_, headers, body),) = collector.taken
    assert headers["authorization"] == f"signed {made.url} {len(body)}"


@pytest.mark.parametrize("status", [302, 400, 503])
def test_a_collector_that_refuses_is_left_alone_for_a_while(
    sending: list[Exporter], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector(status)
    try:
        made = Exporter(collector.url, {})
        sending.append(made)
        for _ in range(2):
            made.add(span())
            made.flush()
        assert len(collector.taken) == 1
        assert made.dropped == 1
        assert str(status) in caplog.text
    finally:
        collector.close()


def test_no_work_fails_for_a_collector_that_is_not_there(sending: list[Exporter]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        made = Exporter(f"http://127.0.0.1:{taken.getsockname()[1]}", {})
        sending.append(made)
        made.add(span())
        made.flush()
    assert made.dropped == 1


def test_what_nobody_takes_is_bounded(sending: list[Exporter]) -> None:
    made = Exporter("http://127.0.0.1:9", {})
    sending.append(made)
    for _ in range(module.MOST_KEPT + 5):
        made.add(span())
    assert made.dropped == 5
