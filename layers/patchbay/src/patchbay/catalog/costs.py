"""What a job costs: the seconds of its machines, and the requests that carry it through the stage.

    cost = sum over steps of busy seconds * dollars an hour / 3600 + requests

Busy seconds are a worker's from the lease of a step to its end: fetching inputs and loading weights, the engine's own,
storing, and those of attempts that came to nothing. What was there from an earlier job costs no machine. Not a job's
but the stage's: a machine's boot and idling, storage, traffic to clients, and what they ask beside ordering.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from patchbay.catalog.prices import Market, Prices
from patchbay.catalog.workflow import StepSpec
from patchbay.domain.steps import Step
from patchbay.domain.tasks import ComputeClass

Requests = Mapping[str, float]
"""Name of a price -> how many of its units."""

PER_JOB: Requests = {
    "api.request": 1,
    "lambda.request": 12,
    "lambda.gb_s": 1.2,
    "states.transition": 3,
    "dynamodb.write": 46,
    "dynamodb.read": 28,
    "events.event": 4,
    "sqs.request": 15,
    "s3.put": 1,
    "s3.get": 3,
    "logs.gb": 15e-6,
}
"""Of one job: ordered, planned, finished, reported and settled, by twelve calls of Lambdas with a gigabyte for a tenth
of a second each. Writes and reads as the tests count them, transitions as the state machine has them.
"""
PER_STEP: Requests = {
    "lambda.request": 1,
    "lambda.gb_s": 0.1,
    "states.transition": 2,
    "dynamodb.write": 9,
    "dynamodb.read": 7,
    "sqs.request": 4,
    "s3.put": 4,
    "s3.get": 2,
    "logs.gb": 2e-6,
}
"""Of each step that a machine did, with four results."""
PER_S: Requests = {
    "dynamodb.write": 1.2,
    "dynamodb.read": 1.7,
    "events.event": 1,
    "lambda.request": 2,
    "lambda.gb_s": 0.04,
    "sqs.request": 0.1,
    "logs.gb": 0.5e-6,
}
"""Of each second of an engine: progress is written, published and pushed once a second at the most; a sign of life
comes every ten seconds, a look at whether the job is still wanted every two.
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an engine takes, to put a job's cost before it runs."""

    per_audio_s: float
    """Seconds of the machine a second of audio."""
    start_s: float = 2.0
    """Fetching, loading and storing, on a worker that is there."""


PACES: Mapping[str, Pace] = {
    "separation": Pace(1 / 40, 20.0),
    "generation": Pace(1.0, 30.0),
    "composition": Pace(1.0),
    "analysis": Pace(0.05),
    "encoding": Pace(0.05),
    "rendering": Pace(0.2),
    "video": Pace(0.3),
    "deliver": Pace(0.01),
    "elsewhere": Pace(0.1, 10.0),
}
"""Separation: Demucs on one L4, 40 times real time (assumed). Generation: MusicGen on the same (assumed). Elsewhere: a
worker that waits for a service of the tenant's own choice, who pays that himself (assumed). The others as measured on
two cores, rounded up.
"""
SLOWEST = Pace(1.0, 30.0)
"""Of an engine that is not in the list."""
USUAL_AUDIO_S = 240.0
"""A song, where nobody knows yet how long the audio is."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What one stage's work costs. All results are in US dollars, to the billionth."""

    prices: Prices = field(default_factory=Prices)
    markets: Mapping[ComputeClass, Market] = field(default_factory=dict)
    """On which terms each class's machines are had; on demand, if it is not here."""

    def usd_per_hour(self, compute: ComputeClass) -> float:
        """Of a class's machine."""
        return self.prices.machine_usd_per_hour(compute, self.markets.get(compute, "on-demand"))

    def step_usd(self, step: Step, now: datetime | None = None) -> float:
        """What the machines of a step cost; with `now`, the one that is at it counts until then."""
        return round(step.busy_s(now) * self.usd_per_hour(step.compute) / 3600, 9)

    def job_usd(self, steps: Iterable[Step], now: datetime | None = None) -> float:
        """What a job cost, as far as its steps have come."""
        done = list(steps)
        worked = [step for step in done if step.busy_s(now) > 0]
        machines = sum(self.step_usd(step, now) for step in done)
        engines_s = sum(step.busy_s(now) for step in worked if step.compute != "light")
        return round(machines + self.requests_usd(len(worked), engines_s), 9)

    def requests_usd(self, steps: int, engines_s: float) -> float:
        """What a job's requests cost, by its steps that a machine did and how long engines ran."""
        parts = ((PER_JOB, 1), (PER_STEP, steps), (PER_S, engines_s))
        return sum(self.prices.usd(name) * units * times for part, times in parts for name, units in part.items())

    def estimate_usd(self, specs: Iterable[StepSpec], audio_s: float | None) -> float:
        """What a job will cost, put before it runs."""
        audio_s = USUAL_AUDIO_S if audio_s is None else audio_s
        seconds = [(spec.compute, _seconds(spec.engine, audio_s)) for spec in specs]
        machines = sum(busy_s * self.usd_per_hour(compute) / 3600 for compute, busy_s in seconds)
        engines_s = sum(busy_s for compute, busy_s in seconds if compute != "light")
        return round(machines + self.requests_usd(len(seconds), engines_s), 9)


def _seconds(engine: str, audio_s: float) -> float:
    pace = PACES.get(engine, SLOWEST)
    return pace.start_s + pace.per_audio_s * audio_s
