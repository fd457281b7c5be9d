import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from gpu_workers.separation.training.feed import Source, feed
from gpu_workers.separation.training.learners import Arrays, Audio
from tests.unit.gpu_workers.separation.small_models import Tones

FRAMES = 4096


class Broken:
    def batch(self, index: int, size: int) -> tuple[Audio, Audio]:
        raise OSError(f"song {index} is gone")


def tones(frames: int) -> Source:
    return Tones(frames)


def broken() -> Source:
    return Broken()


def as_they_are(mixtures: Audio, stems: Audio, index: int) -> Arrays:
    return {"mixtures": mixtures, "index": np.array(index)}


def test_batches_come_in_order_from_the_first_asked_for() -> None:
    batches = feed(partial(tones, FRAMES), as_they_are, 2, first=5)
    for index in (5, 6, 7, 8, 9):
        batch = next(batches)
        assert int(batch["index"]) == index
        np.testing.assert_array_equal(batch["mixtures"], Tones(FRAMES).batch(index, 2)[0])
    before = len(psutil.Process().children())
    batches.close()
    assert len(psutil.Process().children()) < before


def test_what_goes_wrong_there_is_told_here() -> None:
    with pytest.raises(OSError, match="song 0 is gone"):
        next(feed(broken, as_they_are, 1, first=0))


KILLED = """
import time
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from tests.unit.gpu_workers.separation.training.test_feed import as_they_are, tones
from gpu_workers.separation.training.feed import feed
import psutil
if __name__ == "__main__":
    batches = feed(partial(tones, 4096), as_they_are, 1, first=0)
    next(batches)
    print(*(child.pid for child in psutil.Process().children()), flush=True)
    time.sleep(60)
"""


def test_its_process_ends_with_a_training_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}) as p:
        assert p.stdout is not None
        children = [psutil.Process(int(pid)) for pid in p.stdout.readline().split()]
        p.kill()
    assert children
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
