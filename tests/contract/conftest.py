"""A world of fakes with two tenants, and an API client for each dialect that goes through its Lambda handler."""

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from functions.dialects.audioshake.routes import DIALECT as AUDIOSHAKE
from functions.dialects.beatoven.routes import DIALECT as BEATOVEN
from functions.dialects.musicai.routes import DIALECT as MUSICAI
from functions.dialects.native.routes import DIALECT as NATIVE
from functions.dialects.soundforge.routes import DIALECT as SOUNDFORGE
from functions.dialects.twoshot.routes import DIALECT as TWOSHOT
from functions.http.handler import Handler, lambda_handler
from patchbay.domain.songs import Facts
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.mixes import carry_out


@pytest.fixture
def loop() -> Iterator[None]:
    """The event loop that Lambda's own runtime would have left to Mangum."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield
    asyncio.set_event_loop(None)
    made.close()


@pytest.fixture
def musicai(ada: Tenant, loop: None) -> Api:
    return Api(lambda_handler(MUSICAI), ada.secret)


@pytest.fixture
def audioshake(ada: Tenant, loop: None) -> Api:
    return Api(lambda_handler(AUDIOSHAKE), f"Bearer {ada.secret}")


@pytest.fixture
def beatoven(ada: Tenant, loop: None) -> Api:
    return Api(lambda_handler(BEATOVEN), f"api_key {ada.secret}")


@pytest.fixture
def soundforge(ada: Tenant, loop: None) -> Api:
    return Api(lambda_handler(SOUNDFORGE), f"Bearer {ada.secret}")


@cache
def twoshot_handler() -> Handler:
    """Made once: it has many routes, and nothing of a test stays in it."""
    return lambda_handler(TWOSHOT)


@pytest.fixture
def twoshot(ada: Tenant, loop: None) -> Api:
    return Api(twoshot_handler(), f"Bearer {ada.secret}")


@pytest.fixture
def native(ada: Tenant, loop: None) -> Api:
    return Api(lambda_handler(NATIVE), f"Bearer {ada.secret}")


@pytest.fixture
def separated(world: World, ada: Tenant, soundforge: Api) -> str:
    """A track with stems."""
    song = world.services.songs.add(ada.id, Facts(title="Déjà vu?", artist="Me"), asset_id=world.upload(ada).id)
    begun = soundforge.post("/api/processing/separate", {"track_id": song.id}).json()["data"]
    world.carry_out(world.services.jobs.get(ada.id, begun["job_id"]))
    return song.id


@pytest.fixture
def worker(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """While the request waits, its job is done; the arrangements that came."""
    seen: list[Any] = []

    async def work(seconds: float) -> None:
        seen.extend(carry_out(world, ada))

    monkeypatch.setattr(asyncio, "sleep", work)
    return seen
