"""`python -m tests.drills.upgrade --from REF`: an older release with people at work, upgraded to this one under them.

A twin runs the older release, front door and workers included; clients of all dialects work on it. Then the stacks of
this checkout are deployed into it, and workers of this checkout join those of the older one, so that both releases do
the same jobs from the same queues for a while. No request may fail and no job may be lost; in the end what was made
before is read again.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.conftest import free_port
from tests.load.people import KINDS, song
from tests.load.report import Outcome
from tests.load.run import ROOT, Twin, find, run

BEFORE_S, AFTER_S = 30.0, 60.0
"""How long the load runs before the upgrade begins, and after it is done."""
LONGEST_S = 1200.0


@dataclass(frozen=True)
class Release:
    """A checkout with a Python of its own, which has the packages of this one's and the code of that checkout."""

    root: Path
    python: Path

    def environment(self) -> dict[str, str]:
        """For its processes."""
        told = {
            name: value for name, value in os.environ.items() if not name.startswith(("PATCHBAY_", "AWS_", "PYTHON"))
        }
        path = os.pathsep.join(
            [str(self.python.parent), str(Path(sys.executable).parent), told.get("PATH", os.defpath)]
        )
        return {**told, "PATH": path}


@dataclass
class Kept:
    """What was made before the upgrade, and is read after it."""

    key: str
    job_id: str = ""
    stems: Mapping[str, bytes] | None = None


def main(argv: list[str]) -> int:
    """Run the drill; 1 if anything failed or was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.upgrade", description=__doc__)
    parser.add_argument("--from", dest="ref", required=True, help="the older release: a tag or commit")
    parser.add_argument("--clients", type=int, default=len(KINDS), help="how many work meanwhile")
    parser.add_argument("--out", type=Path, default=Path("upgrade"), help="folder for the load's figures")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="patchbay-upgrade-") as folder, _checkout(given.ref, Path(folder)) as old:
        data, log = Path(folder, "data"), Path(folder, "old.log")
        with _twin(old, data, log) as twin:
            outcome = asyncio.run(_drill(twin, given.clients))
    sys.stderr.write("\n")
    outcome.write(given.out)
    outcome.print()
    wrong = [line for line in outcome.verdict() if "grow by" not in line]  # new code is loaded beside the old
    return 1 if wrong else 0


async def _drill(twin: Twin, clients: int) -> Outcome:
    over = asyncio.Event()
    kept = await asyncio.to_thread(_make, twin)
    load = asyncio.create_task(run(twin, clients, LONGEST_S, _say, over=over))
    await asyncio.sleep(BEFORE_S)
    upgrade = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "infra.twin", "deploy", "--data", str(twin.data), cwd=ROOT, stdout=subprocess.DEVNULL
    )
    workers: list[asyncio.subprocess.Process] = []
    try:
        if await upgrade.wait() != 0:
            raise RuntimeError("the upgrade could not be deployed")
        workers += [await _worker(twin, queue) for queue in ("gpu", "cpu")]
        await asyncio.sleep(AFTER_S)
        over.set()
        outcome = await load
    finally:
        over.set()
        for process in (upgrade, *workers):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    await asyncio.to_thread(_check, twin, kept)
    return outcome


@contextlib.contextmanager
def _checkout(ref: str, folder: Path) -> Iterator[Release]:
    root = folder / "old"
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", str(root), ref], cwd=ROOT, check=True)
    try:
        for name in ("infra/node_modules", "infra/studio/node_modules"):
            if (ROOT / name).is_dir():
                (root / name).symlink_to(ROOT / name)
        venv.create(folder / "venv", with_pip=False)
        (packages,) = (folder / "venv/lib").glob("python3*/site-packages")
        here = next(path for path in sys.path if path.endswith("site-packages"))
        # Its own code comes before that of this checkout, which the shared packages name too.
        lines = [str(root / "layers/patchbay/src"), str(root), f"import site; site.addsitedir({here!r})"]
        (packages / "old.pth").write_text("\n".join(lines) + "\n")
        yield Release(root, folder / "venv/bin/python")
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(root)], cwd=ROOT, check=True)


@contextlib.contextmanager
def _twin(release: Release, data: Path, log: Path) -> Iterator[Twin]:
    told = [str(release.python), "-m", "infra.twin", "up", "--port", str(free_port()), "--data", str(data)]
    with log.open("w") as errors:
        process = subprocess.Popen(
            told, cwd=release.root, env=release.environment(), stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout
    try:
        if "ready" not in process.stdout.readline():
            raise RuntimeError(f"the older release does not start: {log.read_text()[-2000:]}")
        yield find(data)
    finally:
        process.terminate()
        process.wait(timeout=60)


async def _worker(twin: Twin, queue: str) -> asyncio.subprocess.Process:
    """A worker of this checkout, beside those of the older one."""
    command = [sys.executable, "-m", "patchbay.cli", "worker", "--queue", queue, "--data", str(twin.data)]
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _make(twin: Twin) -> Kept:
    """A job, done by the older release."""
    kept = Kept(twin.new_key("before@example.org"))
    with _client(twin, kept) as http:
        place = http.get("/v1/upload").raise_for_status().json()
        with httpx.Client(verify=twin.tls, trust_env=False, timeout=60) as plain:
            plain.put(place["uploadUrl"], content=song(0)).raise_for_status()
        body = {"name": "before", "workflow": "stem-isolation-4", "params": {"inputUrl": place["downloadUrl"]}}
        kept.job_id = http.post("/v1/job", json=body).raise_for_status().json()["id"]
    kept.stems = _stems(twin, kept)
    return kept


def _check(twin: Twin, kept: Kept) -> None:
    """Raises AssertionError unless all that was made before is as it was."""
    assert _stems(twin, kept) == kept.stems, "stems of before the upgrade are others now"


def _stems(twin: Twin, kept: Kept) -> dict[str, bytes]:
    with _client(twin, kept) as http, httpx.Client(verify=twin.tls, trust_env=False, timeout=60) as plain:
        until = time.monotonic() + 300
        while (job := http.get(f"/v1/job/{kept.job_id}").raise_for_status().json())["status"] != "SUCCEEDED":
            if job["status"] == "FAILED" or time.monotonic() > until:
                raise RuntimeError(f"the job of before: {job}")
            time.sleep(0.5)
        return {name: plain.get(url).raise_for_status().content for name, url in job["result"].items()}


def _client(twin: Twin, kept: Kept) -> httpx.Client:
    headers = {"Authorization": kept.key}
    return httpx.Client(base_url=twin.base_url, verify=twin.tls, trust_env=False, timeout=60, headers=headers)


def _say(text: str) -> None:
    sys.stderr.write(f"\r{text:<110}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
