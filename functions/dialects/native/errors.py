"""Errors as RFC 9457 problem details."""

from collections.abc import Mapping
from typing import Any

from functions.http.dialect import ErrorEntry, Problem
from functions.http.errors import InvalidFields, MalformedBody, MethodNotAllowed
from patchbay.core.idempotency import IdempotencyMismatch
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

MEDIA_TYPE = "application/problem+json"
ERRORS: Mapping[type[PatchbayError], ErrorEntry] = {
    PatchbayError: ErrorEntry(500, "internal", "Internal error"),
    Unavailable: ErrorEntry(503, "unavailable", "Temporarily unavailable"),
    RateLimited: ErrorEntry(429, "rate-limited", "Too many requests"),
    Unauthenticated: ErrorEntry(401, "unauthenticated", "Unauthenticated"),
    Forbidden: ErrorEntry(403, "forbidden", "Forbidden"),
    BudgetExceeded: ErrorEntry(402, "budget-exceeded", "Budget exceeded"),
    QuotaExceeded: ErrorEntry(403, "quota-exceeded", "Quota exceeded"),
    NotFound: ErrorEntry(404, "not-found", "Not found"),
    MethodNotAllowed: ErrorEntry(405, "method-not-allowed", "Method not allowed"),
    Conflict: ErrorEntry(409, "conflict", "Conflict"),
    IdempotencyMismatch: ErrorEntry(422, "idempotency-mismatch", "Idempotency-Key used for another request"),
    TooLarge: ErrorEntry(413, "too-large", "Too large"),
    InvalidInput: ErrorEntry(400, "invalid-input", "Invalid input"),
    MalformedBody: ErrorEntry(400, "malformed-body", "Malformed body"),
    InvalidFields: ErrorEntry(422, "invalid-fields", "Fields of the wrong shape"),
}


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    body: dict[str, Any] = {
        "type": f"urn:patchbay:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.message,
        "instance": f"urn:patchbay:request:{problem.request_id}",
        "code": problem.code,
    }
    fields = problem.fields or (((problem.field, problem.message),) if problem.field else ())
    if fields:
        body["errors"] = [{"field": field, "message": message} for field, message in fields]
    return body
