"""Links to objects that something before S3 passes on: signed for the bucket's own host, shown under another."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from patchbay.adapters.aws import clients


def put(bucket: str, key: str, named: Mapping[str, str], expires_s: int) -> str:
    """URL that takes an object by PUT; `named`: parameters of ours in it, signed like all others.

    boto3 signs what S3 knows and nothing else. Raises what botocore raises where there are no credentials.
    """
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    signer = clients.signing_client("")
    plain = urlsplit(signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}))
    target = f"{plain.scheme}://{plain.netloc}/{quote(key, safe='/~')}"
    request = AWSRequest(method="PUT", url=target, params=dict(named))
    credentials = _session().get_credentials().get_frozen_credentials()
    S3SigV4QueryAuth(credentials, "s3", signer.meta.region_name, expires_s).add_auth(request)
    return str(request.url)


def shown(url: str, front: str) -> str:
    """The same link below `front`. Path and query, which the signature covers, stay as they are."""
    parts, base = urlsplit(url), urlsplit(front)
    return urlunsplit((base.scheme, base.netloc, base.path + parts.path, parts.query, ""))


def below(url: str, front: str) -> str | None:
    """The key of the object that a link below `front` points to; None for any other."""
    parts, base = urlsplit(url), urlsplit(front)
    if (parts.scheme, parts.netloc) != (base.scheme, base.netloc) or not parts.path.startswith(base.path + "/"):
        return None
    return unquote(parts.path.removeprefix(base.path + "/"))


@cache
def _session() -> Any:
    from botocore.session import Session

    return Session()
