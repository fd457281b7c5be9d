"""How the Music.ai API tells of errors.

Both clients show the body: the JavaScript one its `message` alone, the Python one all of it as text.
"""

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

BAD_INPUT, TIMEOUT, INTERNAL_ERROR, CANCELLED = "BAD_INPUT", "TIMEOUT", "INTERNAL_ERROR", "CANCELLED"

ERRORS: Mapping[type[PatchbayError], ErrorEntry] = {
    PatchbayError: ErrorEntry(500, INTERNAL_ERROR, "Internal error"),
    Unavailable: ErrorEntry(503, INTERNAL_ERROR, "Temporarily unavailable"),
    RateLimited: ErrorEntry(429, "RATE_LIMITED", "Too many requests"),
    Unauthenticated: ErrorEntry(401, "UNAUTHORIZED", "Unauthorized"),
    Forbidden: ErrorEntry(403, "FORBIDDEN", "Forbidden"),
    BudgetExceeded: ErrorEntry(402, "BUDGET_EXCEEDED", "Budget exceeded"),
    QuotaExceeded: ErrorEntry(403, "QUOTA_EXCEEDED", "Quota exceeded"),
    NotFound: ErrorEntry(404, "NOT_FOUND", "Not found"),
    MethodNotAllowed: ErrorEntry(405, "METHOD_NOT_ALLOWED", "Method not allowed"),
    Conflict: ErrorEntry(409, "CONFLICT", "Conflict"),
    TooLarge: ErrorEntry(413, BAD_INPUT, "Too large"),
    InvalidInput: ErrorEntry(400, BAD_INPUT, "Bad input"),
    InvalidFields: ErrorEntry(422, BAD_INPUT, "Bad input"),
}

JOB_ERRORS: Mapping[FailureKind, tuple[str, str]] = {
    FailureKind.BAD_INPUT: (BAD_INPUT, "Bad input"),
    FailureKind.TIMEOUT: (TIMEOUT, "Timeout"),
    FailureKind.INTERNAL: (INTERNAL_ERROR, "Internal error"),
}
"""Failure -> (code, title) of a failed job's `error`."""


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    body = {"code": problem.code, "title": problem.title, "message": problem.message}
    return body if problem.field is None else {**body, "field": problem.field}
