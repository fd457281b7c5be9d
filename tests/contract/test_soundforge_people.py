"""The pages where people register, log in and out."""

import base64
import hashlib
import re

import pytest

from functions.dialects.soundforge.routes import DIALECT
from functions.http import cookies
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.core.browsers import form_token, new_secret
from patchbay.core.tries import TRIES
from patchbay.settings import Settings
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import World
from tests.support.browser import NOTICE, Browser, Page

EMAIL, PASSWORD, NAME = "eve@example.org", "correct horse battery", "Eve"
FORMS = ["/users/register", "/users/log-in", "/users/reset-password"]
HOSTILE = [
    '"><script>alert(1)</script>',
    "' autofocus onfocus=alert(1) x='",
    "$token ${title} &lt;b&gt;",
    "</style><b>",
    "ünï \x00",
]


@pytest.fixture
def browser(world: World, soundforge: Api) -> Browser:
    return Browser(soundforge)


@pytest.fixture
def eve(browser: Browser) -> Browser:
    assert browser.register(EMAIL, PASSWORD, NAME).status == 303
    return browser


def went(answer: Answer, path: str) -> None:
    assert (answer.status, answer.headers.get("location")) == (303, path), answer.text


def who(browser: Browser) -> str | None:
    user = browser.get("/api/session").json()["data"]["user"]
    return str(user["email"]) if user else None


class TestRegistration:
    def test_who_registers_is_logged_in(self, browser: Browser) -> None:
        went(browser.register(EMAIL, PASSWORD, NAME), "/studio/")
        user = browser.get("/api/session").json()["data"]["user"]
        assert (user["email"], user["userName"], user["plan"], user["confirmed"]) == (EMAIL, NAME, "standard", True)

    def test_phoenixs_own_names_of_fields_do_too(self, browser: Browser) -> None:
        form = browser.page("/users/register").forms[0]
        token = form.fields["_csrf_token"]
        fields = {"_csrf_token": token, "user[email]": EMAIL, "user[password]": PASSWORD}
        went(browser.post("/users/register", fields), "/studio/")
        assert re.fullmatch(r"user\d+", browser.get("/api/session").json()["data"]["user"]["userName"])

    def test_all_that_is_wrong_is_told_beside_its_field_and_what_was_typed_stays(self, browser: Browser) -> None:
        answer = browser.register("eve at example", "short", "é")
        assert answer.status == 422
        page = Page(answer.text)
        for name in ("email", "user_name", "password"):
            field = page.having(name)
            assert field["aria-invalid"] == "true"
            assert any(told.get("id") in (field["aria-describedby"] or "").split() for _, told in page.tags)
        assert (page.having("email")["value"], page.having("user_name")["value"]) == ("eve at example", "é")
        assert page.having("password")["value"] == ""
        assert "short" not in answer.text
        assert who(browser) is None

    @pytest.mark.usefixtures("eve")
    def test_a_name_that_is_taken_is_told(self, soundforge: Api) -> None:
        other = Browser(soundforge)
        assert "is taken" in other.register("other@example.org", PASSWORD, NAME.upper()).text
        answer = other.register(EMAIL, PASSWORD, "Other")
        assert answer.status == 409
        assert Page(answer.text).having("email")["aria-invalid"] == "true"


class TestLogIn:
    def test_in_out_and_in(self, eve: Browser) -> None:
        assert who(eve) == EMAIL
        went(eve.fill("/users/settings", form=-1), "/users/log-in")
        assert who(eve) is None
        page = eve.page("/users/log-in")
        assert "You are logged out." in page.text
        assert "You are logged out." not in eve.page("/users/log-in").text
        went(eve.log_in(EMAIL, PASSWORD), "/studio/")
        assert who(eve) == EMAIL

    def test_the_documents_verb_logs_out_too(self, eve: Browser) -> None:
        secret = eve.secret
        answer = eve.call("DELETE", "/users/log-out", **{cookies.FORM_HEADER: form_token(secret)})
        went(answer, "/users/log-in")
        assert eve.secret != secret
        eve.cookies[cookies.NAME] = secret
        assert who(eve) is None

    @pytest.mark.usefixtures("eve")
    def test_an_unknown_address_and_a_wrong_password_are_answered_alike(self, world: World, soundforge: Api) -> None:
        texts = set()
        for email, password in ((EMAIL, "wrong password"), ("nobody@example.org", PASSWORD), ("no address", PASSWORD)):
            answer = Browser(soundforge).log_in(email, password)
            assert answer.status == 422
            assert Page(answer.text).having("email")["value"] == email
            texts.add(re.sub(r'value="[^"]*"', "", answer.text))
        assert len(texts) == 1

    def test_the_secret_of_before_is_worth_nothing_after(self, eve: Browser, soundforge: Api) -> None:
        victim = Browser(soundforge)
        victim.cookies[cookies.NAME] = planted = new_secret()
        went(victim.log_in(EMAIL, PASSWORD), "/studio/")
        assert victim.secret != planted
        thief = Browser(soundforge)
        thief.cookies[cookies.NAME] = planted
        assert who(thief) is None
        assert who(victim) == EMAIL

    def test_who_logs_in_again_leaves_no_session_behind(self, eve: Browser, soundforge: Api) -> None:
        token, first = form_token(eve.secret), eve.secret
        went(eve.post("/users/log-in", {"_csrf_token": token, "email": EMAIL, "password": PASSWORD}), "/studio/")
        stale = Browser(soundforge)
        stale.cookies[cookies.NAME] = first
        assert who(stale) is None

    def test_who_is_inside_needs_no_form(self, eve: Browser) -> None:
        went(eve.get("/users/log-in?return_to=/studio/jobs"), "/studio/jobs")
        went(eve.get("/users/register"), "/studio/")

    @pytest.mark.parametrize(
        "place",
        ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "/\t/evil", "javascript:alert(1)", "",
         "x", "/%0d%0aset-cookie:a=b\r\nx: y", "/ü", "/" + "x" * 600],
    )  # fmt: skip
    def test_it_goes_on_to_our_own_pages_only(self, eve: Browser, soundforge: Api, place: str) -> None:
        visitor = Browser(soundforge)
        form = visitor.page("/users/log-in").forms[0]
        fields = {**form.fields, "email": EMAIL, "password": PASSWORD, "return_to": place}
        went(visitor.post(form.action, fields), "/studio/")
        went(
            eve.call("GET", "/users/log-in?" + "return_to=" + place.replace("\r", "%0d").replace("\n", "%0a")),
            "/studio/",
        )

    def test_the_way_back_is_kept_over_a_wrong_password(self, eve: Browser, soundforge: Api) -> None:
        visitor = Browser(soundforge)
        answer = visitor.fill("/users/log-in?return_to=/studio/track/1?a=b%26c", email=EMAIL, password="wrong password")
        form = Page(answer.text).forms[0]
        assert form.fields["return_to"] == "/studio/track/1?a=b&c"
        went(visitor.post(form.action, {**form.fields, "password": PASSWORD}), "/studio/track/1?a=b&c")


class TestForgery:
    """No form is taken that does not come from a page of the same session."""

    @pytest.mark.parametrize("path", FORMS)
    @pytest.mark.parametrize("token", ["", "wrong", None])
    def test_a_visitors_forms_need_their_token(
        self, browser: Browser, world: World, path: str, token: str | None
    ) -> None:
        browser.page(path)
        given = form_token(new_secret()) if token is None else token
        fields = {"_csrf_token": given, "email": EMAIL, "password": PASSWORD, "user_name": NAME, "code": "1"}
        answer = browser.post(path, fields)
        assert answer.status == 403
        assert "reload the page" in answer.text
        assert world.passwords.passwords == {}
        assert Page(answer.text).forms[-1].fields["email"] == EMAIL

    def test_a_log_in_cannot_be_forged_for_a_browser_that_was_never_here(self, eve: Browser, soundforge: Api) -> None:
        """The token of the forger's own visit is no good in another's browser."""
        forger, victim = Browser(soundforge), Browser(soundforge)
        token = forger.page("/users/log-in").forms[0].fields["_csrf_token"]
        answer = victim.post("/users/log-in", {"_csrf_token": token, "email": EMAIL, "password": PASSWORD})
        assert answer.status == 403
        assert who(victim) is None

    @pytest.mark.parametrize(("method", "path"), [("DELETE", "/users/log-out"), ("POST", "/users/log-out")])
    def test_nobody_is_logged_out_by_another_site(self, eve: Browser, method: str, path: str) -> None:
        for token in ("", form_token(new_secret())):
            answer = eve.call(method, path, **{cookies.FORM_HEADER: token})
            assert answer.status == 403
            assert who(eve) == EMAIL
        went(eve.post(path, Page(answer.text).forms[0].fields), "/users/log-in")

    def test_links_log_nobody_out(self, eve: Browser) -> None:
        assert eve.get("/users/log-out").status == 405
        assert who(eve) == EMAIL

    def test_a_key_is_no_session(self, world: World, soundforge: Api) -> None:
        ada = world.tenant("ada@example.org")
        answer = soundforge.with_key(f"Bearer {ada.secret}").get("/users/settings")
        went(answer, "/users/log-in?return_to=%2Fusers%2Fsettings")


class TestHostileInput:
    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.parametrize("path", FORMS)
    def test_nothing_that_is_typed_becomes_markup(self, browser: Browser, path: str, text: str) -> None:
        clean = {tag for tag, _ in browser.page(path).tags}
        form = browser.page(path).forms[-1]
        token = form.fields["_csrf_token"]
        names = dict.fromkeys(["email", "user_name", "password", "code", "return_to", "first_name"], text)
        answer = browser.post(path, {"_csrf_token": token, **names})
        assert answer.status in {422, 409}
        page = Page(answer.text)
        assert {tag for tag, _ in page.tags} <= clean
        assert {name for _, told in page.tags for name in told if name.startswith("on")} == set()
        assert page.having("email")["value"] is not None
        assert "<script" not in answer.text

    @pytest.mark.parametrize("text", HOSTILE[:3])
    def test_nor_what_an_address_says(self, browser: Browser, text: str) -> None:
        form = browser.page(f"/users/log-in?return_to={text.replace(' ', '+')}").forms[0]
        assert form.fields["return_to"] == "/studio/"

    def test_a_notice_is_one_of_ours(self, browser: Browser) -> None:
        browser.cookies[NOTICE] = "<b>gift</b>"
        assert "gift" not in browser.get("/users/log-in").text

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"email=%ff", "application/x-www-form-urlencoded", 400),
            (b"email=\xff", "application/x-www-form-urlencoded", 400),
            (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
            (b"a=1&user[a]=2", "application/x-www-form-urlencoded", 400),
            (b"&".join(b"f%d=1" % n for n in range(50)), "application/x-www-form-urlencoded", 400),
            (b"email=" + b"x" * 3000, "application/x-www-form-urlencoded", 400),
            (b"{}", "application/json", 400),
            (b"x", "", 400),
            (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        ],
    )
    def test_what_no_page_of_ours_sends_is_refused(self, browser: Browser, body: bytes, kind: str, status: int) -> None:
        assert browser.call("POST", "/users/log-in", body, content_type=kind).status == status

    @pytest.mark.parametrize("secret", ["", "x", "a" * 44, "<b>", '"', "é"])
    def test_a_cookie_that_is_none_of_ours_is_replaced(self, browser: Browser, secret: str) -> None:
        browser.cookies[cookies.NAME] = secret
        browser.page("/users/log-in")
        assert re.fullmatch(r"[\w-]{43}", browser.secret)


class TestHeaders:
    @pytest.mark.parametrize("path", FORMS)
    def test_a_page_lets_nothing_else_in(self, browser: Browser, path: str) -> None:
        answer = browser.get(path)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert policy == {
            "default-src": "'none'",
            "img-src": "'self'",
            "style-src": f"'sha256-{digest}'",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script|style=|https?://", answer.text)

    @pytest.mark.parametrize("path", FORMS)
    def test_every_field_has_a_label_and_says_what_it_is_for(self, browser: Browser, path: str) -> None:
        page = browser.page(path)
        labels = {told["for"] for tag, told in page.tags if tag == "label"}
        fields = [told for tag, told in page.tags if tag == "input" and told["type"] != "hidden"]
        assert {told["id"] for told in fields} == labels
        assert len(labels) == len(fields)
        assert all(told["autocomplete"] for told in fields)

    def test_the_cookie_of_a_session(self, browser: Browser) -> None:
        browser.page("/users/register")
        for answer in (browser.get("/api/session"), browser.register(EMAIL, PASSWORD, NAME)):
            (cookie,) = (each for each in answer.cookies if each.startswith(f"{cookies.NAME}="))
            assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


class TestScripts:
    """The studio posts the same forms."""

    def test_a_script_is_answered_in_json(self, eve: Browser, soundforge: Api) -> None:
        page = Browser(soundforge)
        token = page.get("/api/session").json()["data"]["csrfToken"]
        told = {"accept": "application/json", cookies.FORM_HEADER: token}
        wrong = page.post("/users/log-in", {"email": EMAIL, "password": "wrong password"}, **told)
        assert (wrong.status, list(wrong.json()["details"])) == (422, ["email"])
        begun = page.post("/users/log-in", {"email": EMAIL, "password": PASSWORD}, **told).json()["data"]
        assert begun["user"]["email"] == EMAIL
        assert begun["csrfToken"] == form_token(page.secret) != token
        told[cookies.FORM_HEADER] = begun["csrfToken"]
        over = page.call("DELETE", "/users/log-out", **told).json()["data"]
        assert (over["user"], over["csrfToken"]) == (None, form_token(page.secret))
        assert page.call("DELETE", "/users/log-out", accept="application/json").status == 403

    def test_the_session_tells_what_the_studio_needs(self, world: World, eve: Browser) -> None:
        told = eve.get("/api/session").json()["data"]
        assert told["csrfToken"] == form_token(eve.secret)
        assert told["stage"] == "test"
        socket = world.services.sockets.open("c", told["socketToken"])
        assert socket.tenant_id == told["user"]["id"]

    def test_a_visitor_has_a_token_and_no_socket(self, browser: Browser) -> None:
        told = browser.get("/api/session").json()["data"]
        assert (told["user"], told["socketToken"]) == (None, None)
        assert told["csrfToken"] == form_token(browser.secret)
        secret = browser.secret
        browser.get("/api/session")
        assert browser.secret == secret

    def test_a_key_has_a_session_too(self, world: World, soundforge: Api) -> None:
        assert soundforge.get("/api/session").json()["data"]["user"]["email"] == "ada@example.org"
        assert soundforge.with_key("Bearer pb_wrong").get("/api/session").status == 401


class TestForgottenPassword:
    def test_by_a_mailed_code(self, world: World, eve: Browser, soundforge: Api) -> None:
        other = Browser(soundforge)
        went(other.fill("/users/reset-password", form=0, email=EMAIL), "/users/reset-password")
        assert "If somebody registered" in other.page("/users/reset-password").text
        ((address, code),) = world.passwords.mailed
        assert address == EMAIL
        wrong = other.fill("/users/reset-password", form=1, email=EMAIL, code="1", password="another password")
        assert Page(wrong.text).having("code")["aria-invalid"] == "true"
        right = other.fill("/users/reset-password", form=1, email=EMAIL, code=code, password="another password")
        went(right, "/users/log-in")
        assert who(eve) is None
        went(other.log_in(EMAIL, "another password"), "/studio/")

    def test_nobody_learns_who_is_registered(self, eve: Browser, soundforge: Api) -> None:
        told = [
            Browser(soundforge).fill("/users/reset-password", form=0, email=each)
            for each in (EMAIL, "no@example.org", "x")
        ]
        assert len({(answer.status, answer.text, answer.headers["location"]) for answer in told}) == 1


class TestLimits:
    @pytest.fixture
    def world(self, monkeypatch: pytest.MonkeyPatch) -> World:
        made = World(Settings(stage="test", rate_limit_scale=1))
        monkeypatch.setattr(bootstrap, "services", lambda: made.services)
        return made

    def test_passwords_cannot_be_guessed(self, world: World, loop: None) -> None:
        browser = Browser(Api(lambda_handler(DIALECT)))
        world.services.people.register(EMAIL, PASSWORD, NAME)
        form = browser.page("/users/log-in").forms[0]
        for _ in range(TRIES.requests):
            assert (
                browser.post(form.action, {**form.fields, "email": EMAIL, "password": "wrong password"}).status == 422
            )
        refused = browser.post(form.action, {**form.fields, "email": f" {EMAIL.upper()} ", "password": PASSWORD})
        assert refused.status == 429
        assert 0 < int(refused.headers["retry-after"]) <= TRIES.window_s
        assert "too many tries" in refused.text.lower()
        other = browser.post(form.action, {**form.fields, "email": "other@example.org", "password": PASSWORD})
        assert other.status == 422
        world.clock.advance(seconds=TRIES.window_s)
        went(browser.post(form.action, {**form.fields, "email": EMAIL, "password": PASSWORD}), "/studio/")
