"""A worker process with engines that do as their task's parameters say. Run by the tests with a worker's arguments."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence

from gpu_workers.runtime.start import main
from patchbay.domain.errors import UnusableAudio
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles


class Obedient:
    """Copies its input after `seconds`, with progress every 20 ms; `crash` says how it goes wrong instead."""

    def load(self, model: ModelFiles) -> None:
        pass

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        crash = task.params.get("crash")
        if crash == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if crash == "raise":
            raise RuntimeError("secret path /srv/x")
        if crash == "audio":
            raise UnusableAudio("this is no audio")
        if crash == "deaf":
            time.sleep(float(task.params["seconds"]))
        start, seconds = time.monotonic(), float(task.params.get("seconds", 0.0))
        while (gone := time.monotonic() - start) < seconds:
            task.progress(gone / seconds)
            time.sleep(0.02)
        task.progress(1.0)
        target = task.work_dir / "copy.bin"
        shutil.copy(task.inputs[0].path, target)
        return [EngineOutput("copy", target), EngineOutput("pid", value=os.getpid())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], lambda name: Obedient()))
