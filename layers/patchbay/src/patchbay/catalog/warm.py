"""Workers that stay though there is no work: `gpu=1@7-19` keeps one from 7:00 to 19:00 UTC, `gpu=1` always."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.catalog.backends import queued_class
from patchbay.domain.tasks import ComputeClass

_ONE = re.compile(r"(\w+)\s*=\s*(\d{1,4})(?:\s*@\s*(\d{1,2})-(\d{1,2}))?")
_DAY = 24
_TURN = timedelta(hours=12)
"""How long a worker that always stays is asked for at a time: then a fresh one, of the release of that day, follows."""


@dataclass(frozen=True, slots=True)
class Warm:
    """Of one class."""

    workers: int
    from_hour: int = 0
    to_hour: int = _DAY
    """Hours of the day, UTC; past midnight where the second is the smaller one."""

    @property
    def hours(self) -> int:
        """Hours a day."""
        return (self.to_hour - self.from_hour) % _DAY or _DAY

    @property
    def always(self) -> bool:
        """Whether they never leave."""
        return self.hours == _DAY

    def until(self, now: datetime) -> datetime | None:
        """Until when workers are to stay that are asked for now, which is in UTC; None outside the hours."""
        if self.always:
            return now + _TURN
        begun = now.replace(hour=self.from_hour, minute=0, second=0, microsecond=0)
        if begun > now:
            begun -= timedelta(days=1)
        end = begun + timedelta(hours=self.hours)
        return end if now < end else None


def parse(told: str) -> Mapping[ComputeClass, Warm]:
    """Class -> how many stay, and when. Raises ValueError that says what is wrong."""
    found: dict[ComputeClass, Warm] = {}
    for part in (each.strip() for each in told.split(",") if each.strip()):
        read = _ONE.fullmatch(part)
        if read is None:
            raise ValueError(f"{part!r} is not of the form 'gpu=1' or 'gpu=1@7-19'")
        compute = queued_class(read[1])
        if compute in found:
            raise ValueError(f"class {compute!r} is given twice")
        first, last = int(read[3] or 0), int(read[4] or _DAY)
        if not (0 <= first < _DAY and 0 < last <= _DAY and first != last):
            raise ValueError(f"hours go from 0-1 to 23-{_DAY} and differ, unlike those of {part!r}")
        if int(read[2]):
            found[compute] = Warm(int(read[2]), first, last)
    return found
