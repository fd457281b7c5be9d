"""Linking one's own account at Spotify, against a server on this machine that speaks its OAuth."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from functions.dialects.soundforge.routes import DIALECT
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.core import store
from patchbay.core.browsers import form_token
from patchbay.core.links import CONSENT_LIVES, Links
from patchbay.core.vault import Vault, parse_keys
from patchbay.domain.errors import CatalogueFailed, NotFound, Unauthenticated, Unavailable
from patchbay.ports import Write, WriteConflict
from patchbay.settings import Settings
from tests.contract.test_soundforge_people import EMAIL, NAME, PASSWORD, went
from tests.fakes.gateway import Api
from tests.fakes.world import World
from tests.support.browser import Browser, Page
from tests.support.spotify import CLIENT, SECRET, FakeSpotify, served, track

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
KEY, OTHER = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
HOME, SETTINGS = "https://patchbay.example", "/users/settings"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSpotify]:
    with served() as fake:
        yield fake


@pytest.fixture
def spotify(server: FakeSpotify) -> FakeSpotify:
    server.status, server.rotates = 0, False
    for each in (server.consents, server.refresh_tokens, server.access_tokens):
        each.clear()
    return server


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, spotify: FakeSpotify) -> World:
    told = Settings(
        stage="test",
        rate_limit_scale=1000,
        public_url=HOME,
        vault_key=KEY,
        spotify_client_id=CLIENT,
        spotify_client_secret=SECRET,
        spotify_api_url=f"{spotify.url}/v1/",
        spotify_accounts_url=f"{spotify.url}/",
    )
    made = World(told)
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


@pytest.fixture
def eve(world: World, loop: None) -> Browser:
    browser = Browser(Api(lambda_handler(DIALECT)))
    browser.register(EMAIL, PASSWORD, NAME)
    return browser


@pytest.fixture
def eve_id(eve: Browser) -> str:
    return str(eve.get("/api/session").json()["data"]["user"]["id"])


def consented(eve: Browser, spotify: FakeSpotify, **answer: str) -> str:
    """Begin, and agree; the path that Spotify sends the browser to."""
    begun = eve.get("/auth/spotify")
    assert begun.status == 303
    back = spotify.consent(begun.headers["location"], **answer)
    assert back.startswith(f"{HOME}/auth/spotify/callback?")
    return back.removeprefix(HOME)


def test_an_account_is_linked_shown_and_unlinked(eve: Browser, spotify: FakeSpotify) -> None:
    assert "Link Spotify" in eve.page(SETTINGS).text
    went(eve.get(consented(eve, spotify)), SETTINGS)
    page = eve.page(SETTINGS)
    assert "Your Spotify account is linked." in page.text
    assert "Linked: Eve <3." in page.text
    form = next(form for form in page.forms if form.action == "/auth/spotify")
    assert eve.post(form.action, {**form.fields, "_csrf_token": "x"}).status == 403
    assert "Linked: Eve" in eve.page(SETTINGS).text
    went(eve.post(form.action, form.fields), SETTINGS)
    assert "Link Spotify" in eve.page(SETTINGS).text


def test_neither_tokens_nor_verifiers_are_readable_in_the_table(
    world: World, eve: Browser, spotify: FakeSpotify
) -> None:
    went(eve.get(consented(eve, spotify)), SETTINGS)
    stored = "".join(str(new) for _, new in world.records.changes)
    for token in (*spotify.access_tokens, *spotify.refresh_tokens):
        assert token not in stored


def test_a_token_is_renewed_when_its_time_is_over(
    world: World, eve: Browser, eve_id: str, spotify: FakeSpotify
) -> None:
    went(eve.get(consented(eve, spotify)), SETTINGS)
    links = world.services.links
    first = links.access_token(eve_id)
    assert links.access_token(eve_id) == first
    for rotates in (False, True, False):
        spotify.rotates = rotates
        world.clock.advance(seconds=3600)
        second = links.access_token(eve_id)
        assert second != first
        assert second in spotify.access_tokens
        first = second


def test_a_new_key_of_the_stage_takes_over(world: World, eve: Browser, eve_id: str, spotify: FakeSpotify) -> None:
    went(eve.get(consented(eve, spotify)), SETTINGS)
    old = world.services.links
    both = Links(old.records, old.clock, Vault(parse_keys(f"{OTHER},{KEY}")), old.accounts)
    token = both.access_token(eve_id)
    alone = Links(old.records, old.clock, Vault(parse_keys(OTHER)), old.accounts)
    assert alone.access_token(eve_id) == token


def test_an_account_that_was_linked_anew_stays(
    world: World, eve: Browser, eve_id: str, spotify: FakeSpotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the old one's token is refused, its owner consents once more."""
    went(eve.get(consented(eve, spotify)), SETTINGS)
    links = world.services.links
    assert links.accounts is not None
    world.clock.advance(seconds=3600)
    refresh = type(links.accounts).refresh

    def anew(accounts: Any, token: str) -> Any:
        monkeypatch.setattr(type(links.accounts), "refresh", refresh)
        went(eve.get(consented(eve, spotify)), SETTINGS)
        raise Unauthenticated("taken back")

    monkeypatch.setattr(type(links.accounts), "refresh", anew)
    assert links.access_token(eve_id) in spotify.access_tokens
    assert links.get(eve_id) is not None


def test_too_many_rivals_are_told_as_such(
    world: World, eve: Browser, eve_id: str, spotify: FakeSpotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(eve.get(consented(eve, spotify)), SETTINGS)
    world.clock.advance(seconds=3600)

    def loses(*writes: Write) -> None:
        raise WriteConflict

    monkeypatch.setattr(world.records, "write", loses)
    monkeypatch.setattr(store, "attempts", lambda: range(2))
    with pytest.raises(Unavailable):
        world.services.links.access_token(eve_id)


def test_a_consent_that_was_taken_back_ends_the_link(
    world: World, eve: Browser, eve_id: str, spotify: FakeSpotify
) -> None:
    went(eve.get(consented(eve, spotify)), SETTINGS)
    spotify.refresh_tokens.clear()
    world.clock.advance(seconds=3600)
    with pytest.raises(NotFound, match="link one in the settings"):
        world.services.links.access_token(eve_id)
    assert "Link Spotify" in eve.page(SETTINGS).text


def test_while_spotify_is_away_the_link_stays(world: World, eve: Browser, eve_id: str, spotify: FakeSpotify) -> None:
    went(eve.get(consented(eve, spotify)), SETTINGS)
    spotify.status = 503
    world.clock.advance(seconds=3600)
    with pytest.raises(CatalogueFailed):
        world.services.links.access_token(eve_id)
    spotify.status = 0
    assert world.services.links.access_token(eve_id) in spotify.access_tokens


def test_ones_own_playlist_is_looked_up_with_ones_own_account(eve: Browser, spotify: FakeSpotify) -> None:
    playlist = "37i9dQZF1DXcBWIGoYBM5M"
    spotify.private = {
        f"playlists/{playlist}": {"name": "Mine", "tracks": {"items": [{"track": track()}], "next": None}}
    }
    token = {"x-csrf-token": form_token(eve.secret), "content_type": "application/json"}
    order = f'{{"url": "https://open.spotify.com/playlist/{playlist}"}}'.encode()
    assert eve.call("POST", "/api/spotify/fetch", order, **token).status == 404
    went(eve.get(consented(eve, spotify)), SETTINGS)
    found = eve.call("POST", "/api/spotify/fetch", order, **token).json()["data"]
    assert (found["name"], [each["title"] for each in found["tracks"]]) == ("Mine", ["Blinding Lights"])
    other = Browser(eve.api)
    other.register("other@example.org", PASSWORD, "Other")
    token["x-csrf-token"] = form_token(other.secret)
    assert other.call("POST", "/api/spotify/fetch", order, **token).status == 404


class TestForgery:
    def linked(self, browser: Browser) -> bool:
        return "Linked:" in browser.page(SETTINGS).text

    def test_a_state_is_good_once(self, eve: Browser, spotify: FakeSpotify) -> None:
        back = consented(eve, spotify)
        went(eve.get(back), SETTINGS)
        form = next(form for form in eve.page(SETTINGS).forms if form.action == "/auth/spotify")
        eve.post(form.action, form.fields)
        went(eve.get(back), SETTINGS)
        assert "did not agree, or it took too long" in eve.page(SETTINGS).text
        assert not self.linked(eve)

    def test_nobody_can_be_made_to_link_the_account_of_another(self, eve: Browser, spotify: FakeSpotify) -> None:
        """The forger begins, consents with his own account, and sends his victim the way back."""
        forger = Browser(eve.api)
        forger.register("forger@example.org", PASSWORD, "Forger")
        back = consented(forger, spotify)
        went(eve.get(back), SETTINGS)
        assert not self.linked(eve)

    def test_nor_in_another_session_of_the_same_person(self, eve: Browser, spotify: FakeSpotify) -> None:
        other = Browser(eve.api)
        other.log_in(EMAIL, PASSWORD)
        went(other.get(consented(eve, spotify)), SETTINGS)
        assert not self.linked(other)

    def test_a_state_that_was_made_up(self, eve: Browser) -> None:
        for query in ("code=1", "code=1&state=", "code=1&state=x", "state=x", "", "error=access_denied&state=x"):
            went(eve.get(f"/auth/spotify/callback?{query}"), SETTINGS)
            assert not self.linked(eve)

    def test_a_code_that_was_made_up(self, eve: Browser, spotify: FakeSpotify) -> None:
        for code in ("made-up", "x" * 5000, ""):
            back = consented(eve, spotify, code=code)
            went(eve.get(back), SETTINGS)
            assert not self.linked(eve)

    def test_who_does_not_agree_is_not_linked_and_his_state_is_over(self, eve: Browser, spotify: FakeSpotify) -> None:
        back = consented(eve, spotify, error="access_denied")
        went(eve.get(back), SETTINGS)
        assert "did not agree" in eve.page(SETTINGS).text
        went(eve.get(back.replace("error=access_denied", "code=1")), SETTINGS)
        assert not self.linked(eve)

    def test_a_consent_that_comes_late(self, world: World, eve: Browser, spotify: FakeSpotify) -> None:
        back = consented(eve, spotify)
        world.clock.advance(seconds=CONSENT_LIVES.total_seconds())
        went(eve.get(back), SETTINGS)
        assert not self.linked(eve)

    def test_visitors_log_in_first(self, eve: Browser) -> None:
        visitor = Browser(eve.api)
        went(visitor.get("/auth/spotify"), "/users/log-in?return_to=%2Fusers%2Fsettings")
        went(visitor.get("/auth/spotify/callback?code=1&state=1"), "/users/log-in?return_to=%2Fusers%2Fsettings")
        went(visitor.post("/auth/spotify", {"_method": "delete"}), "/users/log-in?return_to=%2Fusers%2Fsettings")


def test_spotify_away_at_the_end_of_the_way(eve: Browser, spotify: FakeSpotify) -> None:
    back = consented(eve, spotify)
    spotify.status = 503
    went(eve.get(back), SETTINGS)
    assert "does not answer as it should" in eve.page(SETTINGS).text


@pytest.mark.parametrize("missing", ["vault_key", "spotify_client_secret", "public_url"])
def test_where_the_operator_set_nothing_up(
    world: World, eve: Browser, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    bare = World(world.services.settings.model_copy(update={missing: ""}))
    monkeypatch.setattr(bootstrap, "services", lambda: bare.services)
    visitor = Browser(eve.api)
    visitor.register(EMAIL, PASSWORD, NAME)
    answer = visitor.get("/auth/spotify")
    assert answer.status == 503
    assert "operator" in Page(answer.text).text
    assert "Spotify" not in visitor.page(SETTINGS).text
