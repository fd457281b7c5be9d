"""What is measured, under which name, and by what it can be told apart.

A line of log carries the figures in CloudWatch's embedded metric format (EMF). Each metric that has figures in an hour
costs by the hour, once for each value of its dimensions: so there are few of these, and what they leave out (the job,
the tenant, the model) stands in the same line, to be searched for.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["Count", "Milliseconds", "Seconds", "None"]
USD_A_MONTH = 0.30
"""One metric for a whole month, the first 10,000 of an account (CloudWatch, us-east-1, read in 2026)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that are measured together: name -> unit, and the sets of dimensions that each is kept under."""

    units: Mapping[str, Unit]
    dimensions: tuple[tuple[str, ...], ...] = ((),)

    def directive(self, stage: str) -> str:
        """How CloudWatch is to read a line, as JSON."""
        told = {
            "Namespace": namespace(stage),
            "Dimensions": self.dimensions,
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in self.units.items()],
        }
        return json.dumps(told)

    def line(self, stage: str, figures: Mapping[str, float], facts: Mapping[str, object]) -> str:
        """One line. Raises ValueError where a figure or a dimension is missing: CloudWatch would drop it silently."""
        missing = [name for name in self.units if name not in figures]
        missing += [name for names in self.dimensions for name in names if not facts.get(name)]
        if missing:
            raise ValueError(f"a line without {', '.join(dict.fromkeys(missing))}")
        told = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [json.loads(self.directive(stage))]}
        return json.dumps({"_aws": told, **facts, **figures}, default=str)

    def count(self, values: Mapping[str, int]) -> int:
        """How many metrics it is at most, where each dimension has so many values."""
        total = 0
        for names in self.dimensions:
            kinds = 1
            for name in names:
                kinds *= values[name]
            total += kinds * len(self.units)
        return total


def namespace(stage: str) -> str:
    """Where a stage's metrics are: two stages of one account do not mix."""
    return f"Patchbay/{stage}"


REQUESTS = Group({"Requests": "Count", "Faults": "Count", "Latency": "Milliseconds"}, (("service",),))
"""Of the API, by dialect."""
STARTS = Group({"ColdStarts": "Count"})
"""Of all Lambdas together; whose it was is in the line."""
JOBS = Group({"JobsEnded": "Count"}, (("state",), ("workflow", "state")))
JOB_TIMES = Group({"JobsBroken": "Count", "JobWaited": "Seconds", "JobWorked": "Seconds", "JobCost": "None"})
"""Of jobs that ended: how many by a fault of ours, seconds until they began and from there on, US dollars."""
TASKS = Group({"QueueWait": "Seconds"}, (("compute",),))
WORKERS = Group({"WorkerBusy": "Seconds", "WorkerIdle": "Seconds"}, (("compute",),))
DELIVERIES = Group({"Deliveries": "Count", "DeliveryTime": "Milliseconds"}, (("outcome",),))
"""Attempts to bring a report to its receiver, by what came of them."""
INGEST = Group({"UploadsUnderWay": "Count"})
"""Of each task of the ingest service, once a minute: requests that hold one of its threads."""
OUTSIDE = Group({"Reachable": "Count", "CertificateDays": "None"})
"""What a look at the public address finds: whether it answers (1 or 0), and for how long its certificate is good."""
GROUPS = (REQUESTS, STARTS, JOBS, JOB_TIMES, TASKS, WORKERS, DELIVERIES, INGEST, OUTSIDE)
