"""What the largest files cost the ingest service: its memory over what it has when idle.

The store counts what comes and keeps none of it; the table is the twin's emulator. A file comes as a form, with its
length told, and as an object by a link, in chunks of unknown number.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import psutil

from patchbay.adapters.aws import clients
from patchbay.bootstrap import Services
from patchbay.catalog.front import OBJECTS, PUTS
from patchbay.settings import from_env
from tests.bench.ingest import _MIB, BLOCK, _emulator, _free_port, _key, _running, _service, _upload, _watched
from tests.integration.worker import deployment

SIZE_BYTES = 5 * 1024**3
MEMORY_TARGET_MIB = 100.0
AT_ONCE, AT_ONCE_BYTES = 8, 256 * _MIB
EACH_TARGET_MIB = 40.0


def rows() -> list[dict[str, Any]]:
    """A row for each way of sending, and one for several at once."""
    with tempfile.TemporaryDirectory() as folder, _emulator(Path(folder)) as env, patch.dict(os.environ, env):
        clients.client.cache_clear()
        deployment.make_store()
        key = _key(Services(from_env(env)))
        with _store() as url:
            front = {"AWS_ENDPOINT_URL_S3": url, "PATCHBAY_PUBLIC_URL": "https://music.example.org"}
            told = env | front | {"PATCHBAY_FRONT_OBJECTS": "true", "PATCHBAY_INGEST_MAX": "1"}
            with patch.dict(os.environ, told), _service(told) as (process, base):
                clients.client.cache_clear()
                _upload(base, key, _MIB)
                idle = process.memory_info().rss
                found = [
                    _row("form of 5 GiB", process, idle, lambda: _upload(base, key, SIZE_BYTES)),
                    _row("object of 5 GiB in chunks", process, idle, lambda: _put(base, _link(told), SIZE_BYTES)),
                    _at_once(process, idle, base, key),
                ]
                counted = httpx.get(url, trust_env=False).json()
        clients.client.cache_clear()
    assert [size for _, size in counted["whole"]].count(SIZE_BYTES) == 2, counted
    assert counted["open"] == 0
    return found


def _row(name: str, process: psutil.Process, idle: int, send: Any) -> dict[str, Any]:
    with _watched(process) as peak:
        took_s = send()
    over = (peak() - idle) / _MIB
    sys.stderr.write(f"{name}: {SIZE_BYTES / _MIB / took_s:.0f} MiB/s\n")
    return _told(f"ingest, {name}: peak memory over idle", over, MEMORY_TARGET_MIB)


def _at_once(process: psutil.Process, idle: int, base: str, key: str) -> dict[str, Any]:
    """Memory of each of several that come at once."""
    with _watched(process) as peak, ThreadPoolExecutor(AT_ONCE) as pool:
        for sent in [pool.submit(_upload, base, key, AT_ONCE_BYTES) for _ in range(AT_ONCE)]:
            sent.result()
    return _told(
        f"ingest, {AT_ONCE} forms at once: peak memory over idle, each",
        (peak() - idle) / _MIB / AT_ONCE,
        EACH_TARGET_MIB,
    )


def _told(name: str, value: float, target: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(value, 1),
        "theirs": None,
        "ratio": None,
        "unit": "MiB",
        "target": f"<= {target:.0f} MiB",
        "ok": value <= target,
    }


def _link(env: dict[str, str]) -> str:
    """Path and query of a link to put an object, as the one address passes it on to the service."""
    services = Services(from_env(env))
    owner = services.accounts.ensure_user("bench@example.org")
    url = httpx.URL(services.assets.put_url(services.assets.create(owner.id)))
    return PUTS + url.raw_path.decode().removeprefix(OBJECTS)


def _put(base: str, path: str, size: int) -> float:
    """Seconds of one object without a length."""

    def body() -> Iterator[bytes]:
        for _ in range(size // len(BLOCK)):
            yield BLOCK

    began = time.monotonic()
    answer = httpx.put(base + path, content=body(), timeout=600, trust_env=False)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


@contextmanager
def _store() -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "tests.support.counting_store", "--port", str(port)]
    with _running(command, dict(os.environ) | {"PYTHONPATH": str(deployment.ROOT)}, deployment.ROOT, port):
        yield f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    for told in rows():
        sys.stdout.write(f"{told}\n")
