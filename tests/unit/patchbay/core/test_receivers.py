"""One attempt: what is sent, and how its answer is read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.receivers import TIMEOUT_S, attempt, retry_after_s
from patchbay.domain.webhooks import Attempt, SigningSecret, new_signing_secret, signature
from patchbay.ports import WebAnswer
from tests.fakes.clock import FakeClock
from tests.fakes.web import FakeWeb

URL = "https://receiver.example/hook"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = SigningSecret(current=new_signing_secret())


def made(answer: WebAnswer | str) -> tuple[Attempt, float | None]:
    web = FakeWeb()
    web.receivers[URL] = [answer]
    return attempt(web, FakeClock(NOW), URL, "msg", b"{}", SECRET)


def test_the_request() -> None:
    web = FakeWeb()
    told, wait = attempt(web, FakeClock(NOW), URL, "msg", b"{}", SECRET)
    assert (told.taken, told.status, told.error, wait) == (True, 200, None, None)
    ((url, body, headers),) = web.posts
    timestamp = int(NOW.timestamp())
    assert (url, body) == (URL, b"{}")
    assert headers == {
        "content-type": "application/json",
        "webhook-id": "msg",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature([SECRET.current], "msg", timestamp, b"{}"),
    }
    assert TIMEOUT_S == 15


def test_no_answer_is_told_in_few_words() -> None:
    told, wait = made("x" * 5000)
    assert (told.taken, told.status, wait) == (False, None, None)
    assert told.error == "x" * 500


@pytest.mark.parametrize("status", [301, 410, 429, 500])
def test_an_answer_that_is_not_2xx(status: int) -> None:
    told, wait = made(WebAnswer(status, "120"))
    assert (told.taken, told.status, wait) == (False, status, 120.0)
    assert str(status) in (told.error or "")


def test_who_takes_it_asks_for_no_pause() -> None:
    assert made(WebAnswer(202, "120"))[1] is None


@pytest.mark.parametrize(
    ("given_", "wait"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Fri, 02 Jan 2026 04:05:05 +0100", 60.0),
        ("Fri, 02 Jan 2025 03:04:05 GMT", 0.0),
        *[(none, None) for none in (None, "", "soon", "-5", "1.5", "1e3", "\u0663", "9" * 30, "Fri, 99 Jan 2026")],
        ("Fri, 02 Jan 2026 03:05:05 -0000", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(given_: str | None, wait: float | None) -> None:
    assert retry_after_s(given_, NOW) == wait


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d .{0,6}"))
def test_nothing_that_a_receiver_says_breaks_it(text: str) -> None:
    wait = retry_after_s(text, NOW)
    assert wait is None or wait >= 0
