"""What a tenant used, by month."""

from pydantic import BaseModel, ConfigDict

from patchbay.domain.base import Entity
from patchbay.domain.jobs import Job


class Tally(BaseModel):
    """Finished work of one kind."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    jobs: int = 0
    audio_s: float = 0.0
    cost_usd: float = 0.0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        audio_s, cost_usd = round(self.audio_s + other.audio_s, 3), round(self.cost_usd + other.cost_usd, 9)
        return Tally(jobs=self.jobs + other.jobs, audio_s=audio_s, cost_usd=cost_usd)


class UsageShard(Entity):
    """A part of a month's usage: jobs are spread over several records, so that those that end at once do not collide.

    `by_work` is by `<dialect>/<workflow>`.
    """

    by_work: dict[str, Tally] = {}

    def counting(self, job: Job) -> "UsageShard":
        """With one more finished job."""
        name = f"{job.dialect}/{job.workflow}"
        more = Tally(jobs=1, audio_s=job.audio_s or 0.0, cost_usd=job.cost_usd or 0.0)
        return self.model_copy(update={"by_work": {**self.by_work, name: self.by_work.get(name, Tally()).plus(more)}})
