"""Passwords and sessions of people: a Cognito user pool that is entered by our own API alone."""

from aws_cdk import CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.constructs.acknowledged import acknowledge
from infra.stage import Stage

SESSION_DAYS = 30
TOKEN_HOURS = 1
MIN_PASSWORD_CHARS = 8
"""The same as in the core, which this side does not import; a test holds the two together."""

_SUBJECT = "Your code"
_TEXT = "Your code is {####}. If you did not ask for one, you need not do anything."
"""One mail for both: to set a new password, and to show that the address is yours."""


class UserPool(Construct):
    """A pool whose user names nobody can guess, and its one app client, which has no secret: sessions are gone on with
    by a refresh token alone, and who has just that cannot sign for a user whom he need not know.

    Nobody registers or signs in with Cognito himself, where no request of his would be counted: only administrators
    make users, and the client knows no way of signing in but the administrators'. What a user may change with a token
    is his locale, which nothing reads: could he change his address there, codes would go where the token's thief wants.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True),
            sign_in_case_sensitive=True,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.LITE,
            mfa=cognito.Mfa.OFF,
            email=cognito.UserPoolEmail.with_ses(from_email=stage.mail_from) if stage.mail_from else None,
            user_verification=cognito.UserVerificationConfig(email_subject=_SUBJECT, email_body=_TEXT),
            password_policy=cognito.PasswordPolicy(
                min_length=MIN_PASSWORD_CHARS,
                require_digits=False,
                require_lowercase=False,
                require_symbols=False,
                require_uppercase=False,
            ),
            deletion_protection=stage.durable,
            removal_policy=RemovalPolicy.RETAIN if stage.durable else RemovalPolicy.DESTROY,
        )
        self.client = self.pool.add_client(
            "Api",
            auth_flows=cognito.AuthFlow(admin_user_password=True),
            disable_o_auth=True,
            generate_secret=False,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(TOKEN_HOURS),
            id_token_validity=Duration.hours(TOKEN_HOURS),
            refresh_token_validity=Duration.days(SESSION_DAYS),
            read_attributes=cognito.ClientAttributes().with_standard_attributes(email=True),
            write_attributes=cognito.ClientAttributes().with_standard_attributes(locale=True),
        )
        for made in (self.pool, self.client):
            template = made.node.default_child
            assert isinstance(template, CfnResource)
            # cfn-lint looks at every region, and the two in China have no user pools.
            template.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E3006"]}})
        acknowledge(self.pool, "COG1", "eight characters of any kind, as NIST SP 800-63B has it; rules make worse ones")
        acknowledge(self.pool, "COG2", "the languages spoken here know passwords and keys, and no second factor")
        acknowledge(self.pool, "COG8", "what dearer plans add looks at addresses, and sign-ins come from our Lambda's")
