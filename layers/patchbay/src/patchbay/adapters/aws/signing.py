"""Requests to AWS that boto3 has no method for, signed with this process's own credentials."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_XRAY = re.compile(r"xray\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")


def xray_region(url: str) -> str | None:
    """The region, if `url` is X-Ray's own OTLP endpoint (CloudWatch User Guide, "OTLP Endpoints")."""
    found = _XRAY.fullmatch(urlsplit(url).hostname or "")
    return found[1] if found else None


def signer(service: str, region: str) -> Callable[[str, bytes, Mapping[str, str]], Mapping[str, str]]:
    """Signs a POST (Signature Version 4). Raises what botocore raises where there are no credentials."""

    def sign(url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
        SigV4Auth(_credentials(), service, region).add_auth(request)
        return dict(request.headers.items())

    return sign


@cache
def _credentials() -> "Credentials":
    from botocore.exceptions import NoCredentialsError
    from botocore.session import Session

    found = Session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found
