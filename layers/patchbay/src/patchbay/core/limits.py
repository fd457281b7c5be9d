"""How many requests somebody may make: exact counts in windows of fixed length, one cheap write for each request."""

from dataclasses import dataclass

from patchbay.ports import Clock, Records

KEPT_S = 3600
"""How long a count is kept after its window; the store drops it some time later."""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in each window. Windows begin at multiples of their length, the same for everybody."""

    requests: int
    window_s: int

    def scaled(self, scale: float) -> "Quota":
        """The same with `scale` times as many requests, one at least."""
        return self if scale == 1 else Quota(max(1, round(self.requests * scale)), self.window_s)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands after a request."""

    quota: Quota
    used: int
    """Requests in this window, this one included."""
    now_s: int
    resets_at: int
    """Unix time at which the next window begins."""

    @property
    def remaining(self) -> int:
        """Requests that are left in this window."""
        return max(0, self.quota.requests - self.used)

    @property
    def exceeded(self) -> bool:
        """Whether this request was one too many."""
        return self.used > self.quota.requests

    @property
    def wait_s(self) -> int:
        """Seconds until the next window begins, one at least."""
        return max(1, self.resets_at - self.now_s)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Counts of requests."""

    records: Records
    clock: Clock
    scale: float = 1.0
    """What every quota is multiplied with; 0 if nothing is to be counted."""

    def count(self, dialect: str, who: str, quota: Quota) -> Standing | None:
        """Count one request of somebody to a dialect; None where nothing is counted.

        The count is exact however many requests come at once. Raises `Unavailable`.
        """
        if not self.scale:
            return None
        quota, now_s = quota.scaled(self.scale), int(self.clock.now().timestamp())
        window = now_s // quota.window_s
        ends = (window + 1) * quota.window_s
        used = self.records.add((f"RATES#{dialect}#{who}", str(window)), 1, expires_at=ends + KEPT_S)
        return Standing(quota, used, now_s, ends)
