"""Passwords and sessions in a Cognito user pool, under user names that nobody can guess.

The pool lets nobody register or sign in by himself (only administrators create users, and the app client allows
password sign-ins by administrators alone): whoever wants to has to come by us, where requests are counted.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.domain.errors import InvalidInput, RateLimited, Unauthenticated, Unavailable
from patchbay.ports import Grant

KEYS_TIMEOUT_S = 5
COME_BACK_S = 900
"""Cognito does not tell when a limit is over; its lockouts last 15 minutes at the most (its guide)."""
_REFUSED = {
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "PasswordResetRequiredException",
    "InvalidParameterException",
}
_WRONG_CODE = {
    "CodeMismatchException",
    "ExpiredCodeException",
    "InvalidParameterException",
    "NotAuthorizedException",
    "UserNotFoundException",
}


@dataclass(frozen=True, slots=True)
class UserPool:
    """The passwords port. `pool_id`, `client_id`: of the pool, and of its one app client, which has no secret."""

    pool_id: str
    client_id: str
    verify_email: bool = False
    """Whether addresses of new users are only verified by a code."""

    def create(self, user_id: str, email: str, password: str) -> None:
        """See `Passwords`."""
        who = {"UserPoolId": self.pool_id, "Username": user_id}
        # Where nothing verifies it, it is taken to be: no code could ever be sent there otherwise.
        verified = "false" if self.verify_email else "true"
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": verified}]
        try:
            with _errors(), suppress(_pool().exceptions.UsernameExistsException):
                _pool().admin_create_user(**who, UserAttributes=attributes, MessageAction="SUPPRESS")
        except ClientError as error:
            if clients.code_of(error) == "InvalidParameterException":
                raise InvalidInput(f"{email!r} is not an e-mail address", field="email") from error
            raise
        try:
            with _errors():
                _pool().admin_set_user_password(**who, Password=password, Permanent=True)
        except InvalidInput:
            self.remove(user_id)
            raise

    def remove(self, user_id: str) -> None:
        """See `Passwords`."""
        with _errors(), suppress(_pool().exceptions.UserNotFoundException):
            _pool().admin_delete_user(UserPoolId=self.pool_id, Username=user_id)

    def sign_in(self, user_id: str, password: str) -> Grant:
        """See `Passwords`."""
        with _errors(), _refusing("the password is wrong"):
            answer = _pool().admin_initiate_auth(
                UserPoolId=self.pool_id,
                ClientId=self.client_id,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user_id, "PASSWORD": password},
            )
        return _grant(answer)

    def refresh(self, refresh_token: str) -> Grant:
        """See `Passwords`."""
        with _errors(), _refusing("the session is over"):
            answer = _pool().initiate_auth(
                ClientId=self.client_id,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": refresh_token},
            )
        return _grant(answer, refresh_token)

    def revoke(self, refresh_token: str) -> None:
        """See `Passwords`."""
        with _errors(), _refusing("the session is over"):
            _pool().revoke_token(Token=refresh_token, ClientId=self.client_id)

    def sign_out(self, user_id: str) -> None:
        """See `Passwords`."""
        with _errors(), suppress(_pool().exceptions.UserNotFoundException):
            _pool().admin_user_global_sign_out(UserPoolId=self.pool_id, Username=user_id)

    def change(self, access_token: str, old: str, new: str) -> None:
        """See `Passwords`."""
        with _errors(), _refusing("the old password is wrong"):
            _pool().change_password(AccessToken=access_token, PreviousPassword=old, ProposedPassword=new)

    def send_code(self, user_id: str, email: str) -> None:
        """See `Passwords`. Cognito mails codes only to users who have a password: one that nobody knows will do.

        Nor to addresses that are not verified. Whoever can tell the code has the address.
        """
        if self._status(user_id) in {None, "FORCE_CHANGE_PASSWORD"}:
            self.create(user_id, email, secrets.token_urlsafe(32))
        with _errors():
            if self.verify_email:
                verified = [{"Name": "email_verified", "Value": "true"}]
                _pool().admin_update_user_attributes(UserPoolId=self.pool_id, Username=user_id, UserAttributes=verified)
            _pool().forgot_password(ClientId=self.client_id, Username=user_id)

    def pretend_code(self) -> None:
        """See `Passwords`. Asked for somebody whom it does not know, Cognito answers as if it did."""
        nobody = secrets.token_hex(26)
        self._status(nobody)
        with _errors(), suppress(_pool().exceptions.UserNotFoundException):
            _pool().forgot_password(ClientId=self.client_id, Username=nobody)

    def send_proof(self, access_token: str) -> None:
        """See `Passwords`."""
        with _errors(), _refusing("the session is over"):
            _pool().get_user_attribute_verification_code(AccessToken=access_token, AttributeName="email")

    def prove(self, access_token: str, code: str) -> None:
        """See `Passwords`."""
        try:
            with _errors():
                _pool().verify_user_attribute(AccessToken=access_token, AttributeName="email", Code=code)
        except ClientError as error:
            if clients.code_of(error) in _WRONG_CODE - {"NotAuthorizedException", "UserNotFoundException"}:
                raise InvalidInput("the code is wrong, or its time is over", field="code") from error
            if clients.code_of(error) in _REFUSED:
                raise Unauthenticated("the session is over") from error
            raise

    def reset(self, user_id: str, code: str, password: str) -> None:
        """See `Passwords`."""
        try:
            with _errors():
                _pool().confirm_forgot_password(
                    ClientId=self.client_id, Username=user_id, ConfirmationCode=code, Password=password
                )
        except ClientError as error:
            if clients.code_of(error) in _WRONG_CODE:
                raise InvalidInput("the code is wrong, or its time is over", field="code") from error
            raise

    def _status(self, user_id: str) -> str | None:
        try:
            with _errors():
                found = _pool().admin_get_user(UserPoolId=self.pool_id, Username=user_id)
        except ClientError as error:
            if clients.code_of(error) == "UserNotFoundException":
                return None
            raise
        return str(found["UserStatus"])


def issuer(pool_id: str) -> str:
    """Who signs a pool's tokens, as they say."""
    return f"https://cognito-idp.{pool_id.partition('_')[0]}.amazonaws.com/{pool_id}"


def published_keys(pool_id: str) -> Mapping[str, Any]:
    """The public keys that a pool's tokens are signed with: a JSON Web Key Set. Raises `Unavailable`."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    # Where the client calls, which in the twin is not where the issuer's name leads.
    url = f"{_pool().meta.endpoint_url}/{pool_id}/.well-known/jwks.json"
    with clients.errors("the sign-in service"):
        answer = URLLib3Session(timeout=KEYS_TIMEOUT_S).send(AWSRequest("GET", url).prepare())
    try:
        found = json.loads(answer.content) if answer.status_code == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unavailable("the sign-in service does not tell its keys; try again")
    return found


def _pool() -> Any:
    return clients.client("cognito-idp")


@contextmanager
def _errors() -> Iterator[None]:
    """Errors that mean the same wherever they occur."""
    try:
        with clients.errors("the sign-in service"):
            yield
    except ClientError as error:
        match clients.code_of(error):
            case "InvalidPasswordException":
                raise InvalidInput("this password is not taken; choose a longer one", field="password") from error
            case "LimitExceededException" | "TooManyFailedAttemptsException":
                message = "too many attempts; try again in a quarter of an hour"
                raise RateLimited(message, retry_after_s=COME_BACK_S) from error
            case _:
                raise


@contextmanager
def _refusing(message: str) -> Iterator[None]:
    """Errors of calls that show a credential."""
    try:
        yield
    except ClientError as error:
        if clients.code_of(error) in _REFUSED:
            raise Unauthenticated(message) from error
        raise


def _grant(answer: Mapping[str, Any], refresh_token: str = "") -> Grant:
    """The tokens of an answer; one to a refreshment need not have a new refresh token."""
    result = answer.get("AuthenticationResult")
    if not result:  # a challenge: the pool asks for more than a password, which nobody has set it up for
        raise Unauthenticated("this user cannot sign in with a password alone")
    return Grant(result["AccessToken"], result.get("RefreshToken") or refresh_token, int(result["ExpiresIn"]))
