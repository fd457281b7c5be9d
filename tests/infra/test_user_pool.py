"""The user pool: entered by the API alone, kept as long as the data, and as the core supposes it to be."""

from dataclasses import replace

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from infra.constructs import user_pool
from infra.constructs.environment import of_stage
from infra.stacks.api import SIGN_IN
from infra.stage import stage as find_stage
from patchbay.core.identity import SESSION_LIVES, TOKEN_LIVES
from patchbay.domain.people import MIN_PASSWORD_CHARS
from tests.support.templates import resources, templates

EVERY = ("twin", "dev", "prod")


@pytest.mark.parametrize("stage", EVERY)
def test_nobody_registers_or_signs_in_but_by_the_api(stage: str) -> None:
    (pool,) = resources(stage, "AWS::Cognito::UserPool").values()
    (client,) = resources(stage, "AWS::Cognito::UserPoolClient").values()
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert client["GenerateSecret"] is False


@pytest.mark.parametrize("stage", EVERY)
def test_no_token_changes_where_codes_go(stage: str) -> None:
    (client,) = resources(stage, "AWS::Cognito::UserPoolClient").values()
    assert client["WriteAttributes"] == ["locale"]
    assert client["ReadAttributes"] == ["email"]


@pytest.mark.parametrize("stage", EVERY)
def test_users_are_named_by_our_ids_and_found_by_mail(stage: str) -> None:
    (pool,) = resources(stage, "AWS::Cognito::UserPool").values()
    assert "UsernameAttributes" not in pool
    assert "AliasAttributes" not in pool
    (way,) = pool["AccountRecoverySetting"]["RecoveryMechanisms"]
    assert way["Name"] == "verified_email"


@pytest.mark.parametrize("stage", EVERY)
def test_lives_and_lengths_are_those_of_the_core(stage: str) -> None:
    (pool,) = resources(stage, "AWS::Cognito::UserPool").values()
    (client,) = resources(stage, "AWS::Cognito::UserPoolClient").values()
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy.pop("MinimumLength") == MIN_PASSWORD_CHARS == user_pool.MIN_PASSWORD_CHARS
    assert set(policy.values()) == {False}
    assert set(client["TokenValidityUnits"].values()) == {"minutes"}
    assert client["RefreshTokenValidity"] * 60 == SESSION_LIVES.total_seconds()
    assert client["AccessTokenValidity"] * 60 == TOKEN_LIVES.total_seconds()


def test_passwords_are_kept_where_data_is() -> None:
    kept = {}
    for stage in EVERY:
        (pool,) = [r for r in templates(stage)["Data"]["Resources"].values() if r["Type"] == "AWS::Cognito::UserPool"]
        kept[stage] = (pool["DeletionPolicy"], pool["Properties"]["DeletionProtection"])
    assert kept == {"twin": ("Delete", "INACTIVE"), "dev": ("Delete", "INACTIVE"), "prod": ("Retain", "ACTIVE")}


@pytest.mark.parametrize("stage", EVERY)
def test_the_one_lambda_that_signs_people_in_may(stage: str) -> None:
    may = {
        (name, action)
        for name, policy in resources(stage, "AWS::IAM::Policy").items()
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("cognito")
    }
    speakers = {f["Handler"] for f in resources(stage, "AWS::Lambda::Function").values()}
    if "functions.entrypoints.api_twoshot.handler" in speakers:
        assert len({name for name, _ in may}) == len(SIGN_IN)
        assert {action for _, action in may} == {
            f"cognito-idp:Admin{verb}"
            for verb in (
                "CreateUser",
                "DeleteUser",
                "GetUser",
                "InitiateAuth",
                "SetUserPassword",
                "UpdateUserAttributes",
                "UserGlobalSignOut",
            )
        }
    else:
        assert not may


@pytest.mark.parametrize("stage", EVERY)
def test_the_api_and_the_twins_ingest_know_the_pool(stage: str) -> None:
    """The ingest service of the twin has the settings of the Lambda that looks after jobs."""
    for function in resources(stage, "AWS::Lambda::Function").values():
        if ".api_" in function["Handler"] or function["Handler"].endswith(".reconcile_jobs.handler"):
            told = function["Environment"]["Variables"]
            assert {"PATCHBAY_USER_POOL_ID", "PATCHBAY_USER_POOL_CLIENT_ID"} <= set(told)


SENDER = "codes@example.org"


def synthesised(mail_from: str = "") -> Template:
    app = App()
    stack = Stack(app, "S", env=Environment(account="123456789012", region="eu-west-1"))
    user_pool.UserPool(stack, "People", stage=replace(find_stage("prod", {}), mail_from=mail_from))
    return Template.from_stack(stack)


def test_codes_are_mailed_from_the_operators_own_address() -> None:
    (pool,) = synthesised(mail_from=SENDER).find_resources("AWS::Cognito::UserPool").values()
    told = pool["Properties"]["EmailConfiguration"]
    assert (told["EmailSendingAccount"], told["From"]) == ("DEVELOPER", SENDER)
    assert ":identity/" in str(told["SourceArn"])


def test_without_one_they_come_from_cognito() -> None:
    (pool,) = synthesised().find_resources("AWS::Cognito::UserPool").values()
    assert "EmailConfiguration" not in pool["Properties"]


def test_the_sender_and_the_bounds_of_accounts_are_the_operators_to_set() -> None:
    told = find_stage("prod", {"PATCHBAY_MAIL_FROM": SENDER, "PATCHBAY_QUOTA_GB": "7", "PATCHBAY_VERIFY_EMAIL": "true"})
    assert (told.mail_from, told.quota_gb, told.verify_email) == (SENDER, 7, True)
    environment = of_stage(told)
    assert environment["PATCHBAY_QUOTA_GB"] == "7"
    assert environment["PATCHBAY_VERIFY_EMAIL"] == "true"
    assert of_stage(find_stage("twin", {}))["PATCHBAY_QUOTA_FILES"] == "0", "the twin is one person's"
    assert all(int(of_stage(find_stage("prod", {}))[f"PATCHBAY_QUOTA_{name}"]) > 0 for name in ("FILES", "GB", "JOBS"))
