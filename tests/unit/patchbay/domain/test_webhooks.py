"""Signatures against the reference implementation, and what becomes of a notice after each answer."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from patchbay.domain import webhooks
from patchbay.domain.webhooks import (
    DELAYS_S,
    EVENT_TYPES,
    ROTATION,
    Attempt,
    Endpoint,
    Notice,
    NoticeState,
    SigningSecret,
    attempted,
    new_signing_secret,
    signature,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY = '{"type":"job.succeeded","name":"Größe ♫"}'.encode()


def signed(secrets: list[str], *, at: float | None = None, body: bytes = BODY) -> dict[str, str]:
    timestamp = int(time.time() if at is None else at)
    told = signature(secrets, "msg_1", timestamp, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), "webhook-signature": told}


def test_the_reference_implementation_takes_our_signature() -> None:
    secret = new_signing_secret()
    told: Any = Webhook(secret).verify(BODY, signed([secret]))
    assert told["type"] == "job.succeeded"


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, BODY.replace(b"succeeded", b"failed")),
        ({}, BODY + b" "),
        ({"webhook-id": "msg_2"}, BODY),
        ({"webhook-timestamp": str(int(time.time()) + 60)}, BODY),
        ({"webhook-signature": "v1," + "A" * 43 + "="}, BODY),
    ],
)
def test_what_was_tampered_with_is_refused(changed: dict[str, str], body: bytes) -> None:
    secret = new_signing_secret()
    headers = {**signed([secret], at=time.time() - 1), **changed}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_an_old_report_cannot_be_played_again() -> None:
    secret = new_signing_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, signed([secret], at=time.time() - 600))


def test_another_ones_secret_does_not_fit() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(new_signing_secret()).verify(BODY, signed([new_signing_secret()]))


def test_secrets_have_256_bits_and_never_come_twice() -> None:
    made = {new_signing_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(secret.startswith("whsec_") and len(secret) == len("whsec_") + 44 for secret in made)


def test_both_secrets_sign_for_a_day_after_a_rotation_and_then_one() -> None:
    old, new = new_signing_secret(), new_signing_secret()
    rotated = SigningSecret(current=old).rotated(new, NOW)
    last = NOW + ROTATION - timedelta(seconds=1)
    assert timedelta(hours=24) == ROTATION
    assert rotated.valid(NOW) == rotated.valid(last) == (new, old)
    for secret in (old, new):
        Webhook(secret).verify(BODY, signed(list(rotated.valid(last))))
    after = signed(list(rotated.valid(NOW + ROTATION)))
    Webhook(new).verify(BODY, after)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(BODY, after)


def test_of_several_rotations_each_leaves_its_secret_good_for_a_day_of_its_own() -> None:
    secrets = [new_signing_secret() for _ in range(3)]
    later = NOW + timedelta(hours=10)
    rotated = SigningSecret(current=secrets[0]).rotated(secrets[1], NOW).rotated(secrets[2], later)
    assert rotated.valid(later) == (secrets[2], secrets[1], secrets[0])
    assert rotated.valid(NOW + ROTATION) == (secrets[2], secrets[1])
    assert rotated.valid(later + ROTATION) == (secrets[2],)


# -- who wants what ---------------------------------------------------------------------------------------------------


def endpoint(*events: str, **more: Any) -> Endpoint:
    return Endpoint(id="e", tenant_id="t", url="https://r.example/", events=events, created_at=NOW, **more)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (("*",), set(EVENT_TYPES)),
        (("job.*",), {name for name in EVENT_TYPES if name.startswith("job.")} | {"ping"}),
        (("asset.ready",), {"asset.ready", "ping"}),
        (("job.failed", "asset.*"), {"job.failed", "asset.ready", "asset.rejected", "ping"}),
    ],
)
def test_an_endpoint_gets_what_it_asked_for(asked: tuple[str, ...], wanted: set[str]) -> None:
    everything = {*EVENT_TYPES, "job.progressed", "asset.awaited", "jobs.succeeded", ""}
    assert {name for name in everything if endpoint(*asked).wants(name)} == wanted
    assert not any(endpoint(*asked, disabled_at=NOW).wants(name) for name in everything)


# -- after an attempt -------------------------------------------------------------------------------------------------


def notice(**changes: Any) -> Notice:
    times = {"created_at": NOW, "due_at": NOW, "queued_until": NOW}
    return Notice(id="n", tenant_id="t", event={}, url="https://r.example/", **{**times, **changes})


def after(status: int | None, given: Notice | None = None, retry_after_s: float | None = None) -> Notice:
    error = "no answer" if status is None else None
    made = Attempt(at=NOW, status=status, error=error)
    return attempted(given or notice(busy_until=NOW), made, retry_after_s=retry_after_s, now=NOW, chance=0.0)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_takes_it(status: int) -> None:
    done = after(status)
    assert (done.state, done.tries, done.ended_at, done.busy_until) == (NoticeState.DELIVERED, 1, NOW, None)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 304, 307, 400, 401, 404, 429, 500, 503, 599])
def test_nothing_else_does(status: int | None) -> None:
    done = after(status)
    assert (done.state, done.tries, done.due_at) == (NoticeState.PENDING, 1, NOW + timedelta(seconds=5))


def test_410_ends_it() -> None:
    done = after(410)
    assert done.state is NoticeState.DEAD
    assert "410" in (done.reason or "")


def test_the_waits_are_the_documented_ones_and_then_it_is_given_up() -> None:
    assert DELAYS_S == (0, 5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
    found, waits = notice(), [0.0]
    while (found := after(500, found)).state is NoticeState.PENDING:
        waits.append((found.due_at - NOW).total_seconds())
    assert tuple(waits) == DELAYS_S
    assert (found.state, found.tries) == (NoticeState.DEAD, len(DELAYS_S))


@given(tries=st.integers(0, len(DELAYS_S) - 2), chance=st.floats(0, 1), retry_after_s=st.none() | st.floats(0, 1e9))
def test_no_wait_is_shorter_than_planned_or_longer_than_a_day_and_the_jitter(
    tries: int, chance: float, retry_after_s: float | None
) -> None:
    made = Attempt(at=NOW, status=503)
    done = attempted(notice(tries=tries), made, retry_after_s=retry_after_s, now=NOW, chance=chance)
    wait_s = (done.due_at - NOW).total_seconds()
    assert DELAYS_S[tries + 1] <= wait_s + 1e-3
    assert wait_s <= 86_400 * (1 + webhooks.JITTER)
    if retry_after_s is not None:
        assert wait_s + 1e-3 >= min(retry_after_s, webhooks.LONGEST_RETRY_AFTER_S)


def test_attempts_are_kept_up_to_a_number() -> None:
    found = notice()
    for n in range(100):
        found = after(500, found.model_copy(update={"tries": 0, "attempts": (*found.attempts,)}))
        assert len(found.attempts) == min(n + 1, webhooks.ATTEMPTS_KEPT)


def test_a_replayed_notice_begins_again_under_its_old_id() -> None:
    dead = after(410)
    again = webhooks.replayed(dead, NOW + timedelta(days=2))
    assert (again.id, again.state, again.tries, again.reason, again.ended_at) == (
        "n",
        NoticeState.PENDING,
        0,
        None,
        None,
    )
    assert again.due_at == NOW + timedelta(days=2)
    assert again.attempts == dead.attempts
