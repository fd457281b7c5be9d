"""Requests that are signed by hand: for whom, and that the signature is of what is sent."""

import pytest
from botocore.credentials import Credentials

from patchbay.adapters.aws import signing

URL = "https://xray.eu-central-1.amazonaws.com/v1/traces"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (URL, "eu-central-1"),
        ("https://xray.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://xray.us-east-1.api.aws/v1/traces", "us-east-1"),
        ("http://localhost:4318", None),
        ("https://xray.eu-central-1.amazonaws.com.example.org", None),
        ("https://example.org/xray.eu-central-1.amazonaws.com", None),
        ("https://not-xray.eu-central-1.amazonaws.com", None),
    ],
)
def test_only_x_ray_itself_is_signed_for(url: str, region: str | None) -> None:
    assert signing.xray_region(url) == region


def test_a_signature_is_of_the_body_and_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_credentials", lambda: Credentials("testing", "secret", "session"))
    sign = signing.signer("xray", "eu-central-1")
    one, other = (sign(URL, body, {"content-type": "application/json"}) for body in (b"{}", b"{ }"))
    assert one["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=testing/")
    assert "/eu-central-1/xray/aws4_request" in one["Authorization"]
    assert one["X-Amz-Security-Token"] == "session"
    assert one["content-type"] == "application/json"
    assert one["Authorization"].rpartition("=")[2] != other["Authorization"].rpartition("=")[2]
