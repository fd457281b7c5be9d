"""What a song of 500 MB costs the ingest service: its memory over what it has when idle, and its speed.

The store is the twin's emulator on this machine. The speed is held against a program that has the bytes at hand and
sends the same parts to the same store: what is lost to the service is HTTP, the form, and two hashes.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import psutil

from patchbay.adapters.aws import clients
from patchbay.bootstrap import Services
from patchbay.core.intake import PART_BYTES
from patchbay.domain.ids import new_id
from patchbay.settings import from_env
from tests.integration.worker import deployment

SIZE_BYTES = 500 * 1024**2
MEMORY_TARGET_MIB, SPEED_TARGET = 100.0, 0.4
BLOCK = os.urandom(1024**2)
_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="song.wav"\r\n\r\n'
_TAIL = b"\r\n--b--\r\n"
_MIB = 1024**2


def rows() -> list[dict[str, Any]]:
    """One row for memory, one for speed."""
    with tempfile.TemporaryDirectory() as folder, _emulator(Path(folder)) as env, patch.dict(os.environ, env):
        clients.client.cache_clear()
        deployment.make_store()
        services = Services(from_env(env))
        direct_s = _direct(services)
        key = _key(services)
        with _service(env) as (process, base):
            _upload(base, key, _MIB)  # the clients of the store are made once, and are no cost of a song
            idle = process.memory_info().rss
            with _watched(process) as peak:
                took_s = _upload(base, key, SIZE_BYTES)
        clients.client.cache_clear()
    over = (peak() - idle) / _MIB
    ours, theirs = SIZE_BYTES / _MIB / took_s, SIZE_BYTES / _MIB / direct_s
    ratio = ours / theirs
    return [
        {
            "name": "ingest of 500 MiB: peak memory over idle",
            "ours": round(over, 1),
            "theirs": None,
            "ratio": None,
            "unit": "MiB",
            "target": f"<= {MEMORY_TARGET_MIB:.0f} MiB",
            "ok": over <= MEMORY_TARGET_MIB,
        },
        {
            "name": "ingest of 500 MiB: speed over the same parts sent directly",
            "ours": round(ours, 1),
            "theirs": round(theirs, 1),
            "ratio": round(ratio, 2),
            "unit": "MiB/s",
            "target": f"ratio >= {SPEED_TARGET}",
            "ok": ratio >= SPEED_TARGET,
        },
    ]


def _direct(services: Services) -> float:
    """Seconds that the same parts take from a program that has them."""
    part, objects = BLOCK * (PART_BYTES // len(BLOCK)), services.objects
    tenant, began = new_id(), time.monotonic()
    object_key = f"uploads/{tenant}/{new_id()}"
    upload_id = objects.start_multipart(object_key)
    numbers = range(1, -(-SIZE_BYTES // PART_BYTES) + 1)
    etags = {n: objects.put_part(object_key, upload_id, n, part) for n in numbers}
    objects.complete_multipart(object_key, upload_id, etags)
    took_s = time.monotonic() - began
    objects.delete(object_key)
    return took_s


def _upload(base: str, key: str, size: int) -> float:
    """Seconds of one upload."""

    def body() -> Iterator[bytes]:
        yield _HEAD
        for _ in range(size // len(BLOCK)):
            yield BLOCK
        yield _TAIL

    headers = {"key": key, "content-type": "multipart/form-data; boundary=b"}
    length = {"content-length": str(len(_HEAD) + size + len(_TAIL))}
    began = time.monotonic()
    answer = httpx.post(f"{base}/files", content=body(), headers=headers | length, timeout=600, trust_env=False)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


def _key(services: Services) -> str:
    accounts = services.accounts
    user = accounts.ensure_user("bench@example.org")
    return accounts.create_key(accounts.applications(user.id)[0])[1]


@contextmanager
def _watched(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """The most memory that the process had, looked at every 10 ms."""
    seen, over = [process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            seen.append(process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: max(seen)
    finally:
        over.set()
        thread.join()


@contextmanager
def _service(env: dict[str, str]) -> Iterator[tuple[psutil.Process, str]]:
    port = _free_port()
    command = [sys.executable, "-m", "tests.support.files_dialect", "--port", str(port)]
    with _running(command, env, deployment.ROOT, port) as process:
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"


@contextmanager
def _emulator(folder: Path) -> Iterator[dict[str, str]]:
    port = _free_port()
    env = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }
    with _running([sys.executable, "-m", "ministack"], env, folder, port):
        yield deployment.environment(port) | {"TMPDIR": str(folder)}


@contextmanager
def _running(command: list[str], env: dict[str, str], cwd: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=env, cwd=cwd, stdout=quiet, stderr=quiet)

    def up() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        deployment.wait_for(up, 30, command[2])
        yield process
    finally:
        process.kill()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    for told in rows():
        print(told)
