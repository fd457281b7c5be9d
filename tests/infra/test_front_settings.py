"""What is asked of the settings of a stage's front."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.front_settings import check_domain
from infra.stage import stage

UUID = "01234567-0123-0123-0123-0123456789ab"
CERTIFICATE = f"arn:aws:acm:us-east-1:123456789012:certificate/{UUID}"
WEB_ACL = f"arn:aws:wafv2:us-east-1:123456789012:global/webacl/mine/{UUID}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"DOMAIN": "music.example.org"}, "set PATCHBAY_CERTIFICATE, or PATCHBAY_HOSTED_ZONE"),
        ({"DOMAIN": "Music.example.org", "HOSTED_ZONE": "Z1"}, "PATCHBAY_DOMAIN must be a host's name"),
        ({"DOMAIN": "https://a.example.org", "HOSTED_ZONE": "Z1"}, "PATCHBAY_DOMAIN must be a host's name"),
        ({"DOMAIN": "a.example.org", "HOSTED_ZONE": "/hostedzone/Z1"}, "PATCHBAY_HOSTED_ZONE must be the id"),
        ({"DOMAIN": "a.example.org", "CERTIFICATE": "x"}, "PATCHBAY_CERTIFICATE must be the ARN"),
        (
            {"DOMAIN": "a.example.org", "CERTIFICATE": CERTIFICATE.replace("us-east-1", "eu-central-1")},
            "PATCHBAY_CERTIFICATE is of eu-central-1; CloudFront takes it from us-east-1 alone",
        ),
        ({"CERTIFICATE": CERTIFICATE}, "set that too"),
        ({"HOSTED_ZONE": "Z1"}, "set that too"),
        ({"WEB_ACL": WEB_ACL.replace("us-east-1", "eu-central-1")}, "PATCHBAY_WEB_ACL is of eu-central-1"),
        ({"WEB_ACL": WEB_ACL.replace("global", "regional")}, "web ACL of global scope"),
        ({"WEB_ACL": WEB_ACL, "WAF_REQUESTS": "2000"}, "a web ACL of your own"),
        ({"WAF_REQUESTS": "9"}, "PATCHBAY_WAF_REQUESTS must be 0 or at least 10"),
        ({"WAF_REQUESTS": "-1"}, "PATCHBAY_WAF_REQUESTS"),
        ({"INGEST_MIN": "3", "INGEST_MAX": "2"}, "set the former to 2 or less"),
        ({"INGEST_MAX": "101"}, "PATCHBAY_INGEST_MAX"),
        ({"FRONT_OBJECTS": "true"}, "set PATCHBAY_PUBLIC_URL"),
    ],
)
def test_what_cannot_be_is_told_with_the_way_out(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        stage("prod", {f"PATCHBAY_{name}": value for name, value in given.items()})


@pytest.mark.parametrize("name", ["DOMAIN", "WEB_ACL", "WAF_REQUESTS", "INGEST_MAX", "FRONT_OBJECTS"])
def test_the_twin_has_a_front_of_its_own(name: str) -> None:
    values = {"DOMAIN": "a.example.org", "WEB_ACL": WEB_ACL, "WAF_REQUESTS": "100", "INGEST_MAX": "1"}
    given = {f"PATCHBAY_{name}": values.get(name, "true"), "PATCHBAY_HOSTED_ZONE": "Z1" if name == "DOMAIN" else ""}
    with pytest.raises(ValueError, match=f"PATCHBAY_{name} is for stages in the cloud"):
        stage("twin", given)


def test_a_stage_is_known_by_its_own_name() -> None:
    given = {"PATCHBAY_DOMAIN": "a.example.org", "PATCHBAY_CERTIFICATE": CERTIFICATE}
    assert stage("prod", given).public_url == "https://a.example.org"
    other = stage("prod", {**given, "PATCHBAY_PUBLIC_URL": "https://b.example.org"})
    assert other.public_url == "https://b.example.org"
    assert stage("prod", {**given, "PATCHBAY_FRONT_OBJECTS": "true"}).front_objects


def test_a_stage_has_none_of_it_unless_it_is_asked_for() -> None:
    for name in ("dev", "prod"):
        chosen = stage(name, {})
        assert (chosen.domain, chosen.web_acl, chosen.waf_requests) == ("", "", 0)
        assert (chosen.front_objects, chosen.ingest_max) == (False, 0)
    assert stage("prod", {"PATCHBAY_INGEST_MAX": "1"}).ingest_min == 1, "who asks for the service finds it awake"


@given(st.text(alphabet="aZ9-. /*$:{}", min_size=1, max_size=40))
def test_a_name_is_a_hosts_or_refused(name: str) -> None:
    """It becomes part of templates, where braces and stars would mean more than themselves."""
    try:
        check_domain(name, CERTIFICATE, "")
    except ValueError:
        return
    assert set(name) <= set("a9-.")
    assert "." in name
    assert not any(label.startswith("-") or label.endswith("-") or not label for label in name.split("."))
