"""Which Slack team a request names, in JSON, a form, or a form's JSON payload; unverified yet."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from integration.foundation.errors import InvalidInput


def body_of(raw: bytes, *, is_json: bool) -> dict[str, Any]:
    """Read what Slack sent, without trusting it.

    Raises:
        InvalidInput: this is nothing that Slack sends.
    """
    try:
        body: Any
        if is_json:
            body = json.loads(raw)
        else:
            form = parse_qs(raw.decode())
            body = json.loads(form["payload"][0]) if "payload" in form else form
    except (ValueError, KeyError, UnicodeDecodeError) as wrong:
        raise InvalidInput("This is not a request from Slack") from wrong
    if not isinstance(body, dict):
        raise InvalidInput("This is not a request from Slack")
    return body


def team_of(body: dict[str, Any]) -> str:
    """Return the team's id; empty when the request names none."""
    team = body.get("team_id") or body.get("team") or ""
    if isinstance(team, dict):
        team = team.get("id") or ""
    return str(team[0] if isinstance(team, list) else team)
