"""The compute classes that a step can ask for. The state machine and the compute stack are generated from these."""

from dataclasses import dataclass

from patchbay.domain.tasks import ComputeClass


@dataclass(frozen=True, slots=True)
class Compute:
    """One class of machine. `light` steps run in a Lambda; the others go to a queue that workers drain.

    What an hour of it costs is in `prices`, as `machine.<name>.<market>`.
    """

    name: ComputeClass
    memory_mib: int
    vcpus: int
    gpus: int = 0
    gpu_memory_mib: int = 0
    """What the smallest GPU of the class surely has for a model and its work. One class does as long as all fit."""
    sagemaker_instance: str = ""
    """The machine that SageMaker gives such a worker."""
    queued: bool = True


CLASSES: dict[str, Compute] = {
    c.name: c
    for c in (
        Compute("light", memory_mib=1024, vcpus=1, queued=False),
        Compute("cpu", memory_mib=8192, vcpus=2, sagemaker_instance="ml.m5.xlarge"),
        Compute(
            "gpu",
            memory_mib=14336,
            vcpus=4,
            gpus=1,
            # An L4 (g6) or A10G (g5) has 24 GB and bf16, less what the driver keeps; a T4 (g4dn) has no bf16.
            gpu_memory_mib=22 * 1024,
            sagemaker_instance="ml.g5.xlarge",
        ),
    )
}

QUEUED: tuple[Compute, ...] = tuple(c for c in CLASSES.values() if c.queued)

MAX_STEP_TIMEOUT_S = 4 * 3600
"""No step may run longer, whatever it asks for."""

DELIVERIES = 3
"""How often a task's message is handed out before it goes to the dead-letter queue. Workers count on it."""
