"""How the AudioShake APIs tell of errors."""

from collections.abc import Mapping
from typing import Any

from functions.http.dialect import ErrorEntry, Problem
from functions.http.errors import InvalidFields, MethodNotAllowed
from patchbay.domain.errors import (
    BudgetExceeded,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    PatchbayError,
    QuotaExceeded,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from patchbay.domain.jobs import FailureKind


class AssetNotFound(NotFound):
    """The body names an asset that is not there, or another tenant's."""

    field = "assetId"


ERRORS: Mapping[type[PatchbayError], ErrorEntry] = {
    PatchbayError: ErrorEntry(500, "INTERNAL_ERROR", "Internal Server Error"),
    Unavailable: ErrorEntry(503, "UNAVAILABLE", "Service Unavailable"),
    RateLimited: ErrorEntry(429, "RATE_LIMITED", "Too Many Requests"),
    Unauthenticated: ErrorEntry(401, "UNAUTHORIZED", "Unauthorized"),
    Forbidden: ErrorEntry(403, "FORBIDDEN", "Forbidden"),
    BudgetExceeded: ErrorEntry(402, "BUDGET_EXCEEDED", "Budget Exceeded"),
    QuotaExceeded: ErrorEntry(403, "QUOTA_EXCEEDED", "Quota Exceeded"),
    NotFound: ErrorEntry(404, "NOT_FOUND", "Not Found"),
    MethodNotAllowed: ErrorEntry(405, "METHOD_NOT_ALLOWED", "Method Not Allowed"),
    Conflict: ErrorEntry(409, "CONFLICT", "Conflict"),
    TooLarge: ErrorEntry(413, "TOO_LARGE", "Payload Too Large"),
    InvalidInput: ErrorEntry(400, "BAD_REQUEST", "Bad Request"),
    InvalidFields: ErrorEntry(422, "INVALID_FIELDS", "Unprocessable Entity"),
}

FAILURE_CODES: Mapping[FailureKind, int] = {
    FailureKind.BAD_INPUT: 422,
    FailureKind.TIMEOUT: 504,
    FailureKind.INTERNAL: 500,
}
"""Failure -> the number that a failed job or target tells. The numbers are those of HTTP; clients want numbers."""
CANCELLED_CODE = 410
DONE_CODE, UNDER_WAY_CODE = 200, 202


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    body = {
        "statusCode": problem.status,
        "error": problem.title,
        "message": problem.message,
        "code": problem.code,
    }
    return body if problem.field is None else {**body, "field": problem.field}
