"""What a failed call to Slack means: gone for good, wait, or try again.

Error codes: docs.slack.dev/reference/methods, "Errors" of chat.postMessage, chat.update,
files.completeUploadExternal, views.open and users.lookupByEmail.
"""

from __future__ import annotations

import re
import socket
from datetime import timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError, SlackClientError

from integration.foundation.errors import DeliveryFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

DEAD_CONNECTION = frozenset(
    {
        "access_denied",
        "account_inactive",
        "app_uninstalled",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "team_access_not_granted",
        "team_not_found",
        "token_expired",
        "token_revoked",
    }
)
DEAD_CHANNEL = frozenset(
    {
        "cant_post_message",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
    }
)
PASSING = frozenset(
    {
        "accesslimited",
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
UNKNOWN_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format"})
RATE_LIMITED = frozenset({"rate_limited", "ratelimited", "message_limit_exceeded"})
TRANSPORT_ERRORS = (SlackClientError, OSError, HTTPException)
"""Everything that a WebClient raises; OSError covers timeouts, resets and unresolved names."""


class SlackConnectionDead(DeliveryFailed):
    """The app was removed, or its token or a scope is gone: nothing goes out until it is mended."""

    code = "slack_connection_dead"


class SlackChannelUnusable(DeliveryFailed):
    """The channel is archived, gone, or the app is not in it: a person must choose or invite."""

    code = "slack_channel_unusable"


class SlackUnanswered(DeliveryFailed):
    """No answer came: what was sent may have arrived, or may still be on its way."""

    code = "slack_unanswered"


class SlackBlocksRefused(DeliveryFailed):
    """This Slack does not take one of the blocks; older ones know no tables."""

    code = "slack_blocks_refused"


def error_code(error: BaseException) -> str:
    """Return Slack's own code of an answer with `ok: false`; empty for any other failure.

    For an answer that is not JSON, as from a proxy, slack_sdk puts a sentence in the code's place.
    """
    if not isinstance(error, SlackApiError):
        return ""
    code = _member(error.response, "error")
    return code if isinstance(code, str) and re.fullmatch(r"[a-z0-9_]+", code) else ""


def delivery_failure(method: str, error: BaseException) -> DeliveryFailed:
    """Say what a failed call of this Web API method means for what waits to be sent."""
    code = error_code(error)
    status = _status(error)
    said = code or (f"HTTP {status}" if status else type(error).__name__)
    message = f"Slack {method}: {said}"
    if code in DEAD_CONNECTION:
        return SlackConnectionDead(message, permanent=True, workspace_wide=True)
    if code in DEAD_CHANNEL:
        return SlackChannelUnusable(message, permanent=True)
    if code in RATE_LIMITED or status == 429:
        return DeliveryFailed(
            message, permanent=False, retry_after=_retry_after(error), workspace_wide=True
        )
    if code in UNKNOWN_BLOCKS:
        return SlackBlocksRefused(message + _details(error), permanent=True)
    refused = bool(code) or 400 <= status < 500
    permanent = refused and code not in PASSING and status < 500 and status != 408
    if not refused and not status and not _was_never_sent(error):
        return SlackUnanswered(message, permanent=False)
    return DeliveryFailed(message + _details(error), permanent=permanent)


def _was_never_sent(error: BaseException) -> bool:
    """Whether there was not even a connection; urllib wraps the reason."""
    reason = getattr(error, "reason", error)
    return isinstance(reason, (ConnectionRefusedError, socket.gaierror))


def _retry_after(error: BaseException) -> timedelta:
    headers = _member(getattr(error, "response", None), "headers")
    named: Mapping[str, Any] = headers if headers is not None else {}
    seconds = next((named[name] for name in named if name.lower() == "retry-after"), None)
    if isinstance(seconds, list | tuple):
        seconds = seconds[0] if seconds else None
    try:
        return timedelta(seconds=max(1.0, float(seconds or 30)))
    except ValueError:
        return timedelta(seconds=30)


def _details(error: BaseException) -> str:
    """Slack's lines on what is wrong with a payload; they name places and limits, not contents."""
    metadata = _member(getattr(error, "response", None), "response_metadata")
    lines = metadata.get("messages") if isinstance(metadata, dict) else None
    return f" ({'; '.join(str(line) for line in lines[:3])})" if lines else ""


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or _member(response, "status")
    return status if isinstance(status, int) else 0


def _member(response: object, name: str) -> Any:
    """Read one member: a SlackResponse for JSON answers, a plain dict for any other answer."""
    if name == "headers" and hasattr(response, "headers"):
        return response.headers
    get = getattr(response, "get", None)
    try:
        return get(name) if get else None
    except ValueError:  # A SlackResponse of raw bytes has no members.
        return None
