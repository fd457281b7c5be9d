"""Form uploads to S3: the policy that signs them, and the form's fields as far as the policy speaks of them."""

import base64
import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.twin.sigv4 import (
    ALGORITHM,
    Credentials,
    Refused,
    access_denied,
    check_credential,
    parse_time,
    same,
    sign_text,
    signature_mismatch,
)

LARGEST_FIELDS = 20 * 1024  # S3's limit for everything in the form but the file
_UNSIGNED_FIELDS = {"policy", "x-amz-signature", "file"}
_PART_NAME = re.compile(rb';\s*name="([^"\r\n]*)"', re.IGNORECASE)
_FILE_NAME = re.compile(rb';\s*filename="([^"\r\n]*)"', re.IGNORECASE)
_FILE_TYPE = re.compile(rb"^content-type:\s*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Form:
    """The fields that stand before the file, and where in the body the file's bytes begin."""

    fields: dict[str, str]
    file_start: int
    file_name: str
    file_type: str


def malformed(message: str) -> Refused:
    """S3's error for a body that is no form."""
    return Refused(400, "MalformedPOSTRequest", message)


def boundary_of(content_type: str) -> bytes:
    """The line that separates the form's parts, with its leading dashes."""
    match = re.search(r'boundary=(?:"([^"]+)"|([^\s;]+))', content_type, re.IGNORECASE)
    if not content_type.lower().startswith("multipart/form-data") or not match:
        raise Refused(412, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data")
    return b"--" + (match[1] or match[2]).encode("latin-1")


def read_form(head: bytes, boundary: bytes) -> Form | None:
    """Parse the fields; None when the file has not begun within these bytes."""
    fields: dict[str, str] = {}
    position = head.find(boundary)
    if position < 0:
        return None
    while True:
        header_start = position + len(boundary) + 2
        header_end = head.find(b"\r\n\r\n", header_start - 2)
        if header_end < 0:
            return None
        name = _PART_NAME.search(head, header_start, header_end)
        if name is None:
            raise malformed("The body of your POST request is not well-formed multipart/form-data.")
        field = name[1].decode("utf-8", "replace").lower()
        if field == "file":
            file_name = _FILE_NAME.search(head, header_start, header_end)
            file_type = _FILE_TYPE.search(head, header_start, header_end)
            return Form(fields, header_end + 4, _text(file_name), _text(file_type))
        position = head.find(b"\r\n" + boundary, header_end + 2)
        if position < 0:
            return None
        fields[field] = head[header_end + 4 : position].decode("utf-8", "replace")
        position += 2


def _text(match: re.Match[bytes] | None) -> str:
    return match[1].decode("utf-8", "replace").strip() if match else ""


def write_form(form: Form, boundary: str) -> tuple[bytes, bytes]:
    """The bytes before and after the file: what was verified and nothing else, so that nobody can read it otherwise."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.fields.items()
    ]
    file_type = f"Content-Type: {form.file_type}\r\n" if form.file_type else ""
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{form.file_name}"\r\n{file_type}\r\n'
    )
    return "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()


def verify_form(credentials: Credentials, bucket: str, fields: Mapping[str, str], now: dt.datetime) -> tuple[int, int]:
    """Check signature, expiry and every condition; give the least and largest size of the file."""
    if "policy" not in fields or "x-amz-signature" not in fields:
        raise access_denied()
    missing = {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "key"} - set(fields)
    if missing or fields["x-amz-algorithm"] != ALGORITHM:
        raise Refused(
            400, "InvalidArgument", f"Bucket POST must contain a field named '{min(missing, default='key')}'."
        )
    day = check_credential(credentials, fields["x-amz-credential"], "x-amz-security-token" in fields)
    parse_time(fields["x-amz-date"])
    if not same(sign_text(credentials, day, fields["policy"]), fields["x-amz-signature"]):
        raise signature_mismatch(credentials.access_key)
    policy = _decode(fields["policy"])
    if _expiration(policy) <= now:
        raise access_denied("Invalid according to Policy: Policy expired.")
    return _check_conditions(policy.get("conditions"), {**fields, "bucket": bucket})


def _decode(policy: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(policy, validate=True))
    except ValueError as error:
        raise _invalid_policy("Invalid Policy: Invalid JSON.") from error
    if not isinstance(document, dict):
        raise _invalid_policy("Invalid Policy: Invalid JSON.")
    return document


def _invalid_policy(message: str) -> Refused:
    return Refused(400, "InvalidPolicyDocument", message)


def _expiration(policy: Mapping[str, Any]) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(str(policy["expiration"]))
    except (KeyError, ValueError) as error:
        raise _invalid_policy("Invalid Policy: Invalid 'expiration' value.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _check_conditions(conditions: Any, fields: Mapping[str, str]) -> tuple[int, int]:
    if not isinstance(conditions, list):
        raise _invalid_policy("Invalid Policy: Invalid 'conditions' value.")
    covered: set[str] = set()
    least, largest = 0, 2**63
    for condition in conditions:
        match condition:
            case dict():
                for name, value in condition.items():
                    covered.add(_require(fields, name.lower(), "eq", str(value), condition))
            case ["content-length-range", int(low), int(high)]:
                least, largest = max(least, low), min(largest, high)
            case [str(how), str(name), str(value)] if how.lower() in ("eq", "starts-with"):
                covered.add(_require(fields, name.lower().removeprefix("$"), how.lower(), value, condition))
            case _:
                raise _invalid_policy(f"Invalid Policy: Invalid condition {json.dumps(condition)}.")
    extra = sorted(
        n for n in fields if n not in covered | _UNSIGNED_FIELDS | {"bucket"} and not n.startswith("x-ignore-")
    )
    if extra:
        raise access_denied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")
    return least, largest


def _require(fields: Mapping[str, str], name: str, how: str, value: str, condition: Any) -> str:
    given = fields.get(name)
    if given is None or not (given == value if how == "eq" else given.startswith(value)):
        raise access_denied(f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition)}")
    return name


def check_size(size: int, least: int, largest: int) -> None:
    """Hold the file against the policy's content-length-range."""
    if size > largest:
        raise too_large(size, largest)
    if size < least:
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise Refused(400, "EntityTooSmall", message, ProposedSize=str(size), MinSizeAllowed=str(least))


def too_large(size: int, largest: int) -> Refused:
    """S3's error for a file over the limit."""
    message = "Your proposed upload exceeds the maximum allowed size"
    return Refused(400, "EntityTooLarge", message, ProposedSize=str(size), MaxSizeAllowed=str(largest))
