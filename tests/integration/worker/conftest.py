"""One emulator for all worker tests of a process; a queue for each test."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchbay.adapters.aws import clients
from patchbay.bootstrap import Services
from patchbay.domain.ids import new_id
from patchbay.settings import from_env
from tests.integration.worker import deployment
from tests.integration.worker.deployment import Deployment, wait_for


@pytest.fixture(scope="session")
def emulator_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("emulator")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
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
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1):
                return True
        except OSError:
            return False

    try:
        wait_for(up, 30, "the emulator")
        yield port
    finally:
        process.kill()  # its state is of no use to anybody
        process.wait(10)


@pytest.fixture
def here(emulator_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    env = deployment.environment(emulator_port) | {"TMPDIR": str(tmp_path)}
    for name, value in env.items():
        if name.startswith(("AWS_", "PATCHBAY_")):
            monkeypatch.setenv(name, value)
    clients.client.cache_clear()
    if deployment.TABLE not in deployment.client("dynamodb").list_tables()["TableNames"]:
        deployment.make_store()
    queue_url, dead_url = deployment.make_queue(new_id())
    env["PATCHBAY_QUEUE_URL_GPU"] = queue_url
    made = Deployment(Services(from_env(env)), env, tmp_path, dead_url)
    yield made
    for worker in made.workers:
        worker.end()
    clients.client.cache_clear()
