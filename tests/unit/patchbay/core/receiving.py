"""A job that ended, its receivers, and time that passes: what tests of notices have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from patchbay.core.notices import Shape
from patchbay.domain.jobs import Job
from patchbay.domain.webhooks import Notice, NoticeState
from tests.fakes.notices import FakeStream
from tests.fakes.world import Tenant, World

URL = "https://receiver.example/hook"
OTHER = "https://other.example/hook"


class Killed(BaseException):
    """What no code may catch: the process is gone."""


def shapes(dialect: str) -> Shape:
    return lambda job: {"dialect": dialect, "id": job.id} if dialect == "musicai" else None


def ended(world: World, tenant: Tenant, **changes: Any) -> Job:
    """A job that succeeded, the events of which were routed."""
    stream = FakeStream(world.records)
    stream.events()
    job = world.carry_out(world.order(tenant, **changes))
    for event in stream.events():
        world.services.notices.route(event)
    return job


def deliver(world: World) -> None:
    """Make the attempts whose time has come."""
    for message in world.notice_queue.due():
        world.services.notices.deliver(message, shapes)


def run(world: World, *, hours: float = 96, step_s: float = 60) -> None:
    """Let time pass, with the sweep on its schedule."""
    until = world.clock.now() + timedelta(hours=hours)
    while world.clock.now() < until and any(n.state is NoticeState.PENDING for n in notices(world)):
        world.clock.advance(seconds=step_s)
        world.services.notices.sweep()
        deliver(world)


def notices(world: World) -> list[Notice]:
    found = {key[0].removeprefix("NOTICES#") for key in world.records.items if key[0].startswith("NOTICES#")}
    return [notice for tenant in found for notice in world.services.notices.list(tenant, limit=1000)]


def only(world: World) -> Notice:
    (notice,) = notices(world)
    return notice


EFFECTS = (
    ("records", "write"),
    ("notice_queue", "send"),
    ("notice_queue", "bury"),
    ("web", "post"),
    ("executions", "start"),
    ("executions", "succeed_task"),
    ("executions", "fail_task"),
    ("queues", "send"),
)
"""Whatever leaves the process: between any two of these it may die."""


@contextmanager
def dying(world: World, at: int, *, after: bool) -> Iterator[None]:
    """Die at effect number `at` (from 0): just before it, or just `after` it. Raises `Killed` if it comes to that."""
    left = at

    def killing(real: Any) -> Any:
        def effect(*args: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1 and not after:
                raise Killed
            done = real(*args, **more)
            if left == -1:
                raise Killed
            return done

        return effect

    with pytest.MonkeyPatch.context() as patched:
        for part, name in EFFECTS:
            found = getattr(world, part)
            patched.setattr(found, name, killing(getattr(found, name)))
        yield
