import json
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_workers.audio.decode_child import nearest_rate

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("source", "allowed", "expected"),
    [(44100, [], 44100), (44100, [8000, 48000], 48000), (96000, [8000, 48000], 48000), (8000, [8000], 8000)],
)
def test_nearest_rate(source: int, allowed: list[int], expected: int) -> None:
    assert nearest_rate(source, allowed) == expected


def test_the_limits_hold_in_the_child() -> None:
    code = (
        "import json, resource; from gpu_workers.audio.decode_child import limit_self;"
        "limit_self({'memory_bytes': 1 << 30, 'cpu_s': 7}, 4096);"
        "names = ('RLIMIT_AS', 'RLIMIT_CPU', 'RLIMIT_FSIZE', 'RLIMIT_CORE');"
        "print(json.dumps([resource.getrlimit(getattr(resource, name)) for name in names]))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout
    assert json.loads(out) == [[1 << 30] * 2, [7, 7], [4096, 4096], [0, 0]]
