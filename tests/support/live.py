"""One twin of the real stacks, with real workers, for all tests that want one, in whichever folder they are."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.lalal import FakeLalal, served

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Live:
    """A running twin and a key for it."""

    base_url: str
    data: Path
    key: str
    pid: int

    @property
    def ca(self) -> str:
        return str(self.data / "ca.pem")

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)

    def http(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": self.key if key is None else key}
        return httpx.Client(base_url=self.base_url, verify=self.tls, headers=headers, timeout=60, trust_env=False)

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        told = [sys.executable, "-m", "patchbay.cli", *words]
        environment = {**clean(), "PATCHBAY_DATA": str(self.data)}
        return subprocess.run(told, cwd=ROOT, env=environment, capture_output=True, text=True, check=check, timeout=120)

    def new_key(self, email: str) -> str:
        return self.command("key", "create", "--user", email).stdout.strip()


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PATCHBAY_", "AWS_"))}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(data: Path, port: int, **more: str) -> subprocess.Popen[str]:
    """A twin, ready. `more`: further variables of its environment."""
    log = (data.parent / "twin.err").open("a")
    told = [sys.executable, "-m", "infra.twin", "up", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(told, cwd=ROOT, env=clean() | more, stdout=subprocess.PIPE, stderr=log, text=True)
    log.close()
    assert process.stdout
    line = process.stdout.readline()
    assert line == f"Patchbay is ready at https://localhost:{port}\n", (data.parent / "twin.err").read_text()
    return process


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    process.send_signal(number)
    process.communicate(timeout=60)


@pytest.fixture(scope="session")
def twin_lalal() -> Iterator[FakeLalal]:
    """The LALAL.AI that the twin speaks to."""
    with served() as made:
        yield made


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, twin_lalal: FakeLalal) -> Iterator[Live]:
    data, port = tmp_path_factory.mktemp("e2e") / "data", free_port()
    process = start(data, port, PATCHBAY_LALALAI_URL=twin_lalal.url)
    try:
        first = Live(f"https://localhost:{port}", data, "", process.pid)
        yield Live(first.base_url, data, first.new_key("e2e@example.org"), process.pid)
    finally:
        stop(process)
