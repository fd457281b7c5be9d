"""The one address of a stage in the cloud, and what runs at its edge."""

import json
from typing import Any

import pytest

from functions.http.cookies import FORM_HEADER
from functions.http.limits import DOOR_HEADER as KNOWN_HEADER
from functions.http.limits import VIEWER_HEADER
from infra.constructs import environment
from infra.constructs.studio_headers import headers
from infra.stacks.ingest import DOOR_HEADER
from infra.stacks.sockets import STAGE
from infra.stage import stage
from tests.support.edge import request, run
from tests.support.templates import _made, resources, templates

CLOUD = ("dev", "prod")


def distribution(name: str) -> dict[str, Any]:
    (found,) = resources(name, "AWS::CloudFront::Distribution").values()
    told: dict[str, Any] = found["DistributionConfig"]
    return told


def behaviours(name: str) -> dict[str, dict[str, Any]]:
    told = distribution(name)
    return {"": told["DefaultCacheBehavior"], **{each["PathPattern"]: each for each in told["CacheBehaviors"]}}


def test_the_twin_has_its_front_door_instead() -> None:
    assert "Studio" not in templates("twin")


@pytest.mark.parametrize("name", CLOUD)
def test_each_path_leads_to_its_own_place(name: str) -> None:
    origins = {each["Id"]: json.dumps(each) for each in distribution(name)["Origins"]}
    leads = {path: origins[told["TargetOriginId"]] for path, told in behaviours(name).items()}
    assert set(leads) == {"", "/studio/*", "/studio/assets/*", "/socket/*"}
    assert "execute-api" in leads[""]
    assert "execute-api" in leads["/socket/*"]
    assert leads[""] != leads["/socket/*"]
    assert leads["/studio/*"] == leads["/studio/assets/*"]
    assert "OriginAccessControlId" in leads["/studio/*"]
    order = [each["PathPattern"] for each in distribution(name)["CacheBehaviors"]]
    assert order.index("/studio/assets/*") < order.index("/studio/*")


@pytest.mark.parametrize("name", CLOUD)
def test_nothing_travels_in_plain_text_and_no_answer_of_the_api_is_kept(name: str) -> None:
    off = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's own id of CachingDisabled
    for path, told in behaviours(name).items():
        kept = path == "/studio/assets/*"
        assert told["ViewerProtocolPolicy"] in {"https-only", "redirect-to-https"}
        assert (told["CachePolicyId"] == off) is not kept
    for origin in distribution(name)["Origins"]:
        if "CustomOriginConfig" in origin:
            assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


@pytest.mark.parametrize("name", CLOUD)
def test_only_the_distribution_reads_the_pages(name: str) -> None:
    (policy,) = (each for key, each in resources(name, "AWS::S3::BucketPolicy").items() if key.startswith("Studio/"))
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert [each["Action"] for each in allowed] == ["s3:GetObject"]
    assert allowed[0]["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "AWS:SourceArn" in json.dumps(allowed[0]["Condition"])


@pytest.mark.parametrize("name", CLOUD)
def test_pages_are_held_to_what_the_twins_are(name: str) -> None:
    policies = resources(name, "AWS::CloudFront::ResponseHeadersPolicy").items()
    of_pages = {key: found for key, found in policies if "ApiHeaders" not in key}
    assert len(of_pages) == 2
    for key, found in of_pages.items():
        told = found["ResponseHeadersPolicyConfig"]
        security = told["SecurityHeadersConfig"]
        policy = json.dumps(security["ContentSecurityPolicy"]["ContentSecurityPolicy"])
        wanted = headers("OBJECTS")["content-security-policy"]
        for part in wanted.split("; "):
            assert part.split(" OBJECTS")[0] in policy, part
        assert security["ContentTypeOptions"]["Override"] is True
        assert security["ReferrerPolicy"]["ReferrerPolicy"] == headers()["referrer-policy"]
        assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31536000
        own = {each["Header"]: each["Value"] for each in told["CustomHeadersConfig"]["Items"]}
        assert own["cross-origin-opener-policy"] == "same-origin"
        assert ("immutable" in own["cache-control"]) is ("Assets" in key)


def test_secrets_are_named_and_not_told() -> None:
    assert environment.of_accounts(stage("prod", {})) == environment.of_secrets(stage("prod", {})) == {}
    chosen = stage("prod", {"PATCHBAY_SECRETS": "patchbay/prod"})
    told = {**environment.of_accounts(chosen), **environment.of_secrets(chosen)}
    assert told == {"PATCHBAY_SECRETS": "patchbay/prod"}
    assert environment.door(chosen) == "{{resolve:secretsmanager:patchbay/prod:SecretString:door_secret}}"
    assert environment.doors(chosen) == [environment.door(chosen)]
    assert environment.of_door(chosen) == {}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PATCHBAY_SPOTIFY_CLIENT_SECRET", "x", "PATCHBAY_SECRETS"),
        ("PATCHBAY_VAULT_KEY", "A" * 43 + "=", "PATCHBAY_SECRETS"),
        ("PATCHBAY_SECRETS", "a}}{{resolve:ssm:x", "name of a secret"),
        ("PATCHBAY_VAULT_KEY", "short", "32 random bytes"),
        ("PATCHBAY_DOOR_SECRET", "d" * 32, "into the secret that PATCHBAY_SECRETS names"),
        ("PATCHBAY_SECRETS_BEFORE", "a}}{{resolve:ssm:x", "SECRETS_BEFORE must be the name of a secret"),
        ("PATCHBAY_SECRETS_BEFORE", "patchbay/prod-1", "of use with PATCHBAY_SECRETS only"),
        ("PATCHBAY_AUDIO_LIBRARY", "s3://music/*", "AUDIO_LIBRARY must be an s3:// location"),
        ("PATCHBAY_AUDIO_PROVIDERS", "pirates", "there is no provider"),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused(name: str, value: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        stage("prod", {name: value})


def test_the_secret_before_is_another_one() -> None:
    with pytest.raises(ValueError, match="not the same one"):
        stage("prod", {"PATCHBAY_SECRETS": "patchbay/prod", "PATCHBAY_SECRETS_BEFORE": "patchbay/prod"})


@pytest.mark.slow
def test_the_operators_own_recordings_are_read_by_who_looks_for_them() -> None:
    given = {"PATCHBAY_AUDIO_LIBRARY": "s3://music/masters", "PATCHBAY_SECRETS": "patchbay/prod"}
    made = _made(stage("prod", given), ("Api",))["Api"]["Resources"]
    allowed = [
        (key, statement)
        for key, each in made.items()
        if each["Type"] == "AWS::IAM::Policy"
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if "music/masters/" in json.dumps(statement)
    ]
    ((key, statement),) = allowed
    assert key.startswith("Soundforge")
    assert statement["Action"] == "s3:GetObject"
    functions = {key: each["Properties"] for key, each in made.items() if each["Type"] == "AWS::Lambda::Function"}
    told = {key: each["Environment"]["Variables"] for key, each in functions.items()}
    assert {variables["PATCHBAY_SECRETS"] for variables in told.values()} == {"patchbay/prod"}
    assert "resolve:secretsmanager" not in json.dumps(told), "each asks for them itself"


def test_the_twin_is_told_them_itself() -> None:
    told = environment.of_accounts(
        stage("twin", {"PATCHBAY_SPOTIFY_CLIENT_ID": "id", "PATCHBAY_VAULT_KEY": "A" * 43 + "="})
    )
    assert told["PATCHBAY_SPOTIFY_CLIENT_ID"] == "id"
    assert environment.door(stage("twin", {})) == ""


@pytest.mark.parametrize("name", ["twin", *CLOUD])
def test_pages_of_others_come_without_cookies_and_tokens(name: str) -> None:
    apis = resources(name, "AWS::ApiGatewayV2::Api").values()
    (api,) = (each for each in apis if each["ProtocolType"] == "HTTP")
    cors = api["CorsConfiguration"]
    assert not cors.get("AllowCredentials")
    assert FORM_HEADER not in cors["AllowHeaders"]


def test_both_sides_call_the_door_the_same() -> None:
    assert DOOR_HEADER == KNOWN_HEADER


def at_the_edge(function: str, uri: str) -> Any:
    """What a function makes of a request."""
    (found,) = run(function, [request(uri, headers={VIEWER_HEADER: "forged"})])
    return found["answer"]


@pytest.mark.parametrize("uri", ["/", "/studio"])
def test_the_first_address_leads_to_the_studio(uri: str) -> None:
    answer = at_the_edge("door", uri)
    assert (answer["statusCode"], answer["headers"]["location"]["value"]) == (302, "/studio/")


def test_the_api_is_told_who_asks_and_by_nobody_else() -> None:
    request = at_the_edge("door", "/api/session")
    assert request["uri"] == "/api/session"
    assert request["headers"][VIEWER_HEADER]["value"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("/studio/", "/studio/index.html"),
        ("/studio/track/0198c0de", "/studio/index.html"),
        ("/studio/icon.svg", "/studio/icon.svg"),
    ],
)
def test_addresses_of_pages_are_given_the_first_page(uri: str, file: str) -> None:
    assert at_the_edge("page", uri)["uri"] == file


def test_sockets_go_to_the_stage() -> None:
    template = templates("prod")["Studio"]["Resources"].values()
    code = [each["Properties"]["FunctionCode"] for each in template if each["Type"] == "AWS::CloudFront::Function"]
    assert any(f"'/{STAGE}'" in each for each in code)
    assert not any("STAGE" in each for each in code)
