"""How the TwoShot API tells of errors."""

from collections.abc import Mapping
from typing import Any

from functions.dialects.twoshot.mapping.times import iso
from functions.http.dialect import ErrorEntry, Problem
from functions.http.errors import MethodNotAllowed
from patchbay.domain.base import utc_now
from patchbay.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    PatchbayError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnusableAudio,
)

ERRORS: Mapping[type[PatchbayError], ErrorEntry] = {
    PatchbayError: ErrorEntry(500, "INTERNAL_ERROR", "Internal Server Error"),
    Unavailable: ErrorEntry(503, "UNAVAILABLE", "Service Unavailable"),
    RateLimited: ErrorEntry(429, "RATE_LIMITED", "Rate Limited"),
    Unauthenticated: ErrorEntry(401, "UNAUTHORIZED", "Unauthorized"),
    Forbidden: ErrorEntry(403, "FORBIDDEN", "Forbidden"),
    NotFound: ErrorEntry(404, "NOT_FOUND", "Not Found"),
    MethodNotAllowed: ErrorEntry(405, "METHOD_NOT_ALLOWED", "Method Not Allowed"),
    Conflict: ErrorEntry(409, "CONFLICT", "Conflict"),
    TooLarge: ErrorEntry(413, "TOO_LARGE", "Payload Too Large"),
    InvalidInput: ErrorEntry(400, "VALIDATION_ERROR", "Bad Request"),
    UnusableAudio: ErrorEntry(400, "VALIDATION_ERROR", "Bad Request"),
}
_WIRE_NAMES: Mapping[str, str] = {
    "user_name": "userName",
    "first_name": "firstName",
    "last_name": "lastName",
    "referral_code": "referralCode",
    "folder_number": "folderId",
    "licence_id": "licenceId",
    "code_challenge": "codeChallenge",
    "old_password": "currentPassword",
    "user_id": "userId",
    "profile_id": "profileId",
    "sample_id": "sampleId",
    "audio_id": "audioId",
    "folder_id": "folderId",
    "asset": "file",
    "text": "q",
    "bpm": "bpm_min",
    "duration_s": "duration_min",
    "content_id": "contentId",
    "content_type": "contentType",
}
"""What the core calls a field -> what the client calls it, where the two differ."""


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    details: dict[str, Any] = {"requestId": problem.request_id, "message": problem.message}
    if problem.field is not None:
        details["field"] = _wire_name(problem.field)
    if problem.fields:
        details["fields"] = [{"field": _wire_name(field), "message": message} for field, message in problem.fields]
    return {
        "error": problem.message,
        "code": problem.code,
        "details": details,
        "timestamp": iso(utc_now()),
        "path": problem.path,
    }


def _wire_name(field: str) -> str:
    return _WIRE_NAMES.get(field, field)
