"""The engines of this image: found by their folders, made when first needed, kept warm between tasks."""

import gc
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import gpu_workers
from gpu_workers.runtime.engine import Engine
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.steps import Step
from patchbay.domain.tasks import ModelFiles

WeightsOf = Callable[[str, str, str], ModelFiles]
"""(engine, model, version) -> checked files. Raises `ModelUnavailable`."""


def names() -> frozenset[str]:
    """Folders beside this one that hold an engine. Nothing else is ever imported for a task."""
    folders = (Path(folder) for folder in gpu_workers.__path__)
    return frozenset(found.parent.name for folder in folders for found in folder.glob("*/engine.py")) - {"runtime"}


def create(name: str) -> Engine:
    """A new engine. Raises LookupError for a name that has no folder."""
    if name not in names():
        raise LookupError(f"this worker has no engine {name!r}; it has: {', '.join(sorted(names()))}")
    module = importlib.import_module(f"gpu_workers.{name}.engine")
    return cast(Engine, module.create())


class Rack:
    """Engines with their models loaded: load once, run many."""

    def __init__(self, weights: WeightsOf, make: Callable[[str], Engine] = create) -> None:
        self._weights = weights
        self._make = make
        self._engines: dict[str, Engine] = {}

    def ready(self, step: Step) -> Engine:
        """The step's engine with its model loaded. Raises `ModelUnavailable`, LookupError, whatever loading raises."""
        if step.engine not in self._engines:
            self._engines[step.engine] = self._make(step.engine)
        engine = self._engines[step.engine]
        if step.model:
            files = self._weights(step.engine, step.model, step.model_version)
        else:
            files = ModelFiles(step.engine, step.model_version)
        try:
            engine.load(files)
        except ModelUnavailable:
            raise
        except BaseException:
            self.drop(step.engine)
            raise
        return engine

    def drop(self, name: str) -> None:
        """Forget an engine after trouble, and its memory with it: the next task gets a fresh one."""
        self._engines.pop(name, None)
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            torch.cuda.empty_cache()
