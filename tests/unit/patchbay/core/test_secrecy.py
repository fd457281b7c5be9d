"""What may stand in a log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.secrecy import redacted
from patchbay.domain.users import new_secret
from patchbay.domain.webhooks import new_signing_secret

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.mark.parametrize("secret", [new_secret(), new_signing_secret(), TOKEN], ids=["key", "signing", "token"])
@pytest.mark.parametrize("form", ["{}", '{{"key": "{}"}}', "Authorization: Bearer {}", "a {}, b", "https://u:{}@h/p"])
def test_secrets_are_hidden_wherever_they_stand(secret: str, form: str) -> None:
    assert secret not in redacted(form.format(secret))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://bucket.s3.amazonaws.com/uploads/my%20song.wav?X-Amz-Signature=abc&x=1", "bucket.s3.amazonaws.com"),
        ("http://user:password@example.org:8080/private/path#part", "example.org:8080"),
        ("http://user:pass@password@example.org/private", "example.org"),
        ("HTTPS://example.org", "example.org"),
    ],
)
def test_of_an_address_only_its_host_is_shown(address: str, shown: str) -> None:
    found = redacted(f"could not fetch {address}: refused")
    assert shown in found
    assert found.endswith(" refused")
    for part in ("song", "Signature", "password", "private", "part"):
        assert part not in found


@pytest.mark.parametrize(
    "text", ["job 019c1b0e-0d9a-7000-8000-000000000000 is over", '{"seconds": 1.5, "route": "/v1/job/{job_id}"}', ""]
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


@given(
    st.dictionaries(st.text(), st.text()), st.sampled_from(["https://a/b?c=d", "pb_0123456789abcdefghijklmnop", TOKEN])
)
def test_a_line_of_json_stays_one(told: dict[str, str], secret: str) -> None:
    found = redacted(json.dumps({**told, "message": f"x {secret} y", "last": 1}))
    assert json.loads(found)["last"] == 1
    assert secret not in found
