# ruff: noqa: SLF001 - this is the one place that touches what is private to the emulator
"""MiniStack in a process of ours, with what it lacks for a twin whose data must survive a kill.

Everything private to MiniStack is touched in this file only, and its version is pinned for that reason:

- it saves its state at a clean stop only; here a forked copy of the process saves it every second while it changes:
  the state of one instant, at no cost to the requests;
- after each Lambda call it waits 50 ms for a first line on stderr; here 3 ms, as a line that comes later is not lost:
  it shows with the next call;
- it ends a function's processes in the middle of their calls when the function gets new code; here the calls end first,
  as on AWS, so that a deployment fails nobody's request;
- it removes Lambda code that nothing names before the new state is on disk; here only at start;
- it forgets changes of tables that no Lambda has read yet; here they are saved too;
- it refuses browsers' questions (CORS) to an API that a stack made, as it looks for what the template declares under
  other names; here they are answered as declared;
- of Cognito's checks it makes those of codes, of tokens' signatures and of the ways to sign in only where it asks
  everybody for IAM rights as well; here it always makes them.

Settings come in the environment (`environment()` makes them), so that the process has one argument: none.
"""

import asyncio
import copy
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.twin.child import die_with_parent
from infra.twin.dirty import ChangeWatcher
from infra.twin.snapshots import SnapshotFile
from infra.twin.unread import Streams

MINISTACK_VERSION = "1.5.33"
LOG_WAIT_S = 0.003
SNAPSHOT_EVERY_S = 1.0
# Pollers and state machines go on changing the state for a moment after the request that set them off.
SETTLING_S = 5.0
IDLE_SNAPSHOT_EVERY_S = 30.0
COPY_TIMEOUT_S = 5.0
LONGEST_CALL_S = 60.0
STREAMS = "patchbay_streams"
"""Name of what this file adds to the emulator's state."""

logger = logging.getLogger("patchbay.emulator")

Handler = Callable[[dict[str, Any]], Any]
StateGetters = Mapping[str, Callable[[], Any]]


def environment(port: int, data: Path, temporary: Path) -> dict[str, str]:
    """The settings of an emulator whose state is in `data`."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data / "s3"),
        "TMPDIR": str(temporary),
        "LAMBDA_EXECUTOR": "local",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        # It would clear away containers of another MiniStack if it found a Docker.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


class Snapshotter:
    """Saves the state while it changes, in a forked copy of this process."""

    def __init__(self, file: SnapshotFile, watcher: ChangeWatcher, getters: Callable[[], StateGetters]) -> None:
        self._file = file
        self._watcher = watcher
        self._getters = getters
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._digest: str | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop_and_save(self, getters: StateGetters) -> None:
        """The last save, in this process: it is about to end, and requests have stopped."""
        self._stopping.set()
        self._thread.join(timeout=COPY_TIMEOUT_S + 1)
        for attempt in range(5):
            try:
                self._file.write(_collect(getters))
                return
            except RuntimeError:  # a thread of the emulator changed a dictionary under the encoder
                logger.warning("last snapshot: attempt %d saw a change, again", attempt + 1)
                time.sleep(0.1)

    def _run(self) -> None:
        last = 0.0
        while not self._stopping.wait(0.1):
            now = time.monotonic()
            every = SNAPSHOT_EVERY_S if now - self._watcher.changed_at < SETTLING_S else IDLE_SNAPSHOT_EVERY_S
            if now - last >= every:
                last = now
                if not self._save_in_copy():
                    last = 0.0

    def _save_in_copy(self) -> bool:
        reader, writer = os.pipe()
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._be_the_copy(parent, writer)
        os.close(writer)
        try:
            status = _wait_for(child, COPY_TIMEOUT_S)
            digest = os.read(reader, 64).decode()
        finally:
            os.close(reader)
        if status != 0 or not digest:
            logger.warning("a snapshot failed (status %s); the next follows at once", status)
            return False
        self._digest = digest
        return True

    def _be_the_copy(self, parent: int, writer: int) -> None:
        """Runs in the forked child, which has this one thread only and never returns."""
        try:
            signal.set_wakeup_fd(-1)  # shared with the parent's event loop
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            die_with_parent(parent, signal.SIGKILL)
            gc.disable()
            vars(copy)["deepcopy"] = lambda value, memo=None: value  # nothing changes here any more
            os.write(writer, self._file.write(_collect(self._getters()), unless=self._digest).encode())
        except BaseException:
            logger.exception("snapshot")
            os._exit(1)
        os._exit(0)


def _collect(getters: StateGetters) -> dict[str, Any]:
    states = {name: get() for name, get in getters.items()}
    return {name: state for name, state in states.items() if state is not None}


def _wait_for(child: int, timeout_s: float) -> int:
    """The child's status; a child that hangs on a lock another thread held at the fork is killed."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _patched_ministack() -> ChangeWatcher:
    installed = version("ministack")
    if installed != MINISTACK_VERSION:
        raise SystemExit(f"the twin needs ministack=={MINISTACK_VERSION}, and {installed} is installed")
    from ministack import app
    from ministack.core import lambda_runtime, persistence
    from ministack.services import apigateway, cognito, dynamodb, lambda_svc

    folder = Path(os.environ["STATE_DIR"])
    file = SnapshotFile(folder, persistence._json_default, persistence._json_object_hook)
    file.prune(folder / "lambda-blobs")
    saved = file.read()
    watcher = ChangeWatcher(app.app)
    streams = Streams(
        dynamodb._stream_records._data,
        dynamodb._stream_trimmed._data,
        lambda_svc._esms._data,
        lambda_svc._dynamodb_stream_positions._data,
    )
    load, getters = app._load_persisted_state, app._build_persistence_save_dict

    def all_getters() -> StateGetters:
        return {**getters(), STREAMS: streams.unread}

    snapshotter = Snapshotter(file, watcher, all_getters)

    def load_then_watch() -> None:
        load()
        streams.restore(saved.pop(STREAMS, []))
        snapshotter.start()  # not a moment earlier: a snapshot of the empty state would replace the saved one

    app.load_state = lambda service: saved.pop(service, None)
    app._load_persisted_state = load_then_watch
    app._build_persistence_save_dict = all_getters
    app.save_all = snapshotter.stop_and_save
    lambda_svc._prune_orphan_code_blobs = lambda referenced: None
    _check_credentials(cognito)
    read_cors(apigateway)
    let_calls_end(lambda_runtime)
    drain = lambda_runtime.Worker._drain_stderr_bounded
    drain.__defaults__ = (LOG_WAIT_S, 0.002, 0.25)
    return watcher


def read_cors(apigateway: Any) -> None:
    """What an API declares of CORS holds, as on AWS: for the question, and over what its Lambda's answer says."""
    headers_of, answer_to = apigateway._cors_response_headers, apigateway._cors_preflight_response

    def as_asked_for(declared: Mapping[str, Any]) -> dict[str, Any]:
        return {name[:1].lower() + name[1:]: value for name, value in declared.items()}

    def headers(declared: Mapping[str, Any], origin: str) -> dict[str, str]:
        told = headers_of(as_asked_for(declared), origin)
        # In small letters they take the place of the Lambda's own. Which origin asks matters only where not all may.
        ours = {name.lower(): value for name, value in told.items()}
        return {k: v for k, v in ours.items() if k != "vary" or ours["access-control-allow-origin"] != "*"}

    apigateway._cors_response_headers = headers
    apigateway._cors_preflight_response = lambda declared, origin: answer_to(as_asked_for(declared), origin)


def let_calls_end(runtime: Any) -> None:
    """Processes whose function has new code go when their call is over; one whose time is up goes at once."""
    kill = runtime.kill_workers

    def when_over(busy: list[Any]) -> None:
        until = time.monotonic() + LONGEST_CALL_S
        while any(worker.in_use for worker in busy) and time.monotonic() < until:
            time.sleep(0.02)
        kill(busy)

    def kill_later(workers: Any) -> None:
        there = [worker for worker in workers if worker is not None]
        kill([worker for worker in there if not worker.in_use])
        if busy := [worker for worker in there if worker.in_use]:
            threading.Thread(target=when_over, args=(busy,), name="calls-end", daemon=True).start()

    runtime.kill_workers = kill_later
    runtime.Worker.kill = lambda worker: kill([worker])


def _check_credentials(cognito: Any) -> None:
    run, owner_of = cognito._run_idp_handler, cognito._refresh_auth_user

    def checked(handler: Handler, action: str, data: dict[str, Any]) -> Any:
        def strict(given: dict[str, Any]) -> Any:
            wrong = cognito._auth_flow_error(action, given) or cognito._access_token_error(given)
            return wrong or cognito._confirmation_code_error(action, given) or handler(given)

        return run(strict, action, data)

    def signed_owner_of(pool: Any, pool_id: str, client_id: str, token: str) -> Any:
        origin = cognito._token_claims(token).get("origin_jti")
        if cognito._signature_valid(token) and origin not in cognito._revoked_tokens:
            return owner_of(pool, pool_id, client_id, token)
        return None, cognito.error_response_json("NotAuthorizedException", "Invalid Refresh Token", 400)

    cognito._run_idp_handler, cognito._refresh_auth_user = checked, signed_owner_of


async def _serve(watcher: ChangeWatcher) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.3  # long polls would hold a stop for 20 s
    await serve(watcher, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]


def _follow_parent(parent: int) -> None:
    """Where the kernel does not tell (anything but Linux), look each second whether the twin is still there."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_group() -> None:
    """End this process with its Lambda children, which may be in the middle of a call."""
    logging.shutdown()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Serve until asked to stop."""
    if sys.platform != "linux":
        threading.Thread(target=_follow_parent, args=(os.getppid(),), daemon=True).start()
    watcher = _patched_ministack()

    async def run() -> None:
        await _serve(watcher)
        _end_group()  # asyncio.run would wait for Lambda calls that still run in threads

    asyncio.run(run())


if __name__ == "__main__":
    main()
