import base64
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.twin.post_policy import Form, boundary_of, check_size, read_form, verify_form, write_form
from infra.twin.sigv4 import Credentials, Refused, sign_text

OURS = Credentials("000000000000", "secret")
NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def fields(conditions: list[Any], expiration: str = "2026-05-01T12:15:00Z", **more: str) -> dict[str, str]:
    signing = {
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "000000000000/20260501/us-east-1/s3/aws4_request",
        "x-amz-date": "20260501T120000Z",
    }
    document = {"expiration": expiration, "conditions": [*conditions, *({n: v} for n, v in signing.items())]}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    return {**signing, "policy": policy, "x-amz-signature": sign_text(OURS, "20260501", policy), **more}


def refusal(given_fields: dict[str, str]) -> str:
    with pytest.raises(Refused) as caught:
        verify_form(OURS, "media", given_fields, NOW)
    return f"{caught.value.code}: {caught.value.message}"


def test_takes_a_form_that_keeps_to_its_policy() -> None:
    conditions = [{"bucket": "media"}, ["starts-with", "$key", "t1/"], ["content-length-range", 1, 9]]
    assert verify_form(OURS, "media", fields(conditions, key="t1/a"), NOW) == (1, 9)


@pytest.mark.parametrize(
    ("conditions", "more", "error"),
    [
        (
            [["starts-with", "$key", "t1/"]],
            {"key": "t2/a"},
            "AccessDenied: Invalid according to Policy: Policy Condition",
        ),
        ([["eq", "$key", "t1/a"]], {"key": "t1/ab"}, "AccessDenied: Invalid according to Policy: Policy Condition"),
        (
            [{"key": "a"}, {"bucket": "other"}],
            {"key": "a"},
            "AccessDenied: Invalid according to Policy: Policy Condition",
        ),
        (
            [{"key": "a"}, {"acl": "private"}],
            {"key": "a"},
            "AccessDenied: Invalid according to Policy: Policy Condition",
        ),
        ([{"key": "a"}], {"key": "a", "acl": "public-read"}, "AccessDenied: Invalid according to Policy: Extra input"),
        ([{"key": "a"}, ["in", "$key", "a"]], {"key": "a"}, "InvalidPolicyDocument"),
        ([{"key": "a"}, ["content-length-range", "1", 2]], {"key": "a"}, "InvalidPolicyDocument"),
        ([{"key": "a"}], {}, "InvalidArgument"),
    ],
)
def test_refuses_what_the_policy_does_not_allow(conditions: list[Any], more: dict[str, str], error: str) -> None:
    assert refusal(fields(conditions, **more)).startswith(error)


def test_refuses_unsigned_and_stale_forms() -> None:
    good = fields([{"key": "a"}], key="a")
    assert refusal({"key": "a"}).startswith("AccessDenied")
    assert refusal({**good, "x-amz-signature": "0" * 64}).startswith("SignatureDoesNotMatch")
    assert refusal({**good, "x-amz-signature": "\u00fc"}).startswith("SignatureDoesNotMatch")
    assert refusal(fields([{"key": "a"}], expiration="2026-05-01T12:00:00.000Z", key="a")).endswith("Policy expired.")
    assert refusal(fields([{"key": "a"}], expiration="soon", key="a")).startswith("InvalidPolicyDocument")


def test_ignored_fields_need_no_condition() -> None:
    assert verify_form(OURS, "media", fields([{"key": "a"}], key="a", **{"x-ignore-me": "1"}), NOW)[0] == 0


@pytest.mark.parametrize(("size", "code"), [(0, "EntityTooSmall"), (1, None), (9, None), (10, "EntityTooLarge")])
def test_size_range_includes_its_ends(size: int, code: str | None) -> None:
    if code is None:
        check_size(size, 1, 9)
        return
    with pytest.raises(Refused) as caught:
        check_size(size, 1, 9)
    assert caught.value.code == code


names = st.text(st.characters(codec="ascii", categories=["L", "N"], max_codepoint=0x7A), min_size=1).map(str.lower)
values = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]))


@given(st.dictionaries(names.filter(lambda name: name != "file"), values), st.binary(max_size=50))
def test_a_form_written_is_read_again(form_fields: dict[str, str], content: bytes) -> None:
    form = Form(form_fields, 0, "song.wav", "audio/wav")
    before, after = write_form(form, "edge")
    found = read_form(before + content + after, b"--edge")
    assert found == Form(form_fields, len(before), "song.wav", "audio/wav")


def test_form_is_not_read_before_the_file_begins() -> None:
    before, _ = write_form(Form({"key": "a", "policy": "p"}, 0, "x", ""), "edge")
    assert all(read_form(before[:length], b"--edge") is None for length in range(len(before)))


def test_a_file_name_is_no_field_name() -> None:
    head = b'--edge\r\nContent-Disposition: form-data; filename="key"; name="file"\r\n\r\n'
    assert read_form(head, b"--edge") == Form({}, len(head), "key", "")


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [('multipart/form-data; boundary="a b"', b"--a b"), ("Multipart/Form-Data; charset=x; boundary=ab", b"--ab")],
)
def test_boundary(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


def test_other_bodies_are_no_form() -> None:
    with pytest.raises(Refused):
        boundary_of("application/json")
