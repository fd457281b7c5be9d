"""Who starts workers: one way for each compute class, or nobody of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Launcher


class NoLauncher:
    """Workers come by themselves: the twin's supervisor starts them, or an operator runs `patchbay worker`."""

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`."""

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See `Launcher`."""


@dataclass(frozen=True, slots=True)
class ByClass:
    """Each class has a launcher of its own."""

    of: Mapping[ComputeClass, Launcher]

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`."""
        self.of[compute].launch(compute)

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See `Launcher`."""
        self.of[compute].keep_warm(compute, workers, until)
