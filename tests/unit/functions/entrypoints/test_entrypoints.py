"""Each Lambda on its events, the committed samples included."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from functions.entrypoints import (
    bury_task,
    dispatch_step,
    finish_job,
    plan_job,
    publish_changes,
    reconcile_jobs,
    run_step,
    sweep_assets,
    upload_finished,
)
from patchbay import bootstrap
from patchbay.core.delivery import DeliveryFailed
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import FailureKind, Job, JobState
from patchbay.ports import Record
from tests.fakes.world import Tenant, World
from tests.support.samples import sample


def named(job: Job, **more: object) -> dict[str, Any]:
    return {"tenant_id": job.tenant_id, "job_id": job.id, "run": job.runs, **more}


def now(world: World, job: Job) -> Job:
    return world.services.jobs.get(job.tenant_id, job.id)


def s3(*keys: str) -> dict[str, Any]:
    return {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": key}}} for key in keys]}


def eventbridge(key: str) -> dict[str, Any]:
    return {"detail-type": "Object Created", "source": "aws.s3", "detail": {"object": {"key": key}}}


class TestUploadFinished:
    @pytest.mark.parametrize("shape", [s3, eventbridge])
    def test_the_upload_is_looked_at(self, world: World, ada: Tenant, shape: Any) -> None:
        asset = world.upload(ada)
        upload_finished.handler(shape(asset.key), None)
        assert world.services.assets.get(ada.id, asset.id).state is AssetState.READY

    def test_repetition_changes_nothing(self, world: World, ada: Tenant) -> None:
        asset = world.upload(ada)
        for _ in range(2):
            upload_finished.handler(s3(asset.key), None)
        assert world.prober.probed == 1

    def test_several_records_and_quoted_keys(self, world: World, ada: Tenant) -> None:
        one, two = world.upload(ada), world.upload(ada, b"no audio")
        upload_finished.handler(s3(one.key.replace("/", "%2F"), two.key), None)
        assert world.services.assets.get(ada.id, one.id).state is AssetState.READY
        assert world.services.assets.get(ada.id, two.id).state is AssetState.REJECTED

    @pytest.mark.parametrize("key", ["results/a/b/c.wav", "uploads/x/y", "a+b%20c", "", "uploads/../../x"])
    def test_other_objects_are_none_of_its_business(self, world: World, key: str) -> None:
        upload_finished.handler(s3(key), None)
        upload_finished.handler(eventbridge(key), None)
        assert world.prober.probed == 0

    @pytest.mark.parametrize("shape", [s3, eventbridge])
    def test_bytes_without_an_asset_are_removed(self, world: World, ada: Tenant, shape: Any) -> None:
        asset = world.upload(ada)
        world.services.assets.delete(ada.id, asset.id)
        world.objects.put(asset.key, b"the upload URL still lived")
        upload_finished.handler(shape(asset.key), None)
        assert world.objects.stat(asset.key) is None

    @pytest.mark.parametrize("name", ["upload_finished", "upload_finished_eventbridge"])
    def test_the_samples_name_an_upload_that_is_not_ours(self, world: World, name: str) -> None:
        upload_finished.handler(sample(name), None)

    def test_s3s_own_test_event(self, world: World) -> None:
        upload_finished.handler({"Service": "Amazon S3", "Event": "s3:TestEvent"}, None)

    def test_a_store_that_is_down_is_tried_again(self, world: World, ada: Tenant) -> None:
        asset = world.upload(ada)
        world.records.down = True
        with pytest.raises(Unavailable):
            upload_finished.handler(s3(asset.key), None)


class TestSteps:
    def test_plan(self, world: World, ada: Tenant) -> None:
        job = world.order(ada, workflow="stem-isolation-encoded")
        planned = plan_job.handler(named(job), None)
        assert {name: planned[name] for name in ("tenant_id", "job_id", "run")} == named(job)
        assert [(step["step"], step["compute"]) for step in planned["steps"]] == [(0, "gpu"), (1, "cpu")]
        assert all(step["timeout_s"] > 0 for step in planned["steps"])
        assert json.loads(json.dumps(planned)) == planned
        assert now(world, job).state is JobState.STARTED

    def test_plan_of_a_job_that_cannot_be_done(self, world: World, ada: Tenant) -> None:
        job = world.order(ada, input_asset_id=world.upload(ada, b"no audio").id)
        assert plan_job.handler(named(job), None)["steps"] == []
        assert now(world, job).state is JobState.FAILED

    def test_plan_of_a_job_that_is_gone(self, world: World) -> None:
        event = sample("plan_job")
        assert plan_job.handler(event, None) == {**event, "steps": []}

    def test_dispatch(self, world: World, ada: Tenant) -> None:
        job = world.order(ada)
        plan_job.handler(named(job), None)
        dispatch_step.handler(named(job, step=0, task_token="token"), None)
        compute, message = world.queues.sent[0]
        assert (compute, message.job_id, message.step, message.task_token) == ("gpu", job.id, 0, "token")
        assert world.launcher.launched == ["gpu"]

    def test_dispatch_that_fails_is_told_by_the_token(self, world: World, ada: Tenant) -> None:
        job = world.order(ada)
        dispatch_step.handler(named(job, step=0, task_token="token"), None)
        assert world.executions.tokens["token"] == ("failed", dispatch_step.FAILED, "NotFound")

    def test_deliver(self, world: World, ada: Tenant) -> None:
        target = "https://storage.example.com/vocals"
        job = world.order(ada, deliver_to={"vocals": target})
        deliver_to, world.services.delivery.web.put = world.services.delivery.web.put, _refused  # type: ignore[method-assign]
        with pytest.raises(DeliveryFailed):
            world.carry_out(job)
        world.services.delivery.web.put = deliver_to  # type: ignore[method-assign]
        event = named(job, step=1)
        assert run_step.handler(event, None) == event
        assert target in world.web.taken

    def test_a_try_that_is_not_the_last_leaves_the_step_open(self, world: World, ada: Tenant) -> None:
        job = world.order(ada, deliver_to={"vocals": "https://storage.example.com/vocals"})
        world.web.refusing.add("storage.example.com")
        with pytest.raises(DeliveryFailed):
            world.carry_out(job)
        failed = world.services.pipeline.steps(job.id)[1]
        assert failed.failure is not None
        with pytest.raises(DeliveryFailed):
            run_step.handler(named(job, step=1, last_try=False), None)


class TestFinish:
    def test_without_an_error(self, world: World, ada: Tenant) -> None:
        job = world.order(ada)
        world.carry_out(job)
        finish_job.handler(named(job), None)
        assert now(world, job).state is JobState.SUCCEEDED

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("States.Timeout", FailureKind.TIMEOUT),
            ("States.HeartbeatTimeout", FailureKind.TIMEOUT),
            ("States.TaskFailed", FailureKind.INTERNAL),
            ("Runtime.HandlerError", FailureKind.INTERNAL),
            ("", FailureKind.INTERNAL),
        ],
    )
    def test_with_an_error(self, world: World, ada: Tenant, name: str, kind: FailureKind) -> None:
        job = world.order(ada)
        cause = 'Traceback: File "/var/task/secret.py"'
        finish_job.handler(named(job, error={"name": name, "cause": cause}), None)
        failure = now(world, job).failure
        assert failure is not None
        assert failure.kind is kind
        assert "secret" not in failure.message

    def test_what_the_step_told_goes_first(self, world: World, ada: Tenant) -> None:
        job = world.order(ada, deliver_to={"vocals": "https://storage.example.com/vocals"})
        world.web.refusing.add("storage.example.com")
        with pytest.raises(DeliveryFailed):
            world.carry_out(job)
        finish_job.handler(named(job, error={"name": "States.TaskFailed", "cause": ""}), None)
        failure = now(world, job).failure
        assert failure is not None
        assert failure.kind is FailureKind.BAD_INPUT
        assert "storage.example.com" in failure.message

    @pytest.mark.parametrize("name", ["finish_job", "finish_job_failed"])
    def test_of_a_job_that_is_gone(self, world: World, name: str) -> None:
        finish_job.handler(sample(name), None)


class TestReconcile:
    def test_a_schedule_leaves_young_jobs_alone_and_a_restart_does_not(self, world: World, ada: Tenant) -> None:
        job = world.order(ada)
        world.executions.lose()
        assert reconcile_jobs.handler(sample("reconcile_jobs"), None)["resumed"] == 0
        assert reconcile_jobs.handler(sample("reconcile_jobs_restart"), None)["resumed"] == 1
        assert world.executions.running(job.id, 2)
        world.executions.lose()
        world.clock.advance(minutes=2)
        told = reconcile_jobs.handler(sample("reconcile_jobs"), None)
        assert told == {"looked_at": 1, "resumed": 1, "failed": 0, "told": 0, "trouble": 0}


class TestBury:
    def batch(self, *bodies: str) -> dict[str, Any]:
        return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}

    def test_the_step_fails_and_the_state_machine_is_told(self, world: World, ada: Tenant) -> None:
        job = world.order(ada)
        plan_job.handler(named(job), None)
        dispatch_step.handler(named(job, step=0, task_token="token"), None)
        body = world.queues.sent[0][1].model_dump_json()
        assert bury_task.handler(self.batch(body), None) == {"batchItemFailures": []}
        assert world.executions.tokens["token"][0] == "failed"

    def test_what_is_no_task_is_dropped(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.ERROR):
            answer = bury_task.handler(self.batch("", "{}", "nonsense", '{"step": "x"}'), None)
        assert answer == {"batchItemFailures": []}
        assert len(caplog.records) == 4

    def test_only_what_failed_is_tried_again(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def bury(message: Any) -> None:
            if message.step == 1:
                raise Unavailable("busy")

        monkeypatch.setitem(world.services.__dict__, "tasks", type("Tasks", (), {"bury": staticmethod(bury)}))
        task = {"tenant_id": "t", "job_id": "j", "task_token": "k"}
        bodies = [json.dumps({**task, "step": step}) for step in range(3)]
        assert bury_task.handler(self.batch(*bodies), None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}

    def test_the_sample(self, world: World) -> None:
        assert bury_task.handler(sample("bury_task"), None) == {"batchItemFailures": []}


class TestPublish:
    def test_the_sample(self, world: World) -> None:
        assert publish_changes.handler(sample("publish_changes"), None) == {"batchItemFailures": []}
        assert [event["type"] for event in world.bus.published] == ["job.queued", "job.started"]

    def test_a_jobs_life_is_told_once_each(self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        job = world.order(ada)
        world.carry_out(job)
        changes = [(str(n), old, new) for n, (old, new) in enumerate(world.records.changes)]
        monkeypatch.setattr(bootstrap, "stream_changes", lambda event: changes)
        publish_changes.handler({}, None)
        told = [event["type"] for event in world.bus.published if event["type"].startswith("job.")]
        assert told == ["job.queued", "job.started", "job.succeeded"]
        assert len({event["id"] for event in world.bus.published}) == len(world.bus.published)

    def test_a_bus_that_is_down_is_tried_again_from_the_start(self, world: World) -> None:
        world.bus.down = True
        event = sample("publish_changes")
        assert publish_changes.handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "100"}]}

    def test_a_record_that_cannot_be_read_stops_nobody(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.order(ada)
        bad = Record("JOBS#t", "j", "job", "{}")
        good = [("2", old, new) for old, new in world.records.changes]
        monkeypatch.setattr(bootstrap, "stream_changes", lambda event: [("1", None, bad), *good])
        assert publish_changes.handler({}, None) == {"batchItemFailures": []}
        assert [event["type"] for event in world.bus.published] == ["job.queued"]


def _refused(*args: object, **more: object) -> None:
    from patchbay.domain.errors import FetchRefused

    raise FetchRefused("not now")


class TestSweepAssets:
    def test_the_sample_event_removes_what_is_kept_no_longer(self, world: World, ada: Tenant) -> None:
        none = dict.fromkeys(
            ("trouble", "projects_removed", "projects_in_trouble", "videos_removed", "videos_in_trouble"), 0
        )
        gone, kept = world.upload(ada), world.upload(ada)
        world.services.assets.keep(ada.id, gone.id, world.clock.now() + timedelta(minutes=5))
        assert sweep_assets.handler(sample("sweep_assets"), None) == {**none, "removed": 0}
        world.clock.advance(minutes=5)
        assert sweep_assets.handler(sample("sweep_assets"), None) == {**none, "removed": 1}
        assert [one.id for one in world.services.assets.list(ada.id, limit=9)] == [kept.id]
        assert world.objects.stat(gone.key) is None

    def test_a_table_that_is_down_fails_the_call(self, world: World) -> None:
        world.records.down = True
        with pytest.raises(Unavailable):
            sweep_assets.handler(sample("sweep_assets"), None)
