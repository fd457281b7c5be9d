"""Passing a message on costs none of its deliveries in the end."""

import pytest

from gpu_workers.runtime.messages import pass_on
from patchbay.catalog.compute import DELIVERIES
from patchbay.domain.tasks import TaskMessage
from tests.fakes.clock import FakeClock
from tests.fakes.queues import FakeQueues

MESSAGE = TaskMessage(tenant_id="t", job_id="j", step=0, task_token="token")


@pytest.mark.parametrize("after_s", [0, 7])
def test_a_message_comes_back_in_time(after_s: int) -> None:
    clock = FakeClock()
    queues = FakeQueues(clock)
    queues.send("gpu", MESSAGE)
    delivery = queues.receive("gpu", wait_s=0, hold_s=48)
    assert delivery is not None
    pass_on(queues, "gpu", delivery, after_s)
    assert queues.waiting("gpu") == (0 if after_s else 1)
    clock.advance(seconds=after_s)
    again = queues.receive("gpu", wait_s=0, hold_s=48)
    assert again is not None
    assert (again.message, again.received) == (MESSAGE, 2)


def test_the_last_delivery_is_replaced_by_a_fresh_message() -> None:
    queues = FakeQueues(FakeClock())
    queues.send("gpu", MESSAGE)
    received = []
    for _ in range(3 * DELIVERIES):
        delivery = queues.receive("gpu", wait_s=0, hold_s=48)
        assert delivery is not None
        assert delivery.message == MESSAGE
        received.append(delivery.received)
        pass_on(queues, "gpu", delivery, 0)
    assert received == list(range(1, DELIVERIES + 1)) * 3
    assert len(queues.messages["gpu"]) == 1
