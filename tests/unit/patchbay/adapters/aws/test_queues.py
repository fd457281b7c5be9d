import json
from typing import Any

import pytest

from patchbay.adapters.aws.queues import Queues
from patchbay.domain.tasks import TaskMessage

MESSAGE = TaskMessage(tenant_id="t", job_id="j", step=0, task_token="token")


@pytest.fixture
def queues(boto: Any) -> Queues:
    sqs = boto("sqs")
    return Queues({name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("gpu", "cpu")})


def test_a_message_comes_back_until_it_is_deleted(queues: Queues) -> None:
    queues.send("gpu", MESSAGE)
    assert queues.waiting("gpu") == 1
    assert queues.waiting("cpu") == 0
    first = queues.receive("gpu", wait_s=0, hold_s=30)
    assert first is not None
    assert first.message == MESSAGE
    assert first.received == 1
    assert queues.receive("gpu", wait_s=0, hold_s=30) is None
    assert (queues.waiting("gpu"), queues.unfinished("gpu")) == (0, 1)
    queues.hold("gpu", first.handle, 0)
    second = queues.receive("gpu", wait_s=0, hold_s=30)
    assert second is not None
    assert second.received == 2
    queues.delete("gpu", second.handle)
    queues.delete("gpu", second.handle)
    queues.hold("gpu", second.handle, 0)
    assert queues.waiting("gpu") == 0


def test_what_is_no_task_is_dropped(queues: Queues, boto: Any) -> None:
    for body in ("", "{}", json.dumps({**MESSAGE.model_dump(), "step": "first"}), "\u00ff"):
        boto("sqs").send_message(QueueUrl=queues.urls["gpu"], MessageBody=body or " ")
    for _ in range(4):
        assert queues.receive("gpu", wait_s=0, hold_s=30) is None
    assert queues.waiting("gpu") == 0


def test_what_a_newer_release_adds_to_a_task_is_passed_over(queues: Queues, boto: Any) -> None:
    body = json.dumps({**MESSAGE.model_dump(), "of_a_newer_release": 1})
    boto("sqs").send_message(QueueUrl=queues.urls["gpu"], MessageBody=body)
    found = queues.receive("gpu", wait_s=0, hold_s=30)
    assert found is not None
    assert found.message == MESSAGE


def test_a_task_says_nothing_that_the_release_before_does_not_know(queues: Queues, boto: Any) -> None:
    """Workers of that one take a message with other fields for none of theirs, and drop it."""
    queues.send("gpu", MESSAGE)
    (found,) = boto("sqs").receive_message(QueueUrl=queues.urls["gpu"])["Messages"]
    assert set(json.loads(found["Body"])) <= {"tenant_id", "job_id", "step", "attempt", "task_token"}
