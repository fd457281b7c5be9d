"""The cookie of a browser in the languages that the studio speaks: whose it is, and what others can do with it."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import APIRoute

from functions.dialects.native.routes import DIALECT as NATIVE
from functions.dialects.soundforge.names import stem_id
from functions.dialects.soundforge.routes import DIALECT as SOUNDFORGE
from functions.dialects.soundforge.routes import PAGES
from functions.dialects.twoshot.routes import DIALECT as TWOSHOT
from functions.entrypoints.openapi import dialect
from functions.http import cookies
from functions.http.dialect import Dialect
from patchbay.catalog.dialects import DIALECTS
from patchbay.core.browsers import Browsers, form_token, new_secret
from patchbay.domain.errors import Unavailable
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

NO_ID = "0198c0de-0000-7000-8000-000000000000"
OF_BROWSERS = {each.name: each for each in (NATIVE, SOUNDFORGE, TWOSHOT)}


def guarded(found: Dialect) -> list[tuple[str, str]]:
    """(method, path) of all that changes something, and needs to know who asks."""
    routes = [route for route in found.router.routes if isinstance(route, APIRoute)]
    every = [(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"]
    return sorted(
        (method, path)
        for method, path in every
        if path not in found.public and (method not in cookies.SAFE or path in found.writing)
    )


FORGEABLE = [(name, *which) for name, found in OF_BROWSERS.items() for which in guarded(found)]


@pytest.fixture
def apis(native: Api, soundforge: Api, twoshot: Api) -> dict[str, Api]:
    return {
        name: api.with_key(None) for name, api in (("native", native), ("soundforge", soundforge), ("twoshot", twoshot))
    }


@pytest.fixture
def secret(world: World) -> str:
    """Of Eve's session."""
    return world.services.browsers.begin(
        world.services.people.register("eve@example.org", "correct horse battery", "Eve").id
    )


def ask(api: Api, secret: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    place = path.replace("{path:path}", "x")
    for part in place.split("/"):
        if part.startswith("{"):
            place = place.replace(part, "5" if part in {"{revision}", "{tag}"} else NO_ID)
    return api.call(method, place, body=body, headers={"cookie": f"{cookies.NAME}={secret}", **headers})


@pytest.mark.parametrize("name", [entry.name for entry in DIALECTS])
def test_the_other_languages_know_no_cookies(name: str) -> None:
    assert dialect(name).cookies is (name in OF_BROWSERS)


@pytest.mark.parametrize("path", ["/api/session", "/users/log-in"])
def test_a_store_that_is_away_is_not_taken_for_logged_out(
    world: World, apis: dict[str, Api], secret: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def away(browsers: Browsers, secret: str) -> None:
        raise Unavailable("the table is busy")

    monkeypatch.setattr(Browsers, "caller_of", away)
    answer = ask(apis["soundforge"], secret, "GET", path)
    assert (answer.status, answer.cookies) == (503, ())


def test_where_anybody_may_look_a_store_that_is_away_is_told(
    world: World, apis: dict[str, Api], secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(browsers: Browsers, secret: str) -> None:
        raise Unavailable("the table is busy")

    path = next(p for p in sorted(TWOSHOT.optional) if "{" not in p)
    wanted = ask(apis["twoshot"], secret, "GET", path).status
    monkeypatch.setattr(Browsers, "caller_of", away)
    assert (wanted, ask(apis["twoshot"], secret, "GET", path).status) == (200, 503)


@pytest.mark.parametrize(("name", "method", "path"), FORGEABLE)
def test_nothing_is_changed_without_the_token_of_a_page(
    world: World, apis: dict[str, Api], secret: str, name: str, method: str, path: str
) -> None:
    before = len(world.records.changes)
    for token in ({}, {cookies.FORM_HEADER: form_token(new_secret())}):
        answer = ask(apis[name], secret, method, path, b'{"name": "x"}', content_type="text/plain", **token)
        assert answer.status == 403, f"{method} {path}: {answer.text}"
    counted = [new for _, new in world.records.changes[before:] if new and not new.key[0].startswith("RATES#")]
    assert counted == []


def test_there_are_such_routes() -> None:
    assert {name for name, _, _ in FORGEABLE} == set(OF_BROWSERS)
    assert len(FORGEABLE) > 60
    assert not PAGES & {path for _, _, path in FORGEABLE}


def told(answer: Answer) -> Any:
    assert answer.status in {200, 201}, answer.text
    return answer.json()


def test_a_browser_does_with_its_token_what_a_key_does(
    world: World, ada: Tenant, apis: dict[str, Api], secret: str
) -> None:
    token = {cookies.FORM_HEADER: form_token(secret), "content_type": "application/json"}

    def send(name: str, method: str, path: str, body: bytes = b"") -> Any:
        return told(ask(apis[name], secret, method, path, body, **token))

    assert send("native", "GET", "/patchbay/v1/me")["user"]["email"] == "eve@example.org"
    assert send("native", "GET", "/patchbay/v1/me")["key"] is None
    key = send("native", "POST", "/patchbay/v1/keys", b'{"name": "laptop"}')
    assert world.services.accounts.authenticate(key["secret"]).tenant_id != ada.id
    assert [each["name"] for each in send("native", "GET", "/patchbay/v1/keys")["keys"]] == ["laptop"]
    folder = send("twoshot", "POST", "/sample/folder", b'{"name": "loops"}')
    assert folder
    assert send("soundforge", "POST", "/api/tracks", b'{"title": "Demo"}')["data"]["upload_url"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("native", lambda job: f"/patchbay/v1/jobs/{job.id}"),
        ("soundforge", lambda job: f"/api/processing/job/{job.id}"),
        ("soundforge", lambda job: f"/files/stems/{job.id}/vocals.wav"),
        ("soundforge", lambda job: f"/export/stem/{stem_id(job.id, 0)}"),
    ],
)
def test_what_is_anothers_is_not_there(
    world: World, ada: Tenant, apis: dict[str, Api], secret: str, name: str, path: Callable[[Any], str]
) -> None:
    job = world.carry_out(world.order(ada))
    hers = world.services.browsers.begin(ada.id)
    assert ask(apis[name], hers, "GET", path(job)).status in {200, 302}
    assert ask(apis[name], secret, "GET", path(job)).status == 404
