"""What becomes of a job's results when it is over: each kind of thing that is made by a job takes over its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from patchbay.core.jobs import Jobs
from patchbay.domain.errors import NotFound
from patchbay.domain.jobs import Job


class Keeper(Protocol):
    """Who keeps things that are made by jobs. Repeating any of it changes nothing."""

    def settle(self, job: Job) -> object | None:
        """Take over what a job made; None if nothing of this kind was made by it."""

    def give_up(self, tenant_id: str, job_id: str) -> object | None:
        """A job was deleted; None if nothing of this kind was to be made by it."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Ends of jobs, brought to those whom they concern."""

    jobs: Jobs
    keepers: Sequence[Keeper]

    def over(self, tenant_id: str, job_id: str) -> list[object]:
        """A job is over, or deleted: what is there under its id is settled. Returns that."""
        try:
            job = self.jobs.get(tenant_id, job_id)
        except NotFound:
            found = [keeper.give_up(tenant_id, job_id) for keeper in self.keepers]
        else:
            found = [keeper.settle(job) for keeper in self.keepers]
        return [each for each in found if each is not None]
