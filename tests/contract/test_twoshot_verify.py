"""Showing that an address is one's own, on TwoShot's wire."""

import pytest

from patchbay import bootstrap
from patchbay.settings import Settings
from tests.fakes.gateway import Api
from tests.fakes.world import World
from tests.support.twoshot import bearer, register, taken, told

EMAIL = "musicmaker2024@example.org"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(Settings(stage="test", rate_limit_scale=1000, verify_email=True))
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


def test_registering_mails_a_code_and_till_it_is_told_one_may_only_look(world: World, twoshot: Api) -> None:
    mine = bearer(twoshot, register(twoshot))
    ((address, code),) = world.passwords.mailed
    assert address == EMAIL
    taken(mine.get("/user"))
    refused = told(mine.post("/sample/folder", {"name": "drums"}), 403, "FORBIDDEN")
    assert "verify your e-mail address first" in refused
    told(mine.post("/auth/verify", {"email": EMAIL, "code": "000000"}), 400, "VALIDATION_ERROR", "code")
    taken(mine.post("/auth/verify/resend", {}))
    code = world.passwords.mailed[-1][1]
    assert taken(mine.post("/auth/verify", {"email": EMAIL, "code": code})) == {"success": True}
    assert mine.post("/sample/folder", {"name": "drums"}).status in {200, 201}


def test_it_takes_an_access_token(world: World, twoshot: Api) -> None:
    register(twoshot)
    body = {"email": EMAIL, "code": world.passwords.mailed[0][1]}
    told(twoshot.with_key(None).post("/auth/verify", body), 401, "UNAUTHORIZED")
    told(twoshot.with_key(None).post("/auth/verify/resend", {}), 401, "UNAUTHORIZED")


def test_a_registration_does_not_fail_for_a_mail_that_cannot_be_sent(
    world: World, twoshot: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from patchbay.domain.errors import Unavailable

    def away(_: str) -> None:
        raise Unavailable("no mail today")

    monkeypatch.setattr(world.passwords, "send_proof", away)
    assert register(twoshot)["user"]["email"] == EMAIL
