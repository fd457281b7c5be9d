"""How the Beatoven API tells of errors.

The vendor's client tells apart 200, 400, 401 and 500 alone, and falls over any other status; so a thing that is not
there is a bad request, and only a path that does not exist is 404.
"""

from collections.abc import Mapping
from typing import Any

from functions.http.dialect import ErrorEntry, Problem
from functions.http.errors import MethodNotAllowed, RouteNotFound
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

ERRORS: Mapping[type[PatchbayError], ErrorEntry] = {
    PatchbayError: ErrorEntry(500, "INTERNAL_ERROR", "Internal Server Error"),
    Unavailable: ErrorEntry(500, "UNAVAILABLE", "Temporarily Unavailable"),
    RateLimited: ErrorEntry(429, "RATE_LIMITED", "Too Many Requests"),
    Unauthenticated: ErrorEntry(401, "UNAUTHORIZED", "Unauthorized"),
    Forbidden: ErrorEntry(401, "FORBIDDEN", "Forbidden"),
    BudgetExceeded: ErrorEntry(400, "BUDGET_EXCEEDED", "Budget Exceeded"),
    QuotaExceeded: ErrorEntry(400, "QUOTA_EXCEEDED", "Quota Exceeded"),
    RouteNotFound: ErrorEntry(404, "NO_SUCH_PATH", "Not Found"),
    MethodNotAllowed: ErrorEntry(405, "METHOD_NOT_ALLOWED", "Method Not Allowed"),
    NotFound: ErrorEntry(400, "NOT_FOUND", "Not Found"),
    Conflict: ErrorEntry(400, "CONFLICT", "Conflict"),
    TooLarge: ErrorEntry(400, "TOO_LARGE", "Too Large"),
    InvalidInput: ErrorEntry(400, "BAD_REQUEST", "Bad Request"),
}


def shape(problem: Problem) -> dict[str, Any]:
    """The body of an error."""
    body = {"error": problem.message, "code": problem.code}
    return body if problem.field is None else {**body, "field": problem.field}
