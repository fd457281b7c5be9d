"""The line that each request leaves, and JSON logs in a Lambda."""

import json
import logging
import os
import subprocess
import sys

import pytest

from functions.http import observe


def test_the_line_is_json_in_the_embedded_metric_format() -> None:
    facts = {"path": '/"quoted"\n\u2028é', "method": "GET"}
    told = json.loads(observe.metrics_line("musicai", status=503, seconds=0.01234, facts=facts))
    directive = told["_aws"]["CloudWatchMetrics"][0]
    assert directive["Namespace"] == "Patchbay/dev"
    assert {metric["Name"]: told[metric["Name"]] for metric in directive["Metrics"]} == {
        "Requests": 1,
        "Faults": 1,
        "Latency": 12.34,
    }
    assert [told[name] for name in directive["Dimensions"][0]] == ["musicai"]
    assert told["path"] == facts["path"]
    assert observe.metrics_line("a", status=200, seconds=0, facts={}).count("\n") == 1


def test_lines_are_written_in_a_lambda_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    observe.request_done("a", status=200, seconds=0, facts={})
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "x")
    observe.request_done("a", status=200, seconds=0, facts={})
    assert json.loads(capsys.readouterr().out)["service"] == "a"


def test_every_logger_writes_json_in_a_lambda(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "x")
    observe.configure.cache_clear()
    try:
        observe.configure("a-service")
        logging.getLogger("patchbay.core.jobs").warning("careful", extra={"job_id": "j1"})
        logging.getLogger("mangum.http").info("GET /")
    finally:
        root.handlers, root.level = before[0], before[1]
        observe.configure.cache_clear()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 1
    assert lines[0]["service"] == "a-service"
    assert (lines[0]["level"], lines[0]["message"], lines[0]["job_id"]) == ("WARNING", "careful", "j1")


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"])
def test_what_sends_spans_is_imported_only_where_spans_are_sent(endpoint: str) -> None:
    asked = (
        "import sys, functions.entrypoints.finish_job; from patchbay import bootstrap; bootstrap.spans_of('x');"
        "print(sorted(name for name in sys.modules if 'otlp' in name or name.startswith('opentelemetry.sdk')))"
    )
    given = {"AWS_LAMBDA_FUNCTION_NAME": "x", "AWS_DEFAULT_REGION": "us-east-1", "PATCHBAY_OTLP_ENDPOINT": endpoint}
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, **given}, capture_output=True, text=True, check=True
    )
    assert ("patchbay.adapters.otlp.exporter" in done.stdout) is bool(endpoint)
    assert "opentelemetry.sdk" not in done.stdout
