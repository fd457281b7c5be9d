"""What end-to-end tests share beside the twin: a song, and the vendors' own clients."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.support.live import ROOT, Live, clean, free_port, start, stop

__all__ = ["ROOT", "Live", "clean", "free_port", "start", "stop"]
HERE = Path(__file__).parent


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
