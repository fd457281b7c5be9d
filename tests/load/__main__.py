"""`python -m tests.load`: clients of all dialects work on a twin for minutes, and nothing may fail or be lost."""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.conftest import free_port, start, stop
from tests.load.report import Outcome
from tests.load.run import Twin, find, run

CLIENTS = 12
"""Two of each dialect; `--ramp` finds how many a machine holds."""
MINUTES = 5.0


def main(argv: list[str]) -> int:
    """Run the command; 1 if anything failed, was lost, or grew beyond its bound."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"how many at once (default {CLIENTS})")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"for how long (default {MINUTES:g})")
    parser.add_argument("--data", type=Path, help="data folder of a twin that is up; else one of its own is started")
    parser.add_argument("--out", type=Path, default=Path("load"), help="folder for load.json, calls.jsonl, load.png")
    parser.add_argument("--ramp", action="store_true", help="6, 12, 24, ... clients, a minute each, until it bends")
    given = parser.parse_args(argv)
    if given.clients < 1 or not 0 < given.minutes <= 60:
        parser.error("--clients is 1 or more, --minutes over 0 and up to 60")
    with _twin(given.data) as twin:
        if given.ramp:
            return _ramp(twin, given.out)
        outcome = asyncio.run(_until_stopped(twin, given.clients, given.minutes * 60))
    sys.stderr.write("\n")
    outcome.write(given.out)
    outcome.print()
    return 1 if outcome.verdict() else 0


async def _until_stopped(twin: Twin, clients: int, seconds: float) -> Outcome:
    """The load; Ctrl-C ends it early, with what was done by then, and a second one at once."""
    over, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop() -> None:
        over.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, stop)
    return await run(twin, clients, seconds, _say, over=over)


def _ramp(twin: Twin, out: Path) -> int:
    clients, before = 6, 0.0
    while clients <= 96:
        outcome = asyncio.run(run(twin, clients, 60, _say, seed=clients))
        sys.stderr.write("\n")
        outcome.write(out / str(clients))
        told = outcome.as_dict()
        rate = told["requests_per_s"]
        print(f"{clients} clients: {rate} requests a second, {told['failed']} failed, {told['jobs_lost']} jobs lost")
        if _bends(outcome, before, rate):
            break
        clients, before = clients * 2, rate
    return 0


def _bends(outcome: Outcome, before: float, rate: float) -> bool:
    """Whether something failed, or twice the clients got less than a tenth more done."""
    return bool(outcome.journal.faults) or rate < before * 1.1


@contextlib.contextmanager
def _twin(data: Path | None) -> Iterator[Twin]:
    if data is not None:
        yield find(data)
        return
    with tempfile.TemporaryDirectory(prefix="patchbay-load-") as folder:
        own = Path(folder, "data")
        process = start(own, free_port())
        try:
            yield find(own)
        finally:
            stop(process)


def _say(text: str) -> None:
    sys.stderr.write(f"\r{text:<110}")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
