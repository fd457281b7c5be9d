"""Real worker processes against an emulator: whatever happens to them, each task ends once, and soon.

Leases are three seconds here; in use they are 45, and a message comes back 48 s after the last sign of life.
"""

import hashlib
import json
import signal
import time

import pytest

from patchbay.catalog.compute import DELIVERIES
from patchbay.domain.jobs import FailureKind
from patchbay.domain.steps import StepState
from patchbay.domain.tasks import TaskMessage
from tests.integration.worker.deployment import Deployment, client, wait_for

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]
EMPTY = (0, 0)


def done(here: Deployment, message: TaskMessage) -> bool:
    return here.step(message).state is StepState.DONE


def test_tasks_are_done_reported_and_the_queue_is_left_empty(here: Deployment) -> None:
    messages = [here.send(here.order({}, body=bytes([n]) * 1000)) for n in range(3)]
    worker = here.start("--idle-s", "1")
    assert worker.wait(20) == 0
    for n, message in enumerate(messages):
        step = here.step(message)
        copy, pid = step.outputs
        assert step.state is StepState.DONE
        contents = hashlib.sha256(bytes([n]) * 1000).hexdigest()
        assert copy.key == f"results/{message.tenant_id}/{step.fingerprint}/{contents[:16]}/copy.bin"
        assert (copy.size_bytes, copy.sha256) == (1000, contents)
        assert pid.value == worker.process.pid
        assert here.job(message).progress == 0.999
    assert here.left() == EMPTY
    assert list(here.folder.glob("patchbay-worker-*")) == []
    over = [line for line in worker.log() if line.get("message") == "task over"]
    assert [line["ending"] for line in over] == ["done"] * 3
    assert {"job_id", "tenant_id", "step", "seconds"} <= over[0].keys()


def test_the_state_machine_gets_its_answer(here: Deployment) -> None:
    message = here.order({})
    machine = client("stepfunctions").create_state_machine(
        name=message.job_id, roleArn="arn:aws:iam::000000000000:role/any", definition=_one_task(here, message)
    )
    arn = client("stepfunctions").start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    here.start("--once")
    wait_for(
        lambda: client("stepfunctions").describe_execution(executionArn=arn)["status"] == "SUCCEEDED", 15, "execution"
    )
    assert done(here, message)


def _one_task(here: Deployment, message: TaskMessage) -> str:
    body = message.model_dump(exclude={"task_token"}) | {"task_token": "{% $states.context.Task.Token %}"}
    arguments = {"QueueUrl": here.queue_url, "MessageBody": body}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    states = {"Task": {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True}}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Task", "States": states})


def test_sigterm_gives_the_task_back_at_once_and_the_next_worker_has_it(here: Deployment) -> None:
    message = here.send(here.order({"seconds": 2.5}))
    first, second = here.start(lease_s=45), here.start(lease_s=45)
    wait_for(lambda: here.job(message).progress > 0, 15, "progress")
    holder = next(w for w in (first, second) if str(w.process.pid) in (here.step(message).leased_by or ""))
    told = time.monotonic()
    holder.signal(signal.SIGTERM)
    other = second if holder is first else first
    wait_for(lambda: str(other.process.pid) in (here.step(message).leased_by or ""), 3, "the other takes it")
    assert holder.wait(5) == 0
    assert time.monotonic() - told < 5
    wait_for(lambda: done(here, message), 10, "done")
    assert here.step(message).outputs[1].value == other.process.pid
    wait_for(lambda: here.left() == EMPTY, 3, "queue empty")


def test_sigterm_is_heard_while_the_engine_is_deaf(here: Deployment) -> None:
    message = here.send(here.order({"crash": "deaf", "seconds": 60}))
    worker = here.start()
    wait_for(lambda: here.step(message).state is StepState.LEASED, 15, "leased")
    time.sleep(0.5)
    worker.signal(signal.SIGTERM)
    assert wait_for(lambda: here.step(message).state is StepState.READY, 2, "given back") < 2
    assert here.left() == (1, 0)
    assert worker.wait(6) == 0
    assert list(here.folder.glob("patchbay-worker-*")) == []


def test_an_idle_worker_ends_at_sigterm(here: Deployment) -> None:
    worker = here.start()
    wait_for(lambda: worker.said("worker ready"), 15, "ready")
    worker.signal(signal.SIGTERM)
    assert worker.wait(6) == 0


def test_a_killed_workers_task_is_taken_by_the_next_after_the_lease_and_costs_one_delivery(here: Deployment) -> None:
    message = here.send(here.order({"seconds": 30}))
    first = here.start()
    wait_for(lambda: here.job(message).progress > 0, 15, "progress")
    first.signal(signal.SIGKILL)
    first.wait(5)
    second = here.start()
    seconds = wait_for(lambda: here.step(message).attempts == 2, 12, "the second takes it")
    assert seconds < 8  # the lease of 3 s, a margin, and the start of a process
    assert second.said("no work in this message") is None
    second.signal(signal.SIGTERM)
    second.wait(6)
    assert list(here.folder.glob(f"patchbay-worker-{first.process.pid}-*")) == []


def test_a_cancelled_job_is_let_go_within_five_seconds_and_the_worker_goes_on(here: Deployment) -> None:
    message = here.send(here.order({"seconds": 60}))
    worker = here.start()
    wait_for(lambda: here.job(message).progress > 0, 15, "progress")
    here.cancel(message)
    assert wait_for(lambda: here.left() == EMPTY, 5, "message deleted") < 5
    wait_for(lambda: worker.said("task over"), 2, "engine let go")
    after = here.send(here.order({}))
    wait_for(lambda: done(here, after), 5, "next task")
    assert worker.process.poll() is None


@pytest.mark.parametrize("crash", ["raise", "kill"])
def test_a_poisoned_task_is_buried_after_three_attempts(here: Deployment, crash: str) -> None:
    message = here.send(here.order({"crash": crash}))
    while here.left(here.dead_url) == EMPTY:
        here.start("--idle-s", "2", lease_s=0.6).wait(20)
    url = here.dead_url
    dead = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    assert TaskMessage.model_validate_json(dead[0]["Body"]) == message
    here.services.tasks.bury(message)
    step = here.step(message)
    assert step.state is StepState.FAILED
    assert step.attempts == DELIVERIES
    assert step.failure is not None
    assert step.failure.kind is FailureKind.INTERNAL
    assert ("RuntimeError" if crash == "raise" else "worker died") in step.failure.message
    assert "/srv" not in step.failure.message


def test_unusable_audio_fails_at_once(here: Deployment) -> None:
    message = here.send(here.order({"crash": "audio"}))
    here.start("--once").wait(15)
    step = here.step(message)
    assert (step.state, step.attempts) == (StepState.FAILED, 1)
    assert step.failure is not None
    assert (step.failure.kind, step.failure.message) == (FailureKind.BAD_INPUT, "this is no audio")
    assert here.left() == EMPTY


def test_a_message_sent_twice_is_worked_on_once_and_never_reaches_the_dead_letter_queue(here: Deployment) -> None:
    message = here.order({"seconds": 7})
    first, second = here.start(lease_s=1), here.start(lease_s=1)
    wait_for(lambda: first.said("worker ready") and second.said("worker ready"), 15, "ready")
    here.send(message)
    here.send(message)
    wait_for(lambda: done(here, message), 20, "done")
    wait_for(lambda: here.left() == EMPTY, 6, "the other message is dropped")
    assert here.step(message).attempts == 1
    assert here.left(here.dead_url) == EMPTY
    over = [line for worker in (first, second) for line in worker.log() if line.get("message") == "task over"]
    assert [line["ending"] for line in over] == ["done"]


def test_a_real_engine_under_the_real_command(here: Deployment) -> None:
    from tests.unit.gpu_workers.test_engines import tone

    path = here.folder / "tone.wav"
    tone(path, seconds=2.0)
    message = here.order({"format": "mp3"}, engine="encoding", body=path.read_bytes(), input_name="audio")
    here.send(message)
    worker = here.start("--once", module=True)
    assert worker.wait(20) == 0
    (output,) = here.step(message).outputs
    assert output.media_type == "audio/mpeg"
