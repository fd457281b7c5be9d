"""The page of one's own settings."""

import pytest

from functions.dialects.soundforge.routes import DIALECT
from functions.http import cookies
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.core.browsers import form_token
from patchbay.core.tries import TRIES
from patchbay.settings import Settings
from tests.contract.test_soundforge_people import EMAIL, HOSTILE, NAME, PASSWORD, went, who
from tests.fakes.gateway import Api
from tests.fakes.world import World
from tests.support.browser import Browser, Page

SETTINGS, NEW = "/users/settings", "another password"
NAMES, PASSWORDS, OUT = 0, 1, -1


@pytest.fixture
def eve(soundforge: Api) -> Browser:
    browser = Browser(soundforge)
    went(browser.register(EMAIL, PASSWORD, NAME), "/studio/")
    return browser


def test_who_is_not_logged_in_comes_back_to_it(soundforge: Api, eve: Browser) -> None:
    visitor = Browser(soundforge)
    answer = visitor.get(SETTINGS)
    went(answer, "/users/log-in?return_to=%2Fusers%2Fsettings")
    assert "Log in to go on." in visitor.get(answer.headers["location"]).text
    went(visitor.fill(answer.headers["location"], email=EMAIL, password=PASSWORD), SETTINGS)
    assert EMAIL in visitor.page(SETTINGS).text


def test_names(eve: Browser) -> None:
    went(eve.fill(SETTINGS, NAMES, first_name=" Eve ", last_name="O'Hara <3"), SETTINGS)
    page = eve.page(SETTINGS)
    assert "Your names are saved." in page.text
    assert (page.having("first_name")["value"], page.having("last_name")["value"]) == ("Eve", "O'Hara <3")
    assert eve.get("/api/session").json()["data"]["user"]["lastName"] == "O'Hara <3"


def test_a_wrong_name_stays_typed(eve: Browser) -> None:
    answer = eve.fill(SETTINGS, NAMES, first_name="x" * 101, last_name="Kept")
    page = Page(answer.text)
    assert answer.status == 422
    assert page.having("first_name")["aria-invalid"] == "true"
    assert page.having("last_name")["value"] == "Kept"
    assert len(page.forms) == 3


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_saved_becomes_markup(eve: Browser, text: str) -> None:
    tags = {tag for tag, _ in eve.page(SETTINGS).tags}
    answer = eve.fill(SETTINGS, NAMES, first_name=text, last_name=text, action="update_profile")
    shown = Page(answer.text) if answer.status == 422 else eve.page(SETTINGS)
    assert {tag for tag, _ in shown.tags} - {"p"} <= tags
    assert shown.having("first_name")["value"] == (text if answer.status == 422 else text.strip())


def test_a_new_password_ends_all_other_sessions_and_this_goes_on(soundforge: Api, eve: Browser) -> None:
    other = Browser(soundforge)
    other.log_in(EMAIL, PASSWORD)
    before = eve.secret
    went(eve.fill(SETTINGS, PASSWORDS, current_password=PASSWORD, password=NEW), SETTINGS)
    assert eve.secret != before
    assert "Your password is changed." in eve.page(SETTINGS).text
    assert (who(eve), who(other)) == (EMAIL, None)
    assert other.log_in(EMAIL, PASSWORD).status == 422
    went(other.log_in(EMAIL, NEW), "/studio/")


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong password", NEW, "current_password"), ("", NEW, "current_password"), (PASSWORD, "short", "password"),
     (PASSWORD, EMAIL, "password")],
)  # fmt: skip
def test_a_wrong_password_is_told_and_never_shown(eve: Browser, current: str, new: str, field: str) -> None:
    answer = eve.fill(SETTINGS, PASSWORDS, current_password=current, password=new)
    page = Page(answer.text)
    assert answer.status == 422
    assert page.having(field)["aria-invalid"] == "true"
    assert all(told["value"] == "" for tag, told in page.tags if tag == "input" and told["type"] == "password")
    assert who(eve) == EMAIL


def test_the_documents_verb(eve: Browser) -> None:
    fields = {"_csrf_token": form_token(eve.secret), "action": "update_profile", "user[first_name]": "Eve"}
    went(eve.post(SETTINGS, fields, method="PUT"), SETTINGS)
    told = eve.post(SETTINGS, {**fields, "user[first_name]": "E"}, method="PUT", accept="application/json").json()
    assert told["data"]["user"]["firstName"] == "E"


def test_what_is_asked_for_has_to_be_known(eve: Browser) -> None:
    answer = eve.fill(SETTINGS, NAMES, action="delete_everything")
    assert answer.status == 422
    assert "Action is one of" in Page(answer.text).text


@pytest.mark.parametrize("token", ["", "x", form_token("s" * 43)])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_forged_form_changes_nothing(eve: Browser, method: str, token: str) -> None:
    fields = {"_csrf_token": token, "action": "update_password", "current_password": PASSWORD, "password": NEW}
    assert eve.post(SETTINGS, fields, method=method).status == 403
    went(Browser(eve.api).log_in(EMAIL, PASSWORD), "/studio/")


def test_a_session_that_ended_meanwhile(world: World, eve: Browser) -> None:
    form = eve.page(SETTINGS).forms[NAMES]
    world.services.browsers.log_out(eve.secret)
    went(eve.post(form.action, form.fields), "/users/log-in?return_to=%2Fusers%2Fsettings")
    told = {cookies.FORM_HEADER: form_token(eve.secret), "accept": "application/json"}
    assert eve.post(SETTINGS, {"action": "update_profile"}, **told).status == 401


def test_passwords_cannot_be_guessed_here_either(monkeypatch: pytest.MonkeyPatch, loop: None) -> None:
    made = World(Settings(stage="test", rate_limit_scale=1))
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    eve = Browser(Api(lambda_handler(DIALECT)))
    eve.register(EMAIL, PASSWORD, NAME)
    form = eve.page(SETTINGS).forms[PASSWORDS]
    guess = {**form.fields, "current_password": "wrong password", "password": NEW}
    assert [eve.post(SETTINGS, guess).status for _ in range(TRIES.requests + 1)] == [422] * TRIES.requests + [429]


class TestWhereAddressesAreVerified:
    @pytest.fixture
    def world(self, monkeypatch: pytest.MonkeyPatch) -> World:
        made = World(Settings(stage="test", rate_limit_scale=1000, verify_email=True))
        monkeypatch.setattr(bootstrap, "services", lambda: made.services)
        return made

    def test_by_the_code_that_was_mailed(self, world: World, eve: Browser) -> None:
        ((_, code),) = world.passwords.mailed
        assert eve.get("/api/session").json()["data"]["user"]["confirmed"] is False
        assert "verify your e-mail" in eve.fill(SETTINGS, NAMES + 1, first_name="Eve").text.lower()
        wrong = eve.fill(SETTINGS, 0, current_password=PASSWORD, code="000000")
        assert Page(wrong.text).having("code")["aria-invalid"] == "true"
        went(eve.fill(SETTINGS, 0, current_password=PASSWORD, code=""), SETTINGS)
        assert "A code is mailed to you." in eve.page(SETTINGS).text
        assert world.passwords.mailed[-1][1] != code
        went(eve.fill(SETTINGS, 0, current_password=PASSWORD, code=world.passwords.mailed[-1][1]), SETTINGS)
        assert eve.get("/api/session").json()["data"]["user"]["confirmed"] is True
        assert len(eve.page(SETTINGS).forms) == 3
