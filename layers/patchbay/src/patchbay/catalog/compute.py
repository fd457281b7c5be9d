"""The compute classes that a step can ask for. The state machine and the compute stack are generated from these."""

from collections.abc import Iterable
from dataclasses import dataclass

from patchbay.domain.steps import Step
from patchbay.domain.tasks import ComputeClass


@dataclass(frozen=True, slots=True)
class Compute:
    """One class of machine. `light` steps run in a Lambda; the others go to a queue that workers drain."""

    name: ComputeClass
    memory_mib: int
    vcpus: int
    usd_per_hour: float
    """What a machine of this class costs while it works: on-demand, us-east-1, read in 2026."""
    gpus: int = 0
    queued: bool = True


CLASSES: dict[str, Compute] = {
    c.name: c
    for c in (
        Compute("light", memory_mib=1024, vcpus=1, usd_per_hour=0.048, queued=False),
        Compute("cpu", memory_mib=8192, vcpus=2, usd_per_hour=0.1323),
        Compute("gpu", memory_mib=14336, vcpus=4, usd_per_hour=0.8048, gpus=1),
    )
}

QUEUED: tuple[Compute, ...] = tuple(c for c in CLASSES.values() if c.queued)

MAX_STEP_TIMEOUT_S = 4 * 3600
"""No step may run longer, whatever it asks for."""


def cost_usd(steps: Iterable[Step]) -> float:
    """What the machines cost that did some steps, by the seconds that their engines ran."""
    return round(sum(step_cost_usd(step) for step in steps), 9)


def step_cost_usd(step: Step) -> float:
    """What one step cost; one that was done before for another job cost nothing."""
    return round(step.engine_s * CLASSES[step.compute].usd_per_hour / 3600, 9)


DELIVERIES = 3
"""How often a task's message is handed out before it goes to the dead-letter queue. Workers count on it."""
