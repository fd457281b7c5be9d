"""One twin of the real stacks for all end-to-end tests: deployed once, real workers, the vendors' own clients."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
START_S = 150


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


def start(data: Path, port: int) -> subprocess.Popen[str]:
    """A twin, ready."""
    log = (data.parent / "twin.err").open("a")
    told = [sys.executable, "-m", "infra.twin", "up", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(told, cwd=ROOT, env=clean(), stdout=subprocess.PIPE, stderr=log, text=True)
    log.close()
    assert process.stdout
    line = process.stdout.readline()
    assert line == f"Patchbay is ready at https://localhost:{port}\n", (data.parent / "twin.err").read_text()
    return process


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    process.send_signal(number)
    process.communicate(timeout=60)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    data, port = tmp_path_factory.mktemp("e2e") / "data", free_port()
    process = start(data, port)
    try:
        first = Live(f"https://localhost:{port}", data, "", process.pid)
        yield Live(first.base_url, data, first.new_key("e2e@example.org"), process.pid)
    finally:
        stop(process)


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds that have something for every stem."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    return write_song(path, seconds=6.0)


def write_song(path: Path, seconds: float, seed: int = 1) -> Path:
    rate = 44100
    time_s = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(time_s))
    beat = np.exp(-20 * (time_s % 0.5)) * noise * 0.2
    bass = 0.25 * np.sin(2 * np.pi * 55 * time_s)
    voice = sum(np.sin(2 * np.pi * 220 * k * time_s + 3 * np.sin(11 * time_s)) / k for k in range(1, 8)) * 0.1
    soundfile.write(path, np.stack([beat + bass + voice, 0.8 * beat + bass + voice], 1) * 0.5, rate, "PCM_16")
    return path


@pytest.fixture(scope="session")
def npm_client() -> None:
    """The clients as the registry has them, one with the file that its own install step writes."""
    if not all((HERE / "node_modules" / name).exists() for name in ("@music.ai/sdk/build.json", "phoenix")):
        npm = Path(sys.executable).with_name("npm")
        command = [str(npm) if npm.exists() else str(shutil.which("npm")), "ci", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE, check=True, capture_output=True, timeout=120)


def run_node(script: str, environment: dict[str, str], told: dict[str, Any]) -> dict[str, Any]:
    """Run one of this folder's programs with the npm client; it prints one JSON document."""
    node = beside if (beside := Path(sys.executable).with_name("node")).exists() else Path(str(shutil.which("node")))
    done = subprocess.run(
        [str(node), str(HERE / script), json.dumps(told)],
        capture_output=True,
        text=True,
        env={**clean(), **environment},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
