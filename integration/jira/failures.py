"""What a failed call to Jira means: who waits, how long, and whether trying again can help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from integration.foundation.errors import DeliveryFailed
from integration.jira.times import instant_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

QUOTA_REASONS = frozenset({"jira-quota-global-based", "jira-quota-tenant-based", "jira-cost-based"})
LOCAL_REASONS = frozenset({"jira-burst-based", "jira-per-issue-on-write"})
SIGN_IN_WAIT = timedelta(minutes=10)
"""How long a workspace rests when its token is refused: somebody has to give us a new one."""
PASSING = frozenset({408, 409, 425, 429})
LONG_WAIT = timedelta(minutes=1)
MESSAGE_LIMIT = 500


class JiraFailure(DeliveryFailed):
    """A call to Jira failed.

    `status` is None when no answer came. `may_have_happened` says that Jira may have done what was
    asked although it did not say so: such a call is not repeated unless that does no harm.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        status: int | None = None,
        retry_after: timedelta | None = None,
        workspace_wide: bool = False,
        may_have_happened: bool = False,
        refused_fields: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(
            message,
            permanent=permanent,
            retry_after=retry_after,
            workspace_wide=workspace_wide,
        )
        self.status = status
        self.may_have_happened = may_have_happened
        self.refused_fields = refused_fields
        """Ids of fields that Jira found fault with."""


def failure_of_answer(response: requests.Response, now: datetime) -> JiraFailure:
    """Class an answer that is not a success."""
    status = response.status_code
    message = f"Jira answered {status} to {_request_line(response)}: {_words(response)}"
    wait = retry_after(response.headers, now)
    if status == 429:
        reason = response.headers.get("RateLimit-Reason", "")
        wide = reason in QUOTA_REASONS or (
            reason not in LOCAL_REASONS and wait is not None and wait > LONG_WAIT
        )
        return JiraFailure(
            f"{message} {reason}".rstrip(),
            permanent=False,
            status=status,
            retry_after=wait,
            workspace_wide=wide,
        )
    if status == 401 or "DENIED" in response.headers.get("X-Seraph-LoginReason", ""):
        return JiraFailure(
            message,
            permanent=False,
            status=status,
            retry_after=wait or SIGN_IN_WAIT,
            workspace_wide=True,
        )
    return JiraFailure(
        message,
        permanent=status < 500 and status not in PASSING,
        status=status,
        retry_after=wait,
        workspace_wide=status == 503 and wait is not None,
        may_have_happened=status >= 500 or status == 408,
        refused_fields=_refused_fields(response) if status == 400 else frozenset(),
    )


def failure_without_answer(error: requests.RequestException, method: str, path: str) -> JiraFailure:
    """Class a call that got no answer; only a connection that was never made did surely nothing."""
    never_sent = isinstance(error, requests.ConnectTimeout) or (
        "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
    )
    return JiraFailure(
        f"Jira gave no answer to {method} {path} ({type(error).__name__}).",
        permanent=False,
        may_have_happened=not never_sent,
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read how long to wait: `Retry-After` in seconds or as a date, else `X-RateLimit-Reset`.

    A gateway in front of Jira has sent 429 without `Retry-After`.
    """
    asked = headers.get("Retry-After", "").strip()
    until: datetime | None = None
    if asked.replace(".", "", 1).isdigit():
        return timedelta(seconds=float(asked))
    if asked:
        try:
            until = parsedate_to_datetime(asked)
        except ValueError:
            until = None
    until = until or instant_or_none(headers.get("X-RateLimit-Reset"))
    if until is None:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(aware - now, timedelta(0))


def _request_line(response: requests.Response) -> str:
    path = urlsplit(response.url).path
    return f"{response.request.method} {path}"


def _refused_fields(response: requests.Response) -> frozenset[str]:
    try:
        errors = response.json().get("errors")
    except (ValueError, AttributeError):
        return frozenset()
    return frozenset(errors) if isinstance(errors, dict) else frozenset()


def _words(response: requests.Response) -> str:
    """Return Jira's own messages; of an answer that is not JSON only that it is none."""
    try:
        body = response.json()
    except ValueError:
        return "(no message)"
    if not isinstance(body, dict):
        return "(no message)"
    errors = body.get("errors")
    named = errors.items() if isinstance(errors, dict) else ()
    words = [str(one) for one in body.get("errorMessages") or ()]
    words += [f"{field}: {what}" for field, what in named]
    words += [str(body["message"])] if body.get("message") else []
    return " ".join(words)[:MESSAGE_LIMIT] or "(no message)"
