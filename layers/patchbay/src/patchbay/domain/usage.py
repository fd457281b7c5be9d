"""What a tenant used, by day."""

from patchbay.domain.base import Entity, Part
from patchbay.domain.jobs import Job, JobState


class Tally(Part):
    """Work of one kind that is over."""

    jobs: int = 0
    """That succeeded."""
    failed: int = 0
    """That failed or were cancelled."""
    audio_s: float = 0.0
    """Of those that succeeded."""
    cost_usd: float = 0.0
    """Of all of them: what a job cost that came to nothing was spent all the same."""

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            jobs=self.jobs + other.jobs,
            failed=self.failed + other.failed,
            audio_s=round(self.audio_s + other.audio_s, 3),
            cost_usd=round(self.cost_usd + other.cost_usd, 9),
        )


def tally_of(job: Job) -> Tally:
    """What one job that is over counts for."""
    cost_usd = job.cost_usd or 0.0
    if job.state is not JobState.SUCCEEDED:
        return Tally(failed=1, cost_usd=cost_usd)
    return Tally(jobs=1, audio_s=job.audio_s or 0.0, cost_usd=cost_usd)


class UsageShard(Entity):
    """A part of a day's usage: jobs are spread over several records, so that those that end at once do not collide.

    `by_work` is by `<dialect>/<workflow>`.
    """

    by_work: dict[str, Tally] = {}

    def counting(self, job: Job) -> "UsageShard":
        """With one more job that is over."""
        name, more = f"{job.dialect}/{job.workflow}", tally_of(job)
        return self.model_copy(update={"by_work": {**self.by_work, name: self.by_work.get(name, Tally()).plus(more)}})
