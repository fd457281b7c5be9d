"""A browser at the twin's one address: the studio's files, the forms, and the cookie in all languages and processes."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Live

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]
BUILT_S = 240
EMAIL, PASSWORD = "eve@example.org", "correct horse battery"


@pytest.fixture
def browser(live: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live.base_url, verify=live.tls, timeout=60, trust_env=False) as made:
        yield made


def token_of(page: httpx.Response) -> str:
    """The token of a page's first form."""
    found = re.search('name="_csrf_token" value="([^"]+)"', page.raise_for_status().text)
    assert found
    return found[1]


def session(browser: httpx.Client) -> Any:
    return browser.get("/api/session").raise_for_status().json()["data"]


def send(browser: httpx.Client, path: str, **typed: str) -> httpx.Response:
    return browser.post(path, data={"_csrf_token": token_of(browser.get(path)), **typed})


def test_the_studio_is_built_and_served(browser: httpx.Client) -> None:
    first = browser.get("/")
    assert (first.status_code, first.headers["location"]) == (302, "/studio/")
    ends_s = time.monotonic() + BUILT_S
    while (page := browser.get("/studio/")).status_code == 503 and time.monotonic() < ends_s:
        time.sleep(1)
    assert page.status_code == 200, page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    scripts = re.findall(r'(?:src|href)="(/studio/assets/[^"]+)"', page.text)
    assert scripts
    for script in scripts:
        given = browser.get(script).raise_for_status()
        assert "immutable" in given.headers["cache-control"]
        assert browser.get(script, headers={"if-none-match": given.headers["etag"]}).status_code == 304


def test_from_the_registration_to_the_log_out(browser: httpx.Client, song: Path) -> None:
    begun = send(browser, "/users/register", email=EMAIL, password=PASSWORD, user_name="Eve")
    assert (begun.status_code, begun.headers["location"]) == (303, "/studio/")
    told = session(browser)
    assert told["user"]["email"] == EMAIL
    token = {"x-csrf-token": told["csrfToken"]}
    # Each language's own Lambda, and the ingest service, know the cookie.
    assert browser.get("/patchbay/v1/me").raise_for_status().json()["user"]["email"] == EMAIL
    assert browser.post("/api/tracks", json={"title": "Song"}).status_code == 403
    assert browser.post("/api/tracks", json={"title": "Song"}, headers=token).status_code == 201
    files = {"file": ("song.wav", song.read_bytes(), "audio/wav")}
    assert browser.post("/sample/audio", files=files).status_code == 403
    assert browser.post("/sample/audio", files=files, headers=token).status_code == 201
    assert "Eve" in browser.get("/users/settings").raise_for_status().text
    over = browser.request("DELETE", "/users/log-out", headers=token)
    assert (over.status_code, over.headers["location"]) == (303, "/users/log-in")
    assert browser.get("/patchbay/v1/me").status_code == 401
    page = browser.get("/users/log-in")
    assert "You are logged out." in page.text
    back = browser.post("/users/log-in", data={"_csrf_token": token_of(page), "email": EMAIL, "password": PASSWORD})
    assert back.status_code == 303
    assert session(browser)["user"]["email"] == EMAIL


def test_a_new_password_ends_the_sessions_of_other_browsers(live: Live, browser: httpx.Client) -> None:
    send(browser, "/users/register", email="ben@example.org", password=PASSWORD, user_name="Ben")
    fields = {"action": "update_password", "current_password": PASSWORD, "password": "another password"}
    with httpx.Client(base_url=live.base_url, verify=live.tls, timeout=60, trust_env=False) as other:
        send(other, "/users/log-in", email="ben@example.org", password=PASSWORD)
        assert session(other)["user"]
        assert send(browser, "/users/settings", **fields).status_code == 303
        assert session(browser)["user"]
        assert session(other)["user"] is None
