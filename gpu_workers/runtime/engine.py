"""The contract of an engine: load once, run many."""

from collections.abc import Sequence
from typing import Protocol

from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles


class Engine(Protocol):
    """One kind of heavy work. A worker makes one, loads a model, and runs tasks until its queue is empty.

    An engine's folder `gpu_workers/<name>/engine.py` defines `create() -> Engine`; the catalogue names the folder.
    """

    def load(self, model: ModelFiles) -> None:
        """Make `model` ready. Called again with the same model it does nothing; with another it replaces it.

        Raises `ModelUnavailable` where the weights are missing or are not what the catalogue says.
        """

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Do one task. Raises `UnusableAudio` for an input that cannot be worked on: the job fails with its text."""
