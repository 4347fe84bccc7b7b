"""Two judges of what is sent to Slack: slack_sdk's models and the slackblocks package."""

from __future__ import annotations

from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slackblocks.errors import InvalidUsageError

from tests.adapters.slack.payload_rules import assert_valid_message, assert_valid_view

OBJECTIONS = (
    AssertionError, KeyError, TypeError, ValueError, SlackObjectFormationError, InvalidUsageError,
)  # fmt: skip


def objections(payload: dict[str, Any]) -> list[str]:
    """What the judges say against a message (blocks, text) or a view; nothing when it is fine."""
    try:
        if payload.get("type") in ("modal", "home"):
            assert_valid_view(payload)
        else:
            assert_valid_message(payload["blocks"], payload["text"])
    except OBJECTIONS as objection:
        return [f"{type(objection).__name__}: {objection}"[:400]]
    return []
