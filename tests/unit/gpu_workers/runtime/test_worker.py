"""The worker's loop over fakes: what is reported, what happens to the message, what stays warm."""

import errno
import hashlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from patchbay.catalog.compute import DELIVERIES
from patchbay.domain.errors import InvalidInput, ModelUnavailable, Unavailable, UnusableAudio
from patchbay.domain.jobs import FailureKind
from patchbay.domain.steps import Step, StepInput, StepState
from patchbay.domain.tasks import ComputeClass, EngineOutput, EngineTask, ModelFiles, TaskMessage
from tests.unit.gpu_workers.runtime.desk import INPUT_KEY, TENANT, Bench, Run, one_file


def raising(error: BaseException) -> Run:
    def run(task: EngineTask) -> Sequence[EngineOutput]:
        raise error

    return run


def test_a_task_is_done_stored_and_reported(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    bench.work()
    (output,) = bench.step.outputs
    assert bench.step.state is StepState.DONE
    contents = hashlib.sha256(b"stem").hexdigest()
    assert output.key == f"results/{TENANT}/{'f' * 64}/{contents[:16]}/stem.wav"
    assert bench.world.objects.stored[output.key] == (b"stem", "audio/wav")
    assert (output.size_bytes, output.sha256) == (4, contents)
    assert bench.world.executions.tokens == {"token": ("succeeded",)}
    assert bench.left == 0
    assert bench.job.progress == 0.999
    assert list(tmp_path.iterdir()) == []


def test_where_the_seconds_went_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(task: EngineTask) -> Sequence[EngineOutput]:
        time.sleep(0.03)
        return one_file(task)

    bench = Bench(tmp_path, slow)
    load, upload = bench.engine.load, bench.world.objects.upload

    def slow_load(model: ModelFiles) -> None:
        time.sleep(0.05)
        load(model)

    def slow_upload(path: Path, key: str, *, media_type: str) -> None:
        time.sleep(0.04)
        upload(path, key, media_type=media_type)

    monkeypatch.setattr(bench.engine, "load", slow_load)
    monkeypatch.setattr(bench.world.objects, "upload", slow_upload)
    bench.order()
    bench.work()
    step = bench.step
    assert step.start_s >= 0.05, "waiting for weights is the job's, and the engine's time is not"
    assert step.engine_s >= 0.03
    assert step.store_s >= 0.04
    assert step.lost_s == 0.0
    assert step.busy_s() == pytest.approx(step.start_s + step.engine_s + step.store_s)


def test_the_engine_gets_the_input_the_params_and_an_empty_folder(tmp_path: Path) -> None:
    seen = []

    def run(task: EngineTask) -> Sequence[EngineOutput]:
        seen.append((task.inputs[0].name, task.inputs[0].path.read_bytes(), task.params, list(task.work_dir.iterdir())))
        return [EngineOutput("bpm", value=120.0)]

    bench = Bench(tmp_path, run)
    bench.order(params={"stems": ["drums"]}, model="patchbay-classic", model_version="1.0")
    bench.work()
    assert seen == [("input", b"song", {"stems": ["drums"]}, [])]
    assert bench.engine.loaded[0].name == "patchbay-classic"
    assert bench.step.outputs[0].value == 120.0


def test_engines_stay_between_tasks(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(3):
        bench.order()
        bench.work()
        bench.world.records.items.clear()
        bench.world.records.sort_keys.clear()
    assert bench.made == ["separation"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnusableAudio("no audio"), FailureKind.BAD_INPUT),
        (InvalidInput("no such stem"), FailureKind.BAD_INPUT),
        (ModelUnavailable("weights of x are missing"), FailureKind.INTERNAL),
    ],
)
def test_what_can_never_work_fails_at_once(tmp_path: Path, error: Exception, kind: FailureKind) -> None:
    bench = Bench(tmp_path, raising(error))
    bench.order()
    bench.work()
    assert bench.step.failure is not None
    assert (bench.step.failure.kind, bench.step.failure.message) == (kind, str(error))
    assert bench.world.executions.tokens["token"][0] == "failed"
    assert bench.left == 0


class OutOfMemoryError(RuntimeError):
    """As torch's is called."""


class AcceleratorError(RuntimeError):
    """As torch's is called."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MemoryError(), "the worker ran out of memory"),
        (OutOfMemoryError("CUDA out of memory"), "the worker ran out of memory"),
        (OSError(errno.ENOSPC, "no space", "/secret"), "the worker's disk is full"),
        (AcceleratorError("illegal access"), "the worker's GPU failed"),
        (KeyError("/secret"), "the engine stopped with KeyError"),
        (Unavailable("the object store is busy; try again"), "the object store is busy; try again"),
        (SystemExit(3), "the engine stopped with SystemExit"),
    ],
)
def test_other_trouble_leaves_the_task_to_another_try(tmp_path: Path, error: BaseException, text: str) -> None:
    bench = Bench(tmp_path, raising(error))
    bench.order()
    bench.work()
    step = bench.step
    assert (step.state, step.last_trouble, step.leased_by) == (StepState.READY, text, None)
    assert bench.world.executions.tokens == {}
    (held,) = bench.world.queues.messages["gpu"].values()
    assert held.hidden_until == bench.world.clock.now().timestamp() + bench.desk.timing.backoff_s
    bench.world.clock.advance(seconds=10)
    if isinstance(error, AcceleratorError):
        assert bench.worker._stopping.is_set()
        return
    bench.engine._run = one_file
    bench.work()
    assert len(bench.made) == (1 if isinstance(error, Unavailable) else 2)
    assert bench.step.state is StepState.DONE


@pytest.mark.parametrize("sha256", [hashlib.sha256(b"song").hexdigest(), None])
def test_an_input_is_what_was_inspected(tmp_path: Path, sha256: str | None) -> None:
    bench = Bench(tmp_path)
    bench.order(inputs=(StepInput(name="input", key=INPUT_KEY, sha256=sha256),))
    bench.world.objects.put(INPUT_KEY, b"other song" if sha256 else b"any song")
    bench.work()
    assert bench.step.state is (StepState.FAILED if sha256 else StepState.DONE)
    if sha256:
        assert bench.step.failure is not None
        assert "changed after it was inspected" in bench.step.failure.message


def test_a_missing_input_fails_the_step(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    bench.world.objects.delete(INPUT_KEY)
    bench.work()
    assert bench.step.failure is not None
    assert "not there any more" in bench.step.failure.message


def test_a_finished_task_is_answered_again_and_not_done_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    bench.work()
    again = TaskMessage(**(bench.message.model_dump() | {"task_token": "second"}))
    bench.world.queues.send("gpu", again)
    bench.worker.run(idle_s=0)
    assert bench.world.executions.tokens["second"] == ("succeeded",)
    assert bench.left == 0
    assert bench.step.attempts == 1


def test_a_task_of_a_cancelled_job_is_dropped(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    bench.cancel()
    bench.worker.run(idle_s=0)
    assert bench.left == 0
    assert bench.step.attempts == 0


def test_a_busy_tasks_message_comes_back_when_the_lease_may_be_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    bench.lease_to_another()
    delivery = bench.receive()
    assert not bench.worker._handle(delivery)
    (held,) = bench.world.queues.messages["gpu"].values()
    assert 0 < held.hidden_until - bench.world.clock.now().timestamp() <= bench.desk.timing.lease_s + 2


def test_a_busy_tasks_message_is_never_dead_lettered(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    for _ in range(4 * DELIVERIES):
        bench.lease_to_another()
        delivery = bench.receive()
        assert delivery.received <= DELIVERIES
        bench.worker._handle(delivery)
        bench.world.clock.advance(seconds=3)
    assert bench.left == 1
    assert bench.step.leased_by == "worker-2"


def test_a_cancelled_engine_reports_nothing(tmp_path: Path) -> None:
    def run(task: EngineTask) -> Sequence[EngineOutput]:
        bench.cancel()
        while True:
            task.progress(0.1)
            time.sleep(0.005)

    bench = Bench(tmp_path, run)
    bench.order()
    bench.work()
    assert bench.step.state is StepState.LEASED
    assert bench.world.executions.tokens == {}
    assert bench.left == 0


def test_a_stopped_worker_gives_back_and_throws_the_result_away(tmp_path: Path) -> None:
    def run(task: EngineTask) -> Sequence[EngineOutput]:
        thread = threading.Thread(target=bench.worker.stop)
        thread.start()
        thread.join()
        assert bench.step.state is StepState.READY
        return [EngineOutput("late", value=1)]

    bench = Bench(tmp_path, run)
    bench.order()
    bench.worker.run(idle_s=60)
    assert bench.step.state is StepState.READY
    assert bench.world.executions.tokens == {}
    assert bench.world.queues.waiting("gpu") == 1


def test_a_stopped_worker_does_not_end_before_its_task_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine lets go at once, while the queue takes its time to answer the thread that gives the task back."""

    def run(task: EngineTask) -> Sequence[EngineOutput]:
        threading.Thread(target=bench.worker.stop).start()
        while True:
            task.progress(0.1)
            time.sleep(0.001)

    bench = Bench(tmp_path, run)
    hold = bench.world.queues.hold

    def slow(compute: ComputeClass, handle: str, hold_s: int) -> None:
        time.sleep(0.2)
        hold(compute, handle, hold_s)

    monkeypatch.setattr(bench.world.queues, "hold", slow)
    bench.order()
    bench.worker.run(idle_s=60)
    assert bench.world.queues.waiting("gpu") == 1


def test_a_task_received_while_stopping_goes_straight_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    delivery = bench.receive()
    bench.worker.stop()
    assert not bench.worker._handle(delivery)
    assert bench.world.queues.waiting("gpu") == 1
    assert bench.step.attempts == 0


def test_an_end_that_could_not_be_reported_is_reported_at_the_next_delivery(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    succeed = bench.world.executions.succeed_task

    def broken(token: str) -> None:
        raise Unavailable("the state machine is busy")

    bench.world.executions.succeed_task = broken  # type: ignore[method-assign]
    bench.work()
    assert bench.left == 1
    bench.world.executions.succeed_task = succeed  # type: ignore[method-assign]
    bench.world.clock.advance(seconds=60)
    bench.worker.run(idle_s=0)
    assert bench.world.executions.tokens == {"token": ("succeeded",)}
    assert (bench.left, bench.step.attempts) == (0, 1)


def test_a_lease_that_cannot_be_asked_for_leaves_the_message(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.order()
    bench.world.records.down = True
    with pytest.raises(Unavailable):
        bench.worker.run(idle_s=-1)
    bench.world.records.down = False
    bench.world.clock.advance(seconds=10)
    bench.work()
    assert bench.step.state is StepState.DONE


@pytest.mark.parametrize("kind", ["outside", "folder", "link", "twice", "huge", "nan"])
def test_outputs_are_plain_files_of_the_work_folder(tmp_path: Path, kind: str) -> None:
    def run(task: EngineTask) -> Sequence[EngineOutput]:
        (task.work_dir / "sub").mkdir()
        (task.work_dir / "link").symlink_to("/etc/hostname")
        first = task.work_dir / "a"
        first.write_bytes(b"a")
        return {
            "outside": [EngineOutput("x", task.inputs[0].path)],
            "folder": [EngineOutput("x", task.work_dir / "sub")],
            "link": [EngineOutput("x", task.work_dir / "link")],
            "twice": [EngineOutput("x", first), EngineOutput("y", first)],
            "huge": [EngineOutput("x", value="x" * 70_000)],
            "nan": [EngineOutput("x", value=float("nan"))],
        }[kind]

    bench = Bench(tmp_path, run)
    bench.order()
    bench.work()
    assert bench.step.last_trouble == "the engine stopped with ValueError"
    assert bench.world.executions.tokens == {}


def test_a_later_step_gets_the_earlier_ones_outputs(tmp_path: Path) -> None:
    seen = []

    def run(task: EngineTask) -> Sequence[EngineOutput]:
        seen.append({given.name: given.path.read_bytes() for given in task.inputs})
        return []

    from patchbay.core import layout

    bench = Bench(tmp_path)
    first: Step = bench.order()
    bench.work()
    second = first.model_copy(update={"index": 1, "inputs": (StepInput(name="stem", key=""),), "fingerprint": "e" * 64})
    bench.world.records.write(layout.put_step(second, 2_000_000_000))
    bench.engine._run = run
    bench.world.queues.send("gpu", bench.message.model_copy(update={"step": 1}))
    bench.work()
    assert seen == [{"stem": b"stem"}]
