"""A state machine that only notes what it is told."""

from patchbay.domain.errors import Unavailable


class FakeExecutions:
    """`active` are the (job id, run) under way; `tokens` what was told of each task token."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, int]] = []
        self.active: set[tuple[str, int]] = set()
        self.tokens: dict[str, tuple[str, ...]] = {}
        self.stale: set[str] = set()
        self.kept: list[str] = []
        self.down = False

    def start(self, tenant_id: str, job_id: str, run: int) -> None:
        if self.down:
            raise Unavailable("the state machine is busy; try again")
        if (tenant_id, job_id, run) in self.started:
            return
        self.started.append((tenant_id, job_id, run))
        self.active.add((job_id, run))

    def stop(self, job_id: str, run: int) -> None:
        self.active.discard((job_id, run))

    def running(self, job_id: str, run: int) -> bool:
        return (job_id, run) in self.active

    def known(self, job_id: str, run: int) -> bool:
        return any(started[1:] == (job_id, run) for started in self.started)

    def succeed_task(self, token: str) -> None:
        self._tell(token, "succeeded")

    def fail_task(self, token: str, error: str, cause: str) -> None:
        self._tell(token, "failed", error, cause)

    def keep_task(self, token: str) -> bool:
        self.kept.append(token)
        return token not in self.stale and token not in self.tokens

    def lose(self) -> None:
        """Forget all that was under way, as the twin's state machine does at a restart."""
        self.active.clear()

    def _tell(self, token: str, *what: str) -> None:
        if token not in self.stale:
            self.tokens.setdefault(token, what)
