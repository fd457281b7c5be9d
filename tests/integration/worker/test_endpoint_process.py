"""The worker as SageMaker starts it for an endpoint: two tasks at one ring, and the end of the machine."""

import http.client
import json
import signal
import socket
import sys
import threading

import pytest

from patchbay.domain.steps import StepState
from tests.integration.worker.deployment import PROCESS, Deployment, WorkerProcess, wait_for

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


def serving(here: Deployment) -> tuple[WorkerProcess, int]:
    """The container's own command, `serve` and no more, but for the port, which tests share."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    env = {**here.env, "PATCHBAY_ENDPOINT_QUEUE": "gpu"}
    command = [sys.executable, str(PROCESS), "serve", "--port", str(port)]
    worker = WorkerProcess(command, env, here.folder / "endpoint.log")
    here.workers.append(worker)
    wait_for(lambda: answered(port, "GET", "/ping") == 200, 30, "ping")
    return worker, port


def answered(port: int, verb: str, path: str, body: str | None = None) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(verb, path, body)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def ring(port: int) -> int | None:
    return answered(port, "POST", "/invocations", json.dumps({"queue": "gpu"}))


def test_one_ring_does_all_the_tasks_and_sigterm_gives_the_next_one_back(here: Deployment) -> None:
    worker, port = serving(here)
    messages = [here.send(here.order({}, body=bytes([n]) * 100)) for n in range(2)]
    assert ring(port) == 200
    assert [here.step(message).state for message in messages] == [StepState.DONE] * 2
    assert here.left() == (0, 0)
    last = here.send(here.order({"seconds": 60}))
    ringing = threading.Thread(target=ring, args=(port,))
    ringing.start()
    wait_for(lambda: here.step(last).state is StepState.LEASED, 15, "leased")
    assert answered(port, "GET", "/ping") == 200
    worker.signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    ringing.join(15)
    assert here.step(last).state is StepState.READY
    assert here.left() == (1, 0)
    assert list(here.folder.glob("patchbay-worker-*")) == []
