"""Real twins of the small app beside this file: real processes, one port, one first deployment for all tests."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
APP = f"python {Path(__file__).with_name('sample_app.py').relative_to(ROOT)}"
BUCKET = "sample-media"


@dataclass
class Twin:
    data: Path
    port: int
    process: subprocess.Popen[str] = field(init=False)
    started_in_s: float = field(init=False)
    ready_line: str = field(init=False)

    def start(self) -> "Twin":
        began = time.monotonic()
        self.process = launch(self.data, self.port)
        assert self.process.stdout
        self.ready_line = self.process.stdout.readline()
        self.started_in_s = time.monotonic() - began
        assert self.ready_line, self.process.communicate()[1]
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.data / "twin.json").read_text())
        return state

    def family(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def emulator(self) -> psutil.Process:
        return next(p for p in self.family() if "infra.twin.emulator" in p.cmdline())

    def http(self) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.data / "ca.pem")
        return httpx.Client(base_url=f"https://localhost:{self.port}", verify=context, timeout=20, trust_env=False)

    def aws(self, service: str, endpoint: str | None = None) -> Any:
        untyped: Any = boto3  # its stubs know each service by its literal name only
        return untyped.client(
            service,
            endpoint_url=endpoint or self.state["emulator_endpoint"],
            region_name="us-east-1",
            aws_access_key_id="000000000000",
            aws_secret_access_key=(self.data / "secret").read_text(),
            config=Config(signature_version="s3v4" if service == "s3" else None, s3={"addressing_style": "path"}),
        )

    def presigner(self) -> Any:
        return self.aws("s3", f"https://localhost:{self.port}")

    def link(self, operation: str, key: str, expires: int = 60, **parameters: Any) -> str:
        url: str = self.presigner().generate_presigned_url(
            operation, Params={"Bucket": BUCKET, "Key": key, **parameters}, ExpiresIn=expires
        )
        return url

    def item_is_there(self, name: str) -> bool:
        with self.http() as http:
            return bool(http.get(f"/v1/items?{name}").json()["found"])

    def put_item(self, name: str) -> None:
        with self.http() as http:
            assert http.post("/v1/items", content=name, headers={"content-type": "text/plain"}).json()["found"]


def launch(data: Path, port: int) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "infra.twin", "up", "--port", str(port), "--data", str(data), "--app", APP],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def alive(processes: list[psutil.Process], within_s: float = 3) -> list[psutil.Process]:
    """Those that still run; a zombie waits for a parent outside this test and runs no more."""
    _, left = psutil.wait_procs(processes, timeout=within_s)
    return [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="session")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory, port: int) -> Path:
    """A data folder with the app deployed and nothing running."""
    data = tmp_path_factory.mktemp("twin") / "data"
    twin = Twin(data, port).start()
    assert twin.stop() == 0
    return data


@pytest.fixture(scope="module")
def twin(deployed: Path, tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Twin]:
    """A running twin on a copy of that folder."""
    data = tmp_path_factory.mktemp("running") / "data"
    shutil.copytree(deployed, data)
    running = Twin(data, port).start()
    yield running
    if running.process.poll() is None:
        running.stop()
