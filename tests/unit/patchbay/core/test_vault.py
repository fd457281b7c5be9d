"""What is sealed comes back to whom it is, and to nobody else."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.vault import KEY_BYTES, Vault, WrongKey, parse_keys
from patchbay.domain.errors import NotConfigured, Unavailable

KEY, OLDER = bytes(range(KEY_BYTES)), bytes(KEY_BYTES)
VAULT = Vault((KEY,))


@given(st.text(), st.text(max_size=40), st.text(max_size=2000))
def test_what_is_sealed_comes_back(tenant: str, name: str, text: str) -> None:
    try:
        text.encode(), tenant.encode(), name.encode()
    except UnicodeEncodeError:
        return
    sealed = VAULT.seal(tenant, name, text)
    assert VAULT.open(tenant, name, sealed) == text
    assert not VAULT.stale(sealed)


def test_no_two_are_alike_and_none_shows_its_text() -> None:
    found = {VAULT.seal("t", "n", "the secret") for _ in range(20)}
    assert len(found) == 20
    assert not any("secret" in each or base64.b64encode(b"the secret").decode()[:8] in each for each in found)
    assert "KEY" not in repr(VAULT)
    assert repr(KEY) not in repr(VAULT)


@pytest.mark.parametrize(("tenant", "name"), [("u", "n"), ("t", "m"), ("tn", ""), ("", "tn")])
def test_it_opens_in_its_own_place_only(tenant: str, name: str) -> None:
    with pytest.raises(Unavailable, match="give it again"):
        VAULT.open(tenant, name, VAULT.seal("t", "n", "secret"))


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_seen(place: int, change: int) -> None:
    version, key, data = VAULT.seal("t", "n", "a secret").split(".")
    raw = bytearray(base64.urlsafe_b64decode(data))
    raw[place % len(raw)] ^= change
    with pytest.raises(Unavailable):
        VAULT.open("t", "n", f"{version}.{key}.{base64.urlsafe_b64encode(raw).decode()}")


@pytest.mark.parametrize("sealed", ["", "v1", "v1..", "v2.0000000000000000.AAAA", "v1.0000000000000000.AAAA", "plain"])
def test_what_was_never_sealed(sealed: str) -> None:
    with pytest.raises(Unavailable):
        VAULT.open("t", "n", sealed)
    assert VAULT.stale(sealed)


def test_too_short_to_hold_anything() -> None:
    head = VAULT.seal("t", "n", "x").rpartition(".")[0]
    for data in ("AAAA", "A", "AA=="):
        with pytest.raises(Unavailable):
            VAULT.open("t", "n", f"{head}.{data}")


def test_keys_are_changed_without_a_loss() -> None:
    old = Vault((OLDER,)).seal("t", "n", "secret")
    both = Vault((KEY, OLDER))
    assert both.open("t", "n", old) == "secret"
    assert both.stale(old)
    new = both.seal("t", "n", "secret")
    assert not both.stale(new)
    assert VAULT.open("t", "n", new) == "secret"
    with pytest.raises(Unavailable):
        VAULT.open("t", "n", old)


def test_without_a_key_nothing_is_kept() -> None:
    with pytest.raises(NotConfigured, match="PATCHBAY_VAULT_KEY"):
        Vault(()).seal("t", "n", "secret")


def test_keys_as_a_setting_has_them() -> None:
    first, second = secrets.token_bytes(KEY_BYTES), b"\xff" * KEY_BYTES
    plain, safe = base64.b64encode(first).decode(), base64.urlsafe_b64encode(second).decode()
    assert parse_keys(f" {plain} , {safe},") == (first, second)
    assert parse_keys("") == ()
    for wrong in ("short", base64.b64encode(b"x" * 31).decode(), "é" * 44, "=" * 44):
        with pytest.raises(WrongKey, match="32 random bytes"):
            parse_keys(wrong)
