"""One job from its order to the report: one trace, and its id in the lines of every part. Nothing is faked but AWS."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.dialects.native.routes import DIALECT
from functions.entrypoints import deliver_webhook, dispatch_step, finish_job, plan_job, publish_changes, route_event
from functions.http import observe
from functions.http.handler import lambda_handler
from gpu_workers.runtime.engines import Rack
from gpu_workers.runtime.hand import Desk
from gpu_workers.runtime.logs import JsonLines
from gpu_workers.runtime.timing import Timing
from gpu_workers.runtime.worker import Worker
from patchbay import bootstrap
from patchbay.core import tracing, work
from patchbay.domain import traces
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles
from patchbay.settings import settings
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("loop")]
CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, CALLERS_SPAN = CALLER.split("-")[1:3]
HOOK = "https://receiver.example/private/hook?secret=abc"
SERVICES = ("native", "plan-job", "dispatch-step", "worker-cpu", "finish-job", "publish-changes", "route-event")


class Context:
    """What Lambda tells a handler of its call."""

    def __init__(self, name: str) -> None:
        self.aws_request_id = f"call-of-{name}"


class Engine:
    """Makes what it is asked for, and says so."""

    def load(self, model: ModelFiles) -> None:
        logging.getLogger("an.engine").info("loaded")

    def run(self, task: EngineTask) -> list[EngineOutput]:
        logging.getLogger("an.engine").info("running with https://somebody.example/song.wav?token=abc")
        made = []
        for name in [str(n) for n in task.params.get("stems") or ("result",)]:
            path = task.work_dir / f"{name}.wav"
            path.write_bytes(b"RIFF")
            made.append(EngineOutput(name, path, "audio/wav"))
        return made


@dataclass
class Walk:
    """What is left behind by one job that went all the way."""

    job_id: str
    spans: list[dict[str, Any]]
    lines: dict[str, list[dict[str, Any]]]
    posted: dict[str, str]
    """Headers of the report."""

    def named(self, name: str) -> dict[str, Any]:
        (found,) = [span for span in self.spans if span["name"] == name]
        return found


class Lines(logging.Handler):
    """Keeps lines as Lambdas and workers write them, by the part that is at work."""

    def __init__(self) -> None:
        super().__init__()
        self.part, self.kept = "", dict[str, list[dict[str, Any]]]()
        self.setFormatter(JsonLines())
        self.addFilter(work.AddFacts())

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.setdefault(self.part, []).append(json.loads(self.format(record)))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    kept, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A collector of spans that the settings name."""
    with Receiver() as collector:
        monkeypatch.setenv("PATCHBAY_OTLP_ENDPOINT", collector.url)
        settings.cache_clear()
        bootstrap.spans_of.cache_clear()
        yield collector
        for service in SERVICES:
            if exporter := bootstrap.spans_of(service):
                exporter.close()
    tracing.record_to(None)
    monkeypatch.undo()
    settings.cache_clear()
    bootstrap.spans_of.cache_clear()


def walked(
    world: World, ada: Tenant, lines: Lines, root: Path, traceparent: str = CALLER
) -> tuple[str, dict[str, str]]:
    """Order a job, and do with it what each part does in turn. Gives its id, and the headers of the report."""
    world.services.endpoints.create(ada.id, HOOK)
    asset = world.upload(ada)
    lines.part = "native"
    order = {"workflow": "stem-isolation-4", "input": {"asset_id": asset.id}}
    handler = lambda_handler(DIALECT)
    answer = Api(handler, f"Bearer {ada.secret}").post("/patchbay/v1/jobs", order, traceparent=traceparent)
    assert answer.status == 200, answer.text
    job_id = str(answer.json()["id"])
    told = {"tenant_id": ada.id, "job_id": job_id, "run": 1}
    lines.part = "plan-job"
    planned = plan_job.handler(told, Context("plan-job"))
    lines.part = "dispatch-step"
    for step in planned["steps"]:
        dispatch_step.handler({**told, **step, "task_token": "token"}, Context("dispatch-step"))
    lines.part = "worker-cpu"
    compute, _ = world.queues.sent[-1]
    desk = Desk(compute, "worker-1", world.services.tasks, world.queues, Timing(wait_s=1), lambda: None)  # type: ignore[arg-type]
    rack = Rack(lambda engine, name, version: ModelFiles(name, version, root), lambda name: Engine())
    spans = bootstrap.spans_of("worker-cpu")
    Worker(desk, world.objects, rack, root).run(idle_s=1, once=True)
    if spans:
        spans.flush()
    lines.part = "finish-job"
    finish_job.handler(told, Context("finish-job"))
    _report(world, lines)
    return job_id, world.web.posts[-1][2]


def _report(world: World, lines: Lines) -> None:
    """From the table's stream to the receiver."""
    lines.part = "publish-changes"
    changes = [(str(n), old, new) for n, (old, new) in enumerate(world.records.changes)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bootstrap, "stream_changes", lambda event: changes)
        publish_changes.handler({}, Context("publish-changes"))
    lines.part = "route-event"
    jobs = [json.dumps({"detail": e}) for e in world.bus.published if str(e["type"]).startswith("job.")]
    route_event.handler(_batch(jobs), Context("route-event"))
    lines.part = "deliver-webhook"
    due = world.notice_queue.due()
    asked = [{"tenant_id": m.tenant_id, "notice_id": m.notice_id, "attempt": m.attempt} for m in due]
    deliver_webhook.handler(_batch([json.dumps(each) for each in asked]), Context("deliver-webhook"))


def _batch(bodies: list[str]) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


@pytest.fixture
def walk(world: World, ada: Tenant, lines: Lines, collected: Receiver, tmp_path: Path) -> Walk:
    job_id, posted = walked(world, ada, lines, tmp_path)
    told = [receipt.told["resourceSpans"][0] for receipt in collected.receipts]
    spans = [span for each in told for span in each["scopeSpans"][0]["spans"]]
    return Walk(job_id, spans, lines.kept, posted)


def test_one_job_is_one_connected_trace(walk: Walk) -> None:
    assert {span["traceId"] for span in walk.spans} == {TRACE}
    ids = {span["spanId"] for span in walk.spans}
    assert len(ids) == len(walk.spans)
    roots = [span for span in walk.spans if span["parentSpanId"] not in ids]
    assert [(span["name"], span["parentSpanId"]) for span in roots] == [("POST /patchbay/v1/jobs", CALLERS_SPAN)]
    names = {span["name"] for span in walk.spans}
    assert names >= {"plan-job", "dispatch-step", "task", "fetch", "load", "engine", "store", "finish-job", "route"}
    assert names >= {"deliver", "POST report"}


def test_each_span_is_below_the_one_that_asked_for_it(walk: Walk) -> None:
    request = walk.named("POST /patchbay/v1/jobs")["spanId"]
    task = walk.named("task")
    assert task["parentSpanId"] == walk.named("dispatch-step")["spanId"]
    for name in ("plan-job", "dispatch-step", "finish-job", "deliver"):
        assert walk.named(name)["parentSpanId"] == request, name
    for name in ("fetch", "load", "engine", "store"):
        assert walk.named(name)["parentSpanId"] == task["spanId"], name
    assert walk.named("POST report")["parentSpanId"] == walk.named("deliver")["spanId"]


def test_the_receiver_can_go_on_with_the_trace(walk: Walk) -> None:
    place = traces.parse(walk.posted["traceparent"])
    assert place == (TRACE, walk.named("POST report")["spanId"], True)


def test_every_part_says_which_job_whose_and_in_which_trace(walk: Walk) -> None:
    for part in ("plan-job", "dispatch-step", "worker-cpu", "finish-job", "publish-changes", "route-event"):
        assert any(line.get("job_id") == walk.job_id for line in walk.lines[part]), part
    for part in ("plan-job", "dispatch-step", "worker-cpu", "finish-job", "route-event", "deliver-webhook"):
        found = [line for line in walk.lines[part] if line.get("trace_id") == TRACE]
        assert any(line.get("job_id") == walk.job_id and line.get("tenant_id") for line in found), part
    for part in ("plan-job", "finish-job"):
        assert all(line["request_id"] == f"call-of-{part}" for line in walk.lines[part])


def test_what_an_engine_says_is_told_of_its_task(walk: Walk) -> None:
    said = [line for line in walk.lines["worker-cpu"] if line["message"].startswith(("loaded", "running"))]
    assert len(said) == 2
    assert {line["job_id"] for line in said} == {walk.job_id}


def test_no_line_and_no_span_has_a_secret_or_what_users_called_things(walk: Walk, ada: Tenant) -> None:
    everything = json.dumps([walk.spans, walk.lines])
    for hidden in (ada.secret, "token=abc", "song.wav", "private/hook", "secret=abc"):
        assert hidden not in everything
    assert "somebody.example" in everything


def test_without_a_collector_a_callers_trace_reaches_the_receiver_all_the_same(
    world: World, ada: Tenant, lines: Lines, tmp_path: Path
) -> None:
    _, posted = walked(world, ada, lines, tmp_path)
    assert posted["traceparent"] == CALLER
    assert "patchbay.adapters.otlp.exporter" not in sys.modules or bootstrap.spans_of("native") is None


@pytest.mark.parametrize("given", ["", "nonsense", CALLER.replace("00-4", "ff-4", 1)])
def test_without_a_collector_and_a_trace_there_is_none(
    world: World, ada: Tenant, lines: Lines, tmp_path: Path, given: str
) -> None:
    _, posted = walked(world, ada, lines, tmp_path, given)
    assert "traceparent" not in posted


def test_the_request_leaves_its_routes_form_and_not_its_path(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "x")
    job = world.order(ada)
    handler = lambda_handler(DIALECT)
    capsys.readouterr()
    for path in (f"/patchbay/v1/jobs/{job.id}", "/patchbay/v1/nowhere/my-song.wav"):
        Api(handler, f"Bearer {ada.secret}").get(path)
    texts = [line for line in capsys.readouterr().out.splitlines() if '"Latency"' in line]
    found, none = (json.loads(text) for text in texts)
    assert (found["route"], found["job_id"], found["tenant_id"]) == ("/patchbay/v1/jobs/{job_id}", job.id, ada.id)
    assert found["request_id"]
    assert none["route"] == "none"
    assert "my-song" not in texts[1]


def test_a_lambdas_first_call_counts_as_a_start_and_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "x")
    monkeypatch.setattr(observe, "_started", set())

    @observe.watched("a-service")
    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return dict(event)

    capsys.readouterr()
    for _ in range(2):
        assert handler({"x": 1}, Context("a-service")) == {"x": 1}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["ColdStarts"], line["service"]) for line in lines if "ColdStarts" in line] == [(1, "a-service")]
