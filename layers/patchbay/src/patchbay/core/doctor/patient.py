"""What is being looked at."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from patchbay.domain.checkup import Resource, StackFacts
from patchbay.ports.deployment import Deployment

ALWAYS = ("Data", "Pipeline", "Api", "Events", "Sockets")
IN_CLOUD = ("Studio", "Watching")


@dataclass(slots=True)
class Given:
    """What the deployment is meant to be, by its settings."""

    stage: str
    release: str
    """Of the program that looks."""
    table: str = ""
    media_bucket: str = ""
    state_machine_arn: str = ""
    public_url: str = ""
    models: tuple[str, ...] = ()
    allow_research: bool = False
    mail_from: str = ""
    secrets: str = ""
    secrets_before: str = ""
    ingest: bool = False
    """Whether there is a service for large bodies."""
    launcher: str = "none"
    max_workers: int = 4
    machines: bool = False
    """Whether a class of workers has machines in the account."""
    read_weights: bool = False

    @property
    def emulated(self) -> bool:
        """Whether it is the local twin."""
        return self.stage == "twin"


@dataclass(slots=True)
class Patient:
    """A deployment, what it is meant to be, and what was found of its stacks so far."""

    deployment: Deployment
    given: Given
    stacks: dict[str, StackFacts] = field(default_factory=dict)

    def wanted(self) -> tuple[str, ...]:
        """The stacks that have to be there."""
        if self.given.emulated:
            return ALWAYS
        return (*ALWAYS, *IN_CLOUD, *(["Compute"] if self.given.machines else []))

    def name(self, stack: str) -> str:
        """A stack's whole name."""
        return f"Patchbay-{self.given.stage}-{stack}"

    def resources(self, kind: str) -> Iterator[Resource]:
        """All resources of a kind in the stacks that were found."""
        for stack in self.stacks.values():
            yield from (each for each in stack.resources if each.kind == kind)
