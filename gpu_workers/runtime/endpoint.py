"""A worker behind an asynchronous SageMaker endpoint: `GET /ping` and `POST /invocations` on port 8080.

An invocation says that there is work, no more: `{"queue": "gpu"}`. The worker then takes tasks off the queue as it does
everywhere, with lease, signs of life and task token, and the answer comes when there are none left. Between invocations
it asks nobody, and keeps its models loaded; SageMaker takes the machine away when no invocation came for a while.
"""

import json
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gpu_workers.runtime.worker import Worker
from patchbay.catalog.backends import INVOCATION_S

DRAIN_S = 300.0
"""How long one invocation takes new tasks; the others that came meanwhile find the queue as this one leaves it."""
_MARGIN_S = 200.0
"""For fetching inputs, loading weights and storing results."""
LONGEST_S = INVOCATION_S - DRAIN_S - _MARGIN_S
"""What an engine may take for a task here: a machine whose invocation is not answered in time is taken away."""
_EMPTY_S = 1.0
"""The queue is empty if one long poll of so many seconds says so; whoever puts a task there rings afterwards."""
_MAX_BODY_BYTES = 4096
_READ_S = 10.0
_LEAVING = "this machine is going away"
_logger = logging.getLogger(__name__)


class Server:
    """The endpoint's side of one worker. `run` serves in the caller's thread until `stop`, from any other, ends it."""

    def __init__(self, worker: Worker, queue: str, port: int) -> None:
        self.queue = queue
        self._worker = worker
        self._one_at_a_time = threading.Lock()
        server = self

        class Handler(_Handler):
            endpoint = server

        self._http = _Http(("0.0.0.0", port), Handler)  # noqa: S104 - the container's own network, which SageMaker asks
        self.port: int = self._http.server_address[1]

    @property
    def healthy(self) -> bool:
        """Whether its worker takes tasks: not after `stop`, and not when its GPU has failed."""
        return not self._worker.stopping

    def run(self) -> None:
        """Serve until `stop`."""
        with self._http:
            self._http.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Give the task in hand back, take nothing more, and end."""
        self._worker.stop()
        self._http.shutdown()

    def drain(self) -> None:
        """Do the tasks that are there. Raises what the queue or the table raised last, if they do not answer."""
        with self._one_at_a_time:
            self._worker.run(idle_s=_EMPTY_S, take_s=DRAIN_S)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    endpoint: Server
    timeout = _READ_S
    protocol_version = "HTTP/1.1"
    server_version = "patchbay"
    sys_version = ""

    def do_GET(self) -> None:
        """`/ping`: whether invocations are welcome."""
        if self.path != "/ping":
            self._answer(HTTPStatus.NOT_FOUND, "there is /ping and /invocations")
        elif self.endpoint.healthy:
            self._answer(HTTPStatus.OK, "ready")
        else:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, _LEAVING)

    def do_POST(self) -> None:
        """`/invocations`: work until there is none left."""
        if self.path != "/invocations":
            self._answer(HTTPStatus.NOT_FOUND, "there is /ping and /invocations")
        elif trouble := self._trouble():
            self._answer(HTTPStatus.BAD_REQUEST, trouble)
        else:
            try:
                self.endpoint.drain()
            except Exception as error:
                _logger.exception("an invocation went wrong")
                self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, f"the worker stopped with {type(error).__name__}")
            else:
                if self.endpoint.healthy:
                    self._answer(HTTPStatus.OK, "nothing left to do")
                else:
                    self._answer(HTTPStatus.SERVICE_UNAVAILABLE, _LEAVING)
            if not self.endpoint.healthy:
                # A worker whose GPU failed would answer every ring and do nothing: a fresh process may do better.
                self.endpoint.stop()

    def _trouble(self) -> str | None:
        """What is wrong with an invocation's body."""
        told = self.headers.get("Content-Length", "")
        # isdecimal alone would let other scripts' digits through, and int() take them.
        if not (told.isascii() and told.isdecimal() and int(told) <= _MAX_BODY_BYTES):
            self.close_connection = True
            return f"a Content-Length of at most {_MAX_BODY_BYTES} is needed"
        try:
            body = json.loads(self.rfile.read(int(told)))
        except (ValueError, RecursionError):
            body = None
        queue = self.endpoint.queue
        if body != {"queue": queue}:
            return f'the body must be {{"queue": "{queue}"}}: this machine works for no other class'
        return None

    def _answer(self, status: HTTPStatus, message: str) -> None:
        body = json.dumps({"message": message}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Nothing: SageMaker asks for `/ping` every few seconds."""
