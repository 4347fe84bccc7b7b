"""The one table from our errors to HTTP: application/problem+json (RFC 9457) with a stable code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog
from flask import Response
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from integration.foundation.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
    PayloadTooLarge,
    StoryMeterError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger()

STATUS: dict[type[StoryMeterError], int] = {
    InvalidInput: 400,
    Unauthenticated: 401,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    PayloadTooLarge: 413,
    TooManyRequests: 429,
    Unavailable: 503,
}

DATABASE_AWAY_RETRY_S = 5


def register(app: Flask) -> None:
    """Let the app answer every error of ours, of the database, and of HTTP in one form."""
    app.register_error_handler(StoryMeterError, answer_ours)
    app.register_error_handler(OperationalError, answer_database_away)
    app.register_error_handler(PoolTimeout, answer_database_away)
    app.register_error_handler(DBAPIError, answer_database)
    app.register_error_handler(DataError, answer_unstorable)
    app.register_error_handler(RequestEntityTooLarge, answer_too_large)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, answer_fault)


def problem(
    status: int, code: str, detail: str, *, errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """Make a problem document."""
    body: dict[str, Any] = {
        "type": f"urn:storymeter:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return Response(
        json.dumps(body), status, content_type="application/problem+json", headers=headers
    )


def answer_ours(error: StoryMeterError) -> Response:
    """Answer an error that we raised on purpose."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    errors = [
        {"pointer": each.pointer, "code": each.code, "message": each.message}
        for each in error.errors
    ]
    headers = {}
    if isinstance(error, (Unavailable, TooManyRequests)):
        headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, error.code, error.message, errors=errors, headers=headers)


def answer_database_away(error: Exception) -> Response:
    """The database is away: nothing was stored, send it again."""
    log.warning("database.away", error=type(error).__name__)
    return problem(
        503, Unavailable.code, "The database cannot be reached; nothing was stored",
        headers={"Retry-After": str(DATABASE_AWAY_RETRY_S)},
    )  # fmt: skip


def answer_database(error: DBAPIError) -> Response:
    """A broken connection is the database being away; anything else is a fault of ours."""
    return answer_database_away(error) if error.connection_invalidated else answer_fault(error)


def answer_unstorable(error: DataError) -> Response:
    """A value that PostgreSQL cannot hold, such as a character 0 or a number of 70 bits."""
    log.warning("web.unstorable", error=str(error.orig)[:200])
    return problem(
        400,
        InvalidInput.code,
        "A value cannot be stored: text with a character 0, or a number out of range",
    )


def answer_too_large(_: RequestEntityTooLarge) -> Response:
    """The body is over the limit."""
    return problem(413, PayloadTooLarge.code, "The body is over the limit of this door")


def answer_http(error: HTTPException) -> Response:
    """Answer what Flask refuses by itself: unknown routes, wrong methods, unreadable requests."""
    code = error.name.lower().replace(" ", "_")
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return problem(error.code or 500, code, error.description or error.name, headers=headers)


def answer_fault(error: Exception) -> Response:
    """A fault of ours: logged with its trace, answered without any of it."""
    log.error("web.fault", error=type(error).__name__, exc_info=error)
    return problem(500, "internal_error", "StoryMeter failed; the fault is in its log")
