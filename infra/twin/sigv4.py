"""Signature Version 4 in the query string of an object link, checked as S3 checks it.

Written against "Authenticating Requests: Using Query Parameters" of the S3 API reference. The emulator checks less than
S3 does, and nobody outside the cloud checks anything for it.
"""

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_S = 7 * 24 * 3600
CLOCK_SKEW = dt.timedelta(minutes=15)

SIGNATURE_PARAMETERS = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token")
)


@dataclass(frozen=True)
class Credentials:
    """The one key that signs links here."""

    access_key: str
    secret: str
    region: str = "us-east-1"


class Refused(Exception):
    """What S3 would answer instead of the object: status, code, message, and elements of its XML error."""

    def __init__(self, status: int, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


def access_denied(message: str = "Access Denied", **details: str) -> Refused:
    """S3's answer to whoever may not know more."""
    return Refused(403, "AccessDenied", message, **details)


def parse_query(query: bytes) -> list[tuple[str, str]]:
    """Names and values decoded; a plus stays a plus, as in S3."""
    pairs = []
    for part in query.split(b"&") if query else ():
        name, _, value = part.partition(b"=")
        pairs.append((_decode(name), _decode(value)))
    return pairs


def _decode(text: bytes) -> str:
    # Undecodable bytes survive into the canonical form, where they match only what was signed the same way.
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")


def _encode(text: str, safe: str = "-_.~") -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe=safe)


def verify_query(
    credentials: Credentials,
    method: str,
    raw_path: bytes,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    now: dt.datetime,
) -> None:
    """Raise Refused unless the link is signed by our key, for this request, and still valid."""
    given = {name.lower(): value for name, value in query if name.lower() in SIGNATURE_PARAMETERS}
    if "x-amz-signature" not in given or "authorization" in headers:
        raise access_denied()
    missing = SIGNATURE_PARAMETERS - {"x-amz-security-token"} - set(given)
    if missing or given["x-amz-algorithm"] != ALGORITHM:
        raise Refused(
            400,
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        )
    day = check_credential(credentials, given["x-amz-credential"], "x-amz-security-token" in given)
    _check_time(given["x-amz-date"], given["x-amz-expires"], day, now)
    signed_headers = given["x-amz-signedheaders"].split(";")
    _check_signed_headers(signed_headers, headers)
    canonical = canonical_request(method, raw_path, query, headers, signed_headers)
    if not same(sign(credentials, given["x-amz-date"], day, canonical), given["x-amz-signature"]):
        raise signature_mismatch(credentials.access_key)


def same(expected: str, given: str) -> bool:
    """Compare without telling by the time how much is right."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def signature_mismatch(access_key: str) -> Refused:
    """S3's error for a signature that is not ours."""
    return Refused(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
        AWSAccessKeyId=access_key,
    )


def check_credential(credentials: Credentials, credential: str, has_token: bool) -> str:
    """The day that the credential names, after its key and scope proved to be ours."""
    parts = credential.split("/")
    if len(parts) != 5 or parts[3:] != ["s3", "aws4_request"] or parts[2] != credentials.region:
        raise Refused(400, "AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter.")
    if parts[0] != credentials.access_key:
        raise Refused(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            AWSAccessKeyId=parts[0],
        )
    if has_token:
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    return parts[1]


def parse_time(text: str) -> dt.datetime:
    """The time of `20260102T030405Z`."""
    if not re.fullmatch(r"\d{8}T\d{6}Z", text):
        raise Refused(
            400,
            "AuthorizationQueryParametersError",
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        )
    try:
        return dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Date is not a date") from error


def _check_time(date: str, expires: str, day: str, now: dt.datetime) -> None:
    signed_at = parse_time(date)
    if not re.fullmatch(r"[0-9]{1,9}", expires) or not 0 < int(expires) <= LONGEST_S:
        message = "X-Amz-Expires must be a number of seconds between 1 and 604800"
        raise Refused(400, "AuthorizationQueryParametersError", message)
    if not date.startswith(day):
        raise Refused(400, "AuthorizationQueryParametersError", "Invalid credential date; it is not that of X-Amz-Date")
    if signed_at > now + CLOCK_SKEW:
        raise access_denied("Request is not yet valid")
    until = signed_at + dt.timedelta(seconds=int(expires))
    if now >= until:
        times = {"Expires": f"{until:%Y-%m-%dT%H:%M:%SZ}", "ServerTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
        raise access_denied("Request has expired", **{"X-Amz-Expires": expires}, **times)


def _check_signed_headers(signed: Sequence[str], headers: Mapping[str, str]) -> None:
    """The host must be signed, and so must every x-amz- header: they change what the request does."""
    unsigned = sorted(name for name in headers if name.startswith("x-amz-") and name not in signed)
    if "host" not in signed or unsigned:
        message = "There were headers present in the request which were not signed"
        raise access_denied(message, HeadersNotSigned=", ".join(unsigned or ["host"]))


def canonical_request(
    method: str,
    raw_path: bytes,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    signed_headers: Sequence[str],
) -> str:
    """The text that is signed: method, path, query, headers and payload hash in one certain form."""
    pairs = sorted((_encode(n), _encode(v)) for n, v in query if n.lower() != "x-amz-signature")
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed_headers]
    payload = headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join(
        [
            method,
            _encode(_decode(raw_path), "/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *lines,
            "",
            ";".join(signed_headers),
            payload,
        ]
    )


def sign(credentials: Credentials, date: str, day: str, canonical: str) -> str:
    """The signature of a canonical request."""
    hashed = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    scope = f"{day}/{credentials.region}/s3/aws4_request"
    return sign_text(credentials, day, f"{ALGORITHM}\n{date}\n{scope}\n{hashed}")


def sign_text(credentials: Credentials, day: str, text: str) -> str:
    """The signature of any text under the key of one day."""
    key = b"AWS4" + credentials.secret.encode()
    for part in (day, credentials.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()
