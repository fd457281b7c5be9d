"""Whole files through the front door of a running twin, to an ingest service that it keeps."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.twin.conftest import APP, ROOT, Twin, alive

pytestmark = [pytest.mark.twin, pytest.mark.enable_socket]
BLOCK = os.urandom(1024 * 1024)


class WithIngest(Twin):
    def start(self) -> "WithIngest":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
        environment["PATCHBAY_RATE_LIMIT_SCALE"] = "0"  # the sample's table has other keys than ours
        given = ["--port", str(self.port), "--data", str(self.data), "--app", APP]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.twin.with_ingest", "up", *given],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.ready_line = self.process.stdout.readline()
        assert self.ready_line, self.process.communicate()[1]
        return self

    def ingest(self) -> list[psutil.Process]:
        return [p for p in self.family() if "tests.support.files_dialect" in p.cmdline()]


@pytest.fixture(scope="module")
def twin(deployed: Path, tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[WithIngest]:
    """A running twin in place of the folder's usual one."""
    running = WithIngest(deployed, port).start()
    yield running
    if running.process.poll() is None:
        running.stop()


def blocks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield BLOCK


def test_bodies_larger_than_the_api_takes_arrive_whole(twin: WithIngest) -> None:
    with twin.http() as client:
        for path, headers in (("/count", {}), ("/count/", {"content-length": str(30 * len(BLOCK))})):
            answer = client.post(path, content=blocks(30), headers=headers)
            assert answer.json() == {"size": 30 * len(BLOCK)}
        assert client.post("/v1/x", content=blocks(11)).status_code == 413
        assert client.get("/count").json()["rawPath"] == "/count"


def test_a_file_over_the_limit_is_refused_unread(twin: WithIngest) -> None:
    context = ssl.create_default_context(cafile=twin.data / "ca.pem")
    plain = socket.create_connection(("127.0.0.1", twin.port))
    with context.wrap_socket(plain, server_hostname="localhost") as line:
        line.sendall(f"POST /files HTTP/1.1\r\nHost: localhost\r\nContent-Length: {6 * 1024**3}\r\n\r\n".encode())
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_killed_service_is_started_again(twin: WithIngest) -> None:
    [before] = twin.ingest()
    before.kill()
    before.wait(5)
    with twin.http() as client:
        assert client.post("/count", content=b"abc").json() == {"size": 3}
    assert [p.pid for p in twin.ingest()] != [before.pid]


def test_killed_emulator_spares_the_service(twin: WithIngest) -> None:
    before = twin.ingest()
    twin.emulator().kill()
    with twin.http() as client:
        deadline = time.monotonic() + 15
        while client.get("/v1/x").status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
    assert twin.ingest() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_end_of_the_twin_leaves_it_behind(twin: WithIngest, number: signal.Signals) -> None:
    if twin.process.poll() is not None:
        twin.start()
    with twin.http() as client:
        assert client.post("/count", content=b"abc").status_code == 200
    family = twin.family()
    assert twin.ingest()
    twin.stop(number)
    assert alive(family, within_s=10) == []
