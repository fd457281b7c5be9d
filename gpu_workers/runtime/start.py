"""From a command line to a running worker."""

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpu_workers.runtime.engine import Engine

GAVE_UP = 75
"""Exit status when an engine did not let go of a cancelled task (EX_TEMPFAIL: start another)."""
GRACE_S = 4.5
"""Between SIGTERM and the end, whatever the engine does. The task is given back in the first moments of it."""
QUEUE = "PATCHBAY_ENDPOINT_QUEUE"
"""The compute class of an endpoint's machines."""
_ROOT = "patchbay-worker-"


def main(argv: Sequence[str], engine: "Callable[[str], Engine] | None" = None) -> int:
    """Run a worker; returns the exit status. `engine` makes an engine by its name instead of the folder's `create`."""
    started = time.monotonic()
    given = _read(argv)
    # Before anything brings in OpenMP, which reads it once.
    os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    if region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the only name that boto3 looks at
    from gpu_workers.runtime import logs, shells

    logs.to_stderr()
    shell = shells.find(given.shell, os.environ)
    _sweep(Path(tempfile.gettempdir()))
    root = Path(tempfile.mkdtemp(prefix=f"{_ROOT}{os.getpid()}-"))
    try:
        return _run(given, shell.worker_id(), root, started, engine)
    except Exception as error:  # the place it runs in shows nothing but this
        import logging

        logging.getLogger(__name__).exception("the worker cannot go on")
        shell.tell(f"{type(error).__name__}: {error}")
        return 1
    finally:
        shutil.rmtree(root, ignore_errors=True)


def usable_cores() -> int:
    """Cores that this process may use, a container's quota included."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def _read(argv: Sequence[str]) -> argparse.Namespace:
    from gpu_workers.runtime.shells import SHELLS
    from patchbay.catalog.compute import QUEUED
    from patchbay.core.tasks import LEASE_S

    parser = argparse.ArgumentParser(prog="python -m gpu_workers.runtime", description="Work on tasks of one class.")
    names = [compute.name for compute in QUEUED]
    # SageMaker starts the image of an endpoint with this word alone; the rest comes by the environment.
    parser.add_argument("how", nargs="?", choices=["serve"], help="work whenever an endpoint's invocation says so")
    parser.add_argument("--queue", default=os.environ.get(QUEUE), help=f"one of {', '.join(names)}; else {QUEUE}")
    parser.add_argument("--idle-s", type=float, default=300.0, help="end after so many seconds without work")
    parser.add_argument("--shell", default="auto", choices=SHELLS, help="where this runs")
    parser.add_argument("--once", action="store_true", help="end after one task")
    parser.add_argument("--lease-s", type=float, default=LEASE_S, help="how long a dead worker keeps its task")
    parser.add_argument("--stay-until", type=datetime.fromisoformat, help="not to end before, for lack of work")
    parser.add_argument("--port", type=int, default=8080, help="where `serve` listens")
    given = parser.parse_args(argv)
    if given.queue not in names:
        parser.error(f"--queue must be one of {', '.join(names)}")
    if given.stay_until is not None and given.stay_until.tzinfo is None:
        parser.error("--stay-until needs an offset from UTC, as in 2026-11-21T19:00:00+00:00")
    return given


def _run(
    given: argparse.Namespace, worker_id: str, root: Path, started: float, make: "Callable[[str], Engine] | None"
) -> int:
    import logging

    from gpu_workers.runtime import endpoint, engines, signals
    from gpu_workers.runtime.hand import Desk
    from gpu_workers.runtime.timing import Timing
    from gpu_workers.runtime.weights import Weights
    from gpu_workers.runtime.worker import Worker
    from patchbay.bootstrap import services, spans_of

    made, spans = services(), spans_of(f"worker-{given.queue}")
    if spans is not None:
        spans.keep_flushing()
    for name in ("table", "media_bucket", f"queue_url_{given.queue}"):
        if not getattr(made.settings, name):
            raise ValueError(f"PATCHBAY_{name.upper()} is not set")
    desk = Desk(
        given.queue,
        worker_id,
        replace(made.tasks, lease_s=given.lease_s),
        made.queues,
        Timing(lease_s=given.lease_s),
        give_up=lambda: _exit_now(root, GAVE_UP),
        errand_of=lambda step: made.errand_of(step, worker_id),
        longest_s=endpoint.LONGEST_S if given.how == "serve" else math.inf,
    )
    rack = engines.Rack(Weights(made.fetch_weights, root / "weights").files, make or engines.create)
    worker = Worker(desk, made.objects, rack, root)
    server = endpoint.Server(worker, given.queue, given.port) if given.how == "serve" else None
    signals.on_stop(server.stop if server else worker.stop, lambda: _exit_now(root, 0), GRACE_S)
    log = logging.getLogger(__name__)
    log.info("worker ready", extra={"worker": worker_id, "seconds": round(time.monotonic() - started, 3)})
    try:
        if server:
            server.run()
        else:
            worker.run(idle_s=given.idle_s, once=given.once, stay_s=_seconds_until(given.stay_until))
    finally:
        if spans is not None:
            spans.flush()
    log.info("worker ends", extra={"worker": worker_id})
    return 0


def _seconds_until(then: datetime | None) -> float:
    return max(0.0, (then - datetime.now(UTC)).total_seconds()) if then else 0.0


def _exit_now(root: Path, status: int) -> None:
    """End the process though its main thread may be anywhere."""
    shutil.rmtree(root, ignore_errors=True)
    sys.stderr.flush()
    os._exit(status)


def _sweep(folder: Path) -> None:
    """Remove what killed workers of this user left behind."""
    for left in folder.glob(f"{_ROOT}*"):
        with suppress(OSError, ValueError, IndexError):
            facts = left.lstat()
            if left.is_symlink() or facts.st_uid != os.getuid():
                continue
            try:
                os.kill(int(left.name.removeprefix(_ROOT).split("-")[0]), 0)
            except ProcessLookupError:
                shutil.rmtree(left, ignore_errors=True)
