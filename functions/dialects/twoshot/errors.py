"""How the TwoShot API tells of errors."""

import re
from collections.abc import Mapping
from typing import Any

from functions.dialects.twoshot.mapping.times import iso
from functions.http.dialect import ErrorEntry, Problem
from functions.http.errors import MethodNotAllowed
from patchbay.domain.base import utc_now
from patchbay.domain.errors import (
    BudgetExceeded,
    Conflict,
    Forbidden,
    InsufficientCredits,
    InvalidInput,
    NotFound,
    PatchbayError,
    QuotaExceeded,
    RateLimited,
    Stale,
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
    BudgetExceeded: ErrorEntry(403, "BUDGET_EXCEEDED", "Budget Exceeded"),
    InsufficientCredits: ErrorEntry(403, "INSUFFICIENT_CREDITS", "Insufficient Credits"),
    QuotaExceeded: ErrorEntry(403, "QUOTA_EXCEEDED", "Quota Exceeded"),
    NotFound: ErrorEntry(404, "NOT_FOUND", "Not Found"),
    MethodNotAllowed: ErrorEntry(405, "METHOD_NOT_ALLOWED", "Method Not Allowed"),
    Conflict: ErrorEntry(409, "CONFLICT", "Conflict"),
    Stale: ErrorEntry(412, "PRECONDITION_FAILED", "Precondition Failed"),
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
    "model_id": "modelId",
    "asset": "file",
    "text": "q",
    "bpm": "bpm_min",
    "duration_s": "duration_min",
    "content_id": "contentId",
    "content_type": "contentType",
    "loop_every": "loopEvery",
    "params.format": "format",
    "params.quality": "quality",
    "params.bit_depth": "bitDepth",
    "params.bitrate_kbps": "bitrate",
    "params.sample_rate_hz": "sampleRate",
    "params.loudness_lufs": "loudnessTarget",
    "params.start_s": "startTime",
    "params.end_s": "endTime",
    "expected": "If-Match",
}
"""What the core calls a field -> what the client calls it, where the two differ."""
_PLACE = re.compile(r"\.(\d+)(?=\.|$)")
MOST_FAULTS = 20
"""Told of one request; a document can have thousands."""


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    message = problem.message
    details: dict[str, Any] = {"requestId": problem.request_id, "message": message}
    if problem.field is not None:
        details["field"] = _wire_name(problem.field)
        message = details["message"] = message.replace(f"{problem.field}: ", f"{details['field']}: ", 1)
    if problem.fields:
        told = problem.fields[:MOST_FAULTS]
        details["fields"] = [{"field": _wire_name(field), "message": message} for field, message in told]
    return {
        "error": message,
        "code": problem.code,
        "details": details,
        "timestamp": iso(utc_now()),
        "path": problem.path,
    }


def _wire_name(field: str) -> str:
    """A field as the client knows it; what is in a list by its place: `tracks[3].clips[17].cutEnd`."""
    return _WIRE_NAMES.get(field) or _PLACE.sub(r"[\1]", field)
