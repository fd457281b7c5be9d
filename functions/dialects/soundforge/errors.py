"""How the SoundForge API tells of errors: `{error, code}`, with more of what is wrong with a request's fields."""

from collections.abc import Mapping
from typing import Any

from functions.http.dialect import ErrorEntry, Problem
from functions.http.errors import InvalidFields, MalformedBody, MethodNotAllowed
from patchbay.domain.errors import (
    BudgetExceeded,
    CatalogueFailed,
    Conflict,
    Forbidden,
    InvalidInput,
    NotConfigured,
    NotFound,
    PatchbayError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownAddress,
    UnusableAudio,
    VendorFailed,
    VendorRefused,
)

ERRORS: Mapping[type[PatchbayError], ErrorEntry] = {
    PatchbayError: ErrorEntry(500, "INTERNAL_ERROR", "Internal Server Error"),
    Unavailable: ErrorEntry(503, "UNAVAILABLE", "Service Unavailable"),
    CatalogueFailed: ErrorEntry(502, "spotify_error", "Spotify error"),
    VendorFailed: ErrorEntry(502, "lalalai_error", "lalal.ai error"),
    VendorRefused: ErrorEntry(409, "LALALAI_REFUSED", "lalal.ai refused"),
    NotConfigured: ErrorEntry(503, "unauthorized", "Not configured"),
    UnknownAddress: ErrorEntry(422, "invalid_url", "Invalid URL"),
    RateLimited: ErrorEntry(429, "RATE_LIMITED", "Too Many Requests"),
    Unauthenticated: ErrorEntry(401, "UNAUTHORIZED", "Unauthorized"),
    Forbidden: ErrorEntry(403, "FORBIDDEN", "Forbidden"),
    BudgetExceeded: ErrorEntry(402, "BUDGET_EXCEEDED", "Budget exceeded"),
    NotFound: ErrorEntry(404, "NOT_FOUND", "Not found"),
    MethodNotAllowed: ErrorEntry(405, "METHOD_NOT_ALLOWED", "Method not allowed"),
    Conflict: ErrorEntry(409, "CONFLICT", "Conflict"),
    TooLarge: ErrorEntry(413, "TOO_LARGE", "Payload too large"),
    MalformedBody: ErrorEntry(400, "BAD_REQUEST", "Bad request"),
    InvalidInput: ErrorEntry(422, "VALIDATION_FAILED", "Validation failed"),
    InvalidFields: ErrorEntry(422, "VALIDATION_FAILED", "Validation failed"),
    UnusableAudio: ErrorEntry(422, "VALIDATION_FAILED", "Validation failed"),
}
_WIRE_NAMES: Mapping[str, str] = {"input": "track_id", "params.model": "model", "params.features": "features"}
"""What the core calls a field -> what the client calls it, where the two differ."""


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    told: dict[str, Any]
    match problem.status:
        case 401:
            told = {"error": problem.title, "message": "Valid Bearer token required", "code": problem.code}
        case 422:
            faults = problem.fields or ((problem.field or "request", problem.message),)
            details: dict[str, list[str]] = {}
            for field, message in faults:
                details.setdefault(_WIRE_NAMES.get(field, field), []).append(message)
            told = {"error": problem.title, "message": problem.message, "code": problem.code, "details": details}
        case 429:
            wait_s = problem.retry_after_s
            told = {"error": problem.title, "message": problem.message, "code": problem.code, "retry_after": wait_s}
        case _:
            told = {"error": problem.message, "code": problem.code}
    return {**told, "request_id": problem.request_id}
